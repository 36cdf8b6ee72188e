// @ts-check
// One trace as a waterfall. Arrow keys walk it; what is chosen is told in full beside it.

import { get } from "../api.js";
import { serviceColor } from "../colours.js";
import { fill, h } from "../dom.js";
import { format, iso, time } from "../format.js";
import { address, around } from "../range.js";
import { ticks } from "../scale.js";
import { about, read } from "../tracing.js";
import { evidenceButton } from "../tray.js";

/** @typedef {import("../tracing.js").Trace} Trace */
/** @typedef {import("../tracing.js").Span} Span */

const FIRST = 600; // rows before all are asked for
const RATE = (/** @type {string} */ service) =>
  `histogram_quantile(0.99, sum by (service, route, le) (rate(http_server_request_duration_seconds_bucket{service="${service}"}[$__rate_interval])))`;

/** @type {import("../router.js").Mount} */
export async function mount(el, { id }) {
  const [answer, links] = await Promise.all([get(`/api/jaeger/traces/${encodeURIComponent(id)}`), get("/api/links")]);
  const trace = read(answer.data?.[0]);
  if (!trace) throw new Error("That trace has no spans yet; wait until its request has ended.");
  /** @type {Set<Span>} */
  const folded = new Set();
  let most = FIRST;
  /** @type {Map<Span, HTMLElement>} the rows */
  let shown = new Map();
  let chosen = trace.spans.find((one) => one.error) ?? trace.root;
  const tree = h("ul", { class: "waterfall", role: "tree", "aria-label": "Spans", onkeydown: pressed, onclick: clicked });
  const more = h("div");
  const beside = h("section", { class: "card span", "aria-label": "The chosen span", tabindex: -1 });
  const scale = ticks(0, trace.duration / 1e6, 4).filter((one) => one <= (trace.duration / 1e6) * 0.95);
  const axis = h(
    "div",
    { class: "axis", "aria-hidden": "true" },
    scale.map((one) => h("span", { style: { left: `${(one / (trace.duration / 1e6 || 1)) * 100}%` } }, format(one, "s"))),
  );
  el.append(
    heading(trace, links.jaeger),
    h("div", { class: "trace" }, h("div", { class: "card spans" }, axis, tree, more), beside),
  );

  /** Spans that are in sight, none of whose forebears is folded. */
  function open() {
    /** @type {Span[]} */
    const rows = [];
    let below = Infinity;
    for (const one of /** @type {Trace} */ (trace).spans) {
      if (one.depth > below) continue;
      below = folded.has(one) ? one.depth : Infinity;
      rows.push(one);
    }
    return rows;
  }

  function draw() {
    const rows = open();
    if (rows.indexOf(chosen) >= most) most = Infinity;
    shown = new Map(rows.slice(0, most).map((one) => [one, row(one, /** @type {Trace} */ (trace), folded.has(one))]));
    fill(tree, ...shown.values());
    mark(shown.get(chosen), true);
    const rest = rows.length - most;
    const all = () => {
      most = Infinity;
      draw();
    };
    fill(more, rest > 0 ? h("button", { type: "button", class: "plain", onclick: all }, `Show ${rest} more spans`) : null);
    fill(beside, ...details(chosen, /** @type {Trace} */ (trace)));
  }

  /** @param {Span} next */
  function choose(next) {
    const [old, place] = [shown.get(chosen), shown.get(next)];
    chosen = next;
    if (old && place) {
      mark(old, false);
      mark(place, true);
      fill(beside, ...details(chosen, /** @type {Trace} */ (trace)));
    } else {
      draw();
    }
    const now = shown.get(next);
    now?.focus();
    now?.scrollIntoView({ block: "nearest" });
  }

  /** @param {Span} one */
  function fold(one) {
    if (!one.children.length) return;
    if (folded.has(one)) folded.delete(one);
    else folded.add(one);
    chosen = one;
    draw();
    choose(one);
  }

  /** @param {KeyboardEvent} event */
  function pressed(event) {
    const rows = open();
    const at = rows.indexOf(chosen);
    const up = rows.slice(0, at).findLast((one) => one.depth < chosen.depth);
    const isFolded = folded.has(chosen);
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key === "ArrowDown") choose(rows[Math.min(at + 1, rows.length - 1)]);
    else if (event.key === "ArrowUp") choose(rows[Math.max(at - 1, 0)]);
    else if (event.key === "Home") choose(rows[0]);
    else if (event.key === "End") choose(rows[rows.length - 1]);
    else if (event.key === "ArrowRight") isFolded ? fold(chosen) : chosen.children.length && choose(chosen.children[0]);
    else if (event.key === "ArrowLeft") !isFolded && chosen.children.length ? fold(chosen) : up && choose(up);
    else if (event.key.toLowerCase() === "e") choose(nextError(rows, at));
    else if (event.key === "Enter") beside.focus();
    else return;
    event.preventDefault();
  }

  /** @param {Span[]} rows @param {number} at */
  function nextError(rows, at) {
    return rows.slice(at + 1).find((one) => one.error) ?? rows.find((one) => one.error) ?? rows[at];
  }

  /** @param {MouseEvent} event */
  function clicked(event) {
    const target = /** @type {Element} */ (event.target);
    const one = open()[[...tree.children].indexOf(/** @type {any} */ (target.closest("li")))];
    if (!one) return;
    if (target.closest(".twisty")) fold(one);
    else choose(one);
  }

  draw();
}

/** @param {Trace} trace @param {string} jaeger where it has a page of its own; empty without */
function heading(trace, jaeger) {
  const { root } = trace;
  const at = trace.start / 1000;
  const range = around(trace.start / 1e6);
  const facts = [
    ["Began", h("time", { datetime: iso(at), title: iso(at) }, time(at, { ms: true }))],
    ["Duration", format(trace.duration, "µs")],
    ["Spans", trace.spans.length],
    ["Failed", trace.errors ? h("span", { class: "tag critical" }, `▲ ${trace.errors}`) : "none"],
  ];
  return h(
    "header",
    { class: "view" },
    h("h1", null, `${root.service} ${root.name}`),
    h("dl", { class: "facts" }, facts.map(([name, value]) => h("div", null, h("dt", null, name), h("dd", null, value))), [
      h("div", null, h("dt", null, "Services"), h("dd", null, trace.services.map(({ name, spans }) => service(name, `${name} ${spans}`)))),
      h("div", null, h("dt", null, "Trace"), h("dd", null, h("code", null, trace.id))),
    ]),
    h(
      "div",
      { class: "row" },
      evidenceButton(`trace:${trace.id}`, `${root.service} ${root.name}, ${format(trace.duration, "µs")}`),
      h("a", { href: address("/logs", { trace: trace.id, ...around(trace.start / 1e6, 15) }) }, "Its log lines"),
      h("a", { href: address("/metrics", { q: RATE(measured(trace)), ...range }) }, "Metrics of this time"),
      h("a", { href: address("/traces", { service: root.service, operation: root.name, ...range }) }, "Others like it"),
      jaeger ? h("a", { href: `${jaeger.replace(/\/$/, "")}/trace/${trace.id}` }, "In Jaeger") : null,
      h("span", { class: "soft small" }, "Arrow keys walk the spans, e goes to the next that failed."),
    ),
  );
}

/** The first service in it that has figures of its own: customers have none. @param {Trace} trace */
function measured(trace) {
  return trace.spans.find((one) => one.kind === "server")?.service ?? trace.root.service;
}

/** @param {HTMLElement | undefined} row @param {boolean} is */
function mark(row, is) {
  if (row) row.tabIndex = is ? 0 : -1;
  row?.setAttribute("aria-selected", String(is));
}

/** @param {Span} one @param {Trace} trace @param {boolean} folded */
function row(one, trace, folded) {
  const share = (/** @type {number} */ part) => `${(part / (trace.duration || 1)) * 100}%`;
  const said = `${one.service} ${one.name}, ${format(one.duration, "µs")}${one.error ? ", failed" : ""}`;
  const late = one.start + one.duration / 2 > trace.duration * 0.6;
  const label = h("span", { class: `took ${late ? "before" : ""}` }, format(one.duration, "µs"));
  return h(
    "li",
    {
      role: "treeitem",
      tabindex: -1,
      "aria-level": one.depth + 1,
      "aria-selected": "false",
      "aria-expanded": one.children.length ? String(!folded) : null,
      "aria-label": said,
      class: one.error ? "failed" : null,
      style: { "--own": serviceColor(one.service), "--depth": String(Math.min(one.depth, 16)) },
    },
    h(
      "span",
      { class: "what" },
      h("span", { class: "twisty" }, one.children.length ? (folded ? "▸" : "▾") : ""),
      one.error ? h("span", { class: "critical", title: "failed" }, "▲") : null,
      h("b", null, one.service),
      " ",
      one.name,
      h("span", { class: "soft" }, ` ${about(one)}`),
      folded ? h("span", { class: "soft" }, ` +${below(one)}`) : null,
    ),
    h(
      "span",
      { class: "when" },
      h("span", { class: "bar", style: { left: share(one.start), width: share(one.duration) } }, label),
      one.events.map((event) => h("span", { class: "event", style: { left: share(event.at) } })),
    ),
  );
}

/** How many spans are under one. @param {Span} one @returns {number} */
function below(one) {
  return one.children.reduce((sum, child) => sum + 1 + below(child), 0);
}

/** @param {Span} one @param {Trace} trace */
function details(one, trace) {
  const at = (trace.start + one.start) / 1e6;
  return [
    h("h2", null, service(one.service, one.service), ` ${one.name}`),
    h(
      "p",
      null,
      one.error ? h("span", { class: "tag critical" }, "▲ failed") : null,
      ` ${format(one.duration, "µs")}, of it ${format(one.self, "µs")} by itself; begins after ${format(one.start, "µs")}; ${one.kind}.`,
    ),
    h(
      "p",
      { class: "row" },
      h("a", { href: address("/logs", { trace: trace.id, service: one.service, ...around(at, 15) }) }, `Log lines of ${one.service}`),
      evidenceButton(`log:${one.service}:${trace.id}`, `What ${one.service} wrote in trace ${trace.id.slice(0, 8)}`),
    ),
    table("Attributes", one.tags),
    one.events.length
      ? h(
          "section",
          null,
          h("h3", null, `Events (${one.events.length})`),
          one.events.map((event) => table(`${format(event.at, "µs")} after the beginning`, event.fields)),
        )
      : null,
    one.warnings.length ? h("section", null, h("h3", null, "Warnings"), one.warnings.map((text) => h("p", null, text))) : null,
    h("details", null, h("summary", null, "Process"), table("", one.process)),
  ];
}

/** @param {string} caption @param {import("../tracing.js").Tag[]} tags */
function table(caption, tags) {
  const value = (/** @type {any} */ of) => {
    const text = typeof of === "string" ? of : JSON.stringify(of);
    return text.length > 80 || text.includes("\n") ? h("pre", { tabindex: 0 }, text) : h("code", null, text);
  };
  return h(
    "table",
    { class: "tags" },
    caption ? h("caption", null, caption) : null,
    h("tbody", null, tags.map((tag) => h("tr", null, h("th", { scope: "row" }, tag.key), h("td", null, value(tag.value))))),
  );
}

/** @param {string} name @param {string} text */
function service(name, text) {
  return h("span", { class: "service", style: { "--own": serviceColor(name) } }, text);
}
