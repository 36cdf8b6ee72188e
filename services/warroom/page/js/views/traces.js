// @ts-check
// The search for traces: by service, operation, duration, tags and failure; what is found by time and duration.

import { get } from "../api.js";
import { chart } from "../chart.js";
import { serviceColor } from "../colours.js";
import { empty, failed, fill, h, loading, silent } from "../dom.js";
import { duration, format, iso, time } from "../format.js";
import { period } from "../period.js";
import { address, read as readRange } from "../range.js";
import { go, replace } from "../router.js";
import { read, tags } from "../tracing.js";
import { evidenceButton } from "../tray.js";

const LIMITS = ["20", "50", "100", "200"];
const FIELDS = ["service", "operation", "min", "limit", "tags", "error", "sort"];

/** @type {import("../router.js").Mount} */
export async function mount(el, _, query) {
  const services = ((await get("/api/jaeger/services")).data ?? []).sort();
  /** @type {Record<string, string>} */
  const asked = Object.fromEntries(FIELDS.map((name) => [name, query.get(name) ?? ""]));
  asked.limit ||= LIMITS[0];
  /** @type {import("../tracing.js").Trace[]} */
  let found = [];
  let running = new AbortController();

  const option = (/** @type {string} */ value, /** @type {string} */ name = value) => h("option", { value }, name);
  const service = h("select", { name: "service", value: asked.service }, option("", "Choose …"), ...services.map((/** @type {string} */ one) => option(one)));
  const operation = h("select", { name: "operation" }, option("", "Any"));
  const form = h(
    "form",
    { class: "card search", onsubmit: submitted },
    field("Service", service),
    field("Operation", operation),
    field("At least", h("input", { name: "min", value: asked.min, placeholder: "500ms, 1.5s", size: 9, pattern: "([0-9.]+(us|µs|ms|s|m))+" })),
    field("Tags", h("input", { name: "tags", value: asked.tags, placeholder: "http.response.status_code=503", size: 26 })),
    field("At most", h("select", { name: "limit", value: asked.limit }, LIMITS.map((one) => option(one, `${one} traces`)))),
    h("label", { class: "choice" }, h("input", { type: "checkbox", name: "error", value: "1", checked: asked.error === "1" }), "Failed only"),
    h("button", { type: "submit" }, "Find"),
  );
  const known = h("input", { name: "id", placeholder: "trace id", size: 34, pattern: "[0-9a-fA-F]{1,32}", "aria-label": "Trace id", required: true });
  const direct = h("form", { class: "row", onsubmit: opened }, known, h("button", { type: "submit", class: "plain" }, "Open"));
  const bar = period(readRange(query), search, 0);
  const said = h("p", { class: "soft small", role: "status" });
  const sort = h("select", { "aria-label": "Order", value: asked.sort, onchange: sorted }, option("", "Latest first"), option("longest", "Longest first"));
  const head = h("div", { class: "row", hidden: true }, said, h("span", { class: "end" }, sort));
  const scatter = h("div", { class: "card scatter", hidden: true });
  const list = h("div");
  el.append(h("div", { class: "row" }, h("h1", null, "Traces"), h("span", { class: "end" }, direct)), form, bar.el, head, scatter, list);
  const drawn = chart(scatter, { title: "Durations of the traces found", unit: "s", min: 0, legend: "none", height: 170, onZoom: bar.zoom });
  service.addEventListener("change", () => operations(""));

  /** @param {string} chosen */
  async function operations(chosen) {
    const of = service.value;
    let names = [];
    try {
      if (of) names = (await get("/api/jaeger/operations", { service: of })).data ?? [];
    } catch {
      // any operation can be looked for all the same; the search itself says what is wrong with the store
    }
    if (of !== service.value) return; // another service has been chosen meanwhile
    const all = [...new Set(names.map((/** @type {any} */ one) => one.name))].sort();
    fill(operation, option("", "Any"), ...all.map((one) => option(String(one))));
    operation.value = all.includes(chosen) ? chosen : "";
  }

  /** @param {SubmitEvent} event */
  function submitted(event) {
    event.preventDefault();
    const given = new FormData(form);
    for (const name of FIELDS) if (name !== "sort") asked[name] = String(given.get(name) ?? "").trim();
    state();
    bar.refresh();
  }

  /** @param {SubmitEvent} event */
  function opened(event) {
    event.preventDefault();
    go(`/traces/${known.value.trim().toLowerCase()}`);
  }

  function state() {
    const { limit, ...rest } = asked;
    replace(address("/traces", { ...rest, limit: limit === LIMITS[0] ? "" : limit, ...bar.range() }));
  }

  /** @param {boolean} changed */
  async function search(changed) {
    if (changed) state();
    if (!asked.service) {
      const { from, to } = bar.range();
      head.hidden = scatter.hidden = true;
      fill(
        list,
        empty("Choose a service to see its traces.", [
          "Every request of the company and of its customers is recorded, whole.",
          h("span", { class: "row" }, services.map((/** @type {string} */ one) => h("a", { href: address("/traces", { service: one, from, to }) }, one))),
        ]),
      );
      return;
    }
    running.abort();
    running = new AbortController();
    if (!found.length) fill(list, loading("Looking for traces …"));
    const { start, end } = bar.bounds();
    const wanted = { ...tags(asked.tags), ...(asked.error ? { error: "true" } : {}) };
    const params = {
      service: asked.service,
      operation: asked.operation,
      minDuration: asked.min,
      limit: asked.limit,
      tags: Object.keys(wanted).length ? JSON.stringify(wanted) : "",
      start: Math.floor(start * 1e6),
      end: Math.ceil(end * 1e6),
    };
    try {
      const answer = await get("/api/jaeger/traces", params, { signal: running.signal });
      found = (answer.data ?? []).map(read).filter(Boolean);
      show();
    } catch (error) {
      if (silent(error)) return; // a later search goes on with what is there
      found = [];
      head.hidden = scatter.hidden = true;
      fill(list, failed(error, bar.refresh));
    }
  }

  function sorted() {
    asked.sort = sort.value;
    state();
    rows();
  }

  function show() {
    head.hidden = scatter.hidden = !found.length;
    fill(said, `${found.length} traces${found.length >= Number(asked.limit) ? ", the latest; there may be more" : ""}.`);
    if (!found.length) {
      fill(list, empty("No trace matches.", "A longer time, a shorter duration or fewer tags find more. A trace is seen when its spans have ended."));
      return;
    }
    const times = found.map((one) => one.start / 1e6);
    const [first, latest] = [Math.min(...times), Math.max(...times)];
    const margin = Math.max(1, (latest - first) / 30);
    const dots = found.map((one) => ({
      at: one.start / 1e6,
      value: one.duration / 1e6,
      href: `/traces/${one.id}`,
      label: `${one.root.service} ${one.root.name}`,
      tone: one.errors ? "critical" : "",
    }));
    drawn.update({ start: first - margin, end: latest + margin, lines: [], dots });
    rows();
  }

  function rows() {
    const most = Math.max(...found.map((one) => one.duration));
    const by = asked.sort === "longest" ? (/** @type {any} */ a, /** @type {any} */ b) => b.duration - a.duration : (/** @type {any} */ a, /** @type {any} */ b) => b.start - a.start;
    const head = ["Began", "First span", "Duration", "Spans", "Services", ""].map((name) => h("th", { scope: "col" }, name));
    fill(
      list,
      h(
        "div",
        { class: "wide card", tabindex: 0, role: "region", "aria-label": "Traces found" },
        h("table", { class: "traces" }, h("thead", null, h("tr", null, head)), h("tbody", null, [...found].sort(by).map((one) => row(one, most)))),
      ),
    );
  }

  await operations(asked.operation);
  bar.start();
  return () => {
    bar.stop();
    running.abort();
    drawn.destroy();
  };
}

/** @param {import("../tracing.js").Trace} one @param {number} most µs of the longest */
function row(one, most) {
  const at = one.start / 1000;
  const label = `${one.root.service} ${one.root.name}`;
  return h(
    "tr",
    null,
    h("td", null, h("time", { datetime: iso(at), title: iso(at) }, time(at, { ms: true }))),
    h("td", null, h("a", { href: `/traces/${one.id}` }, label), one.errors ? h("span", { class: "tag critical" }, `▲ ${one.errors} failed`) : null),
    h("td", { class: "length" }, h("span", { class: "bar", style: { width: `${(one.duration / most) * 100}%` } }), h("span", null, format(one.duration, "µs"))),
    h("td", { class: "figure" }, one.spans.length),
    h("td", null, one.services.map(({ name, spans }) => h("span", { class: "service", style: { "--own": serviceColor(name) } }, `${name} ${spans}`))),
    h("td", null, evidenceButton(`trace:${one.id}`, `${label}, ${duration(one.duration / 1e6)}`)),
  );
}

/** @param {string} name @param {HTMLElement} control */
function field(name, control) {
  return h("label", { class: "field" }, name, control);
}
