// @ts-check
// The log lines of all services: by service, level, text and trace, and as they come.

import { get } from "../api.js";
import { serviceColor } from "../colours.js";
import { arrange, empty, failed, fill, h, loading, silent } from "../dom.js";
import { iso, time } from "../format.js";
import { period } from "../period.js";
import { address, around, moves, read } from "../range.js";
import { replace } from "../router.js";
import { evidenceButton } from "../tray.js";

const SERVICES = ["billing", "processor", "checkout", "inventory", "promotions", "orders", "partner", "warroom", "load", "telemetry"];
const LEVELS = ["DEBUG", "INFO", "WARN", "ERROR", "FATAL"];
const LIMITS = ["200", "500", "1000"];
const FIELDS = ["service", "level", "text", "trace", "limit"];
const OWN = new Set(["ts", "level", "service", "event", "trace_id", "span_id"]);

/** @type {import("../router.js").Mount} */
export async function mount(el, _, query) {
  /** @type {Record<string, string>} */
  const asked = Object.fromEntries(FIELDS.map((name) => [name, query.get(name) ?? ""]));
  asked.limit ||= LIMITS[0];
  /** @type {any[]} the latest first */
  let lines = [];
  let cursor = "";
  /** @type {Map<string, HTMLElement>} */
  let items = new Map();
  const rows = h("ol", { class: "lines card" });
  let running = new AbortController();

  const option = (/** @type {string} */ value, /** @type {string} */ name = value) => h("option", { value }, name);
  const form = h(
    "form",
    { class: "card search", onsubmit: submitted },
    field("Service", h("select", { name: "service", value: asked.service }, option("", "All"), SERVICES.map((one) => option(one)))),
    field("Level", h("select", { name: "level", value: asked.level }, option("", "All"), LEVELS.map((one) => option(one, `${one} and worse`)))),
    field("Text", h("input", { name: "text", value: asked.text, type: "search", maxlength: 200, size: 24, placeholder: "in the event or a field" })),
    field("Trace", h("input", { name: "trace", value: asked.trace, type: "search", pattern: "[0-9a-fA-F]{1,32}", size: 34 })),
    field("At most", h("select", { name: "limit", value: asked.limit }, LIMITS.map((one) => option(one, `${one} lines`)))),
    h("button", { type: "submit" }, "Find"),
  );
  const bar = period(read(query), search, 0);
  const said = h("p", { class: "soft small", role: "status" });
  const list = h("div");
  el.append(h("h1", null, "Logs"), form, bar.el, said, list);

  /** @param {SubmitEvent} event */
  function submitted(event) {
    event.preventDefault();
    const given = new FormData(form);
    for (const name of FIELDS) asked[name] = String(given.get(name) ?? "").trim();
    cursor = "";
    state();
    bar.refresh();
  }

  function state() {
    replace(address("/logs", { ...asked, limit: asked.limit === LIMITS[0] ? "" : asked.limit, ...bar.range() }));
  }

  /** @param {boolean} changed */
  async function search(changed) {
    if (changed) {
      cursor = "";
      state();
    }
    running.abort();
    running = new AbortController();
    const { start, end } = bar.bounds();
    const goesOn = moves(bar.range());
    if (!lines.length && !cursor) fill(list, loading("Looking for log lines …"));
    const params = {
      service: asked.service,
      level: asked.level,
      text: asked.text,
      trace_id: asked.trace,
      limit: asked.limit,
      start: Math.floor(start * 1e6),
      end: goesOn ? "" : Math.ceil(end * 1e6),
      after: goesOn ? cursor : "", // what is there already is not asked for again
    };
    try {
      const answer = await get("/api/logs", params, { signal: running.signal });
      const news = answer.data.reverse();
      lines = params.after ? [...news, ...lines].slice(0, Number(asked.limit)) : news;
      const first = !params.after;
      cursor = answer.cursor;
      if (first || news.length) show();
    } catch (error) {
      if (silent(error)) return; // a later search goes on with what is there
      cursor = "";
      lines = [];
      fill(said);
      fill(list, failed(error, bar.refresh));
    }
  }

  function show() {
    fill(said, `${lines.length} lines, the latest first${lines.length >= Number(asked.limit) ? "; there may be more" : ""}.`);
    if (!lines.length) {
      fill(list, empty("No line matches.", "A longer time, another level or less text find more."));
      return;
    }
    // Lines that are there stay: with the focus, and unfolded if they are.
    /** @type {Map<string, HTMLElement>} */
    const shown = new Map();
    for (const one of lines.toReversed()) {
      let key = `${one.ts} ${one.span_id} ${one.event}`;
      while (shown.has(key)) key += " again";
      shown.set(key, items.get(key) ?? line(one));
    }
    items = shown;
    arrange(rows, [...shown.values()].reverse());
    if (rows.parentElement !== list) fill(list, rows);
  }

  bar.start();
  return () => {
    bar.stop();
    running.abort();
  };
}

/** @param {any} one */
function line(one) {
  const rest = Object.entries(one).filter(([name, value]) => !OWN.has(name) && value !== null);
  const tone = { WARN: "warning", ERROR: "critical", FATAL: "critical" }[/** @type {string} */ (one.level)] ?? "soft";
  const at = Date.parse(one.ts) / 1000;
  return h(
    "li",
    null,
    h(
      "details",
      null,
      h(
        "summary",
        null,
        h("time", { datetime: one.ts, title: iso(at * 1000) }, time(at * 1000, { ms: true })),
        h("span", { class: `level ${tone}` }, one.level),
        h("span", { class: "service", style: { "--own": serviceColor(one.service) } }, one.service),
        h("span", { class: "event" }, one.event),
        h("span", { class: "soft rest" }, rest.map(([name, value]) => `${name}=${text(value)}`).join("  ")),
      ),
      h(
        "p",
        { class: "row" },
        one.trace_id ? evidenceButton(`log:${one.service}:${one.trace_id}`, `${one.service}: ${one.event}`) : null,
        one.trace_id ? h("a", { href: address("/logs", { trace: one.trace_id, ...around(at, 15) }) }, "All lines of this trace") : null,
      ),
      h("table", { class: "tags" }, h("tbody", null, Object.entries(one).map(([name, value]) => h("tr", null, h("th", { scope: "row" }, name), h("td", null, h("code", null, text(value))))))),
    ),
    h(
      "span",
      { class: "to" },
      h("a", { href: metrics(one.service, at), "aria-label": `Metrics of ${one.service} at this time` }, "Metrics"),
      one.trace_id ? h("a", { href: `/traces/${one.trace_id}`, "aria-label": `Trace ${one.trace_id}` }, "Trace") : null,
    ),
  );
}

/** What the service was asked for around then. @param {string} service @param {number} at */
function metrics(service, at) {
  const q = `sum by (route, status) (rate(http_server_request_duration_seconds_count{service="${service}"}[$__rate_interval]))`;
  return address("/metrics", { q, ...around(at) });
}

/** @param {unknown} value */
function text(value) {
  return typeof value === "string" ? value : JSON.stringify(value);
}

/** @param {string} name @param {HTMLElement} control */
function field(name, control) {
  return h("label", { class: "field" }, name, control);
}
