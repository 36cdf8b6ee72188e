// @ts-check
// Any PromQL as a graph and as a table, with the names of metrics and labels offered while it is typed.

import { get } from "../api.js";
import { chart } from "../chart.js";
import { fill, h, silent } from "../dom.js";
import { asEvidence } from "../evidence.js";
import * as figures from "../figures.js";
import { format } from "../format.js";
import { logsOf, services, tracesOf } from "../onward.js";
import { dot } from "../panels.js";
import { period } from "../period.js";
import { aligned, at, over, tracesBehind } from "../prometheus.js";
import { filled, last, legend, timeVariables } from "../promql.js";
import { address, read } from "../range.js";
import { replace } from "../router.js";
import { suggesting } from "../suggest.js";

const MOST = 50; // lines: more are a carpet
const ROWS = 200;
const EXAMPLE = 'sum by (service) (rate(http_server_request_duration_seconds_count[$__rate_interval]))';

/** @type {import("../router.js").Mount} */
export async function mount(el, _, query) {
  let asked = query.get("q") ?? "";
  let behind = tracesBehind(asked);
  let running = new AbortController();
  let led = "";
  /** @type {Map<string, number>} which place each line had when it was first seen: its colour goes with it */
  let places = new Map();

  const field = h("textarea", {
    id: "promql",
    class: "mono",
    rows: 3,
    spellcheck: "false",
    autocomplete: "off",
    placeholder: EXAMPLE,
    value: asked,
  });
  const form = h(
    "form",
    { class: "form card", onsubmit: submitted },
    h("label", { for: "promql" }, "PromQL"),
    h("div", { class: "suggesting" }, field),
    h(
      "div",
      { class: "row" },
      h("button", { type: "submit" }, "Run"),
      h("span", { class: "soft small" }, "Ctrl+Enter runs it. $__rate_interval is four scrapes or more, as the range asks for."),
    ),
  );
  const trouble = h("p", { class: "refusal", role: "alert" });
  const said = h("p", { class: "soft small", role: "status" });
  const graph = h("div", { class: "card tall" });
  const table = h("div", { class: "card" });
  const evidence = h("span");
  const further = h("span", { class: "row" });
  const onward = h("div", { class: "row" }, evidence, further);
  const bar = period(read(query), refresh, 5);
  const results = h("div", { class: "view", hidden: true }, onward, graph, said, table);
  const start = h(
    "div",
    { class: "state empty" },
    h("p", { class: "said" }, "Nothing is asked yet."),
    h("p", null, "An expression such as ", h("code", null, EXAMPLE), " or the name of a metric; docs/company.md says what each means."),
  );
  el.append(h("h1", null, "Metrics"), form, bar.el, trouble, start, results);
  const result = () => chart(graph, { title: "Result", unit: unit(asked), legend: "table", onZoom: bar.zoom });
  let drawn = result();
  const ends = await suggesting(field);

  field.addEventListener("keydown", (/** @type {KeyboardEvent} */ event) => {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) form.requestSubmit();
  });

  /** @param {SubmitEvent} event */
  function submitted(event) {
    event.preventDefault();
    asked = field.value.trim();
    behind = tracesBehind(asked);
    drawn.destroy();
    drawn = result();
    places = new Map();
    show();
    bar.refresh();
  }

  function show() {
    const { from, to } = bar.range();
    replace(address("/metrics", { q: asked, from, to }));
    start.hidden = Boolean(asked);
    results.hidden = !asked;
    const { start: begins, end } = bar.bounds();
    const whole = filled(asked, timeVariables(begins, end));
    fill(evidence, asked ? asEvidence(`metric:${whole}`, whole) : null);
    lead([]);
  }

  /** To the traces and the lines of what was found. @param {import("../promql.js").Series[]} found */
  function lead(found) {
    const { from, to } = bar.range();
    const names = services([asked], found);
    const now = [from, to, ...names].join();
    if (now === led) return; // a link that is about to be pressed stays
    led = now;
    fill(further, tracesOf(names, { from, to }), logsOf(names, { from, to }));
  }

  /** @param {boolean} changed */
  async function refresh(changed) {
    if (changed) show();
    if (!asked) return;
    running.abort();
    running = new AbortController();
    const { signal } = running;
    const bounds = bar.bounds();
    try {
      const [found, now] = await Promise.all([over(asked, bounds, signal), at(asked, bounds, signal)]);
      const lines = found.map((one) => ({ name: legend("", one.labels), points: one.points }));
      lines.sort((a, b) => last({ ...b, labels: {} }) - last({ ...a, labels: {} }));
      lines.splice(MOST);
      // The greatest first, as they were when they were first drawn: who is greater now takes nobody's colour.
      for (const { name } of lines) if (!places.has(name)) places.set(name, places.size);
      lines.sort((a, b) => (places.get(a.name) ?? 0) - (places.get(b.name) ?? 0));
      lead(found);
      const data = { ...aligned(bounds), lines };
      drawn.update(data);
      tabulate(now);
      const some = found.length > MOST ? `; the graph shows the ${MOST} that are greatest now` : "";
      fill(said, `${format(found.length)} series, a point every ${data.step} s${some}.`);
      fill(trouble);
      // Only of histograms there are any, and of what is no selector the question cannot even be asked.
      const dots = /_bucket|_count|_sum/.test(asked) ? (await behind(bounds, signal)).map(dot) : [];
      drawn.update({ ...data, dots });
    } catch (error) {
      if (silent(error)) return;
      fill(trouble, error instanceof Error ? error.message : String(error));
      drawn.refused();
    }
  }

  /** @param {import("../promql.js").Series[]} now */
  function tabulate(now) {
    const found = now.filter((one) => !Number.isNaN(last(one))).sort((a, b) => last(b) - last(a)).slice(0, ROWS);
    const transformations = [{ id: "organize", options: { excludeByName: { Time: true }, renameByName: { __name__: "metric" } } }];
    figures.table(
      table,
      { title: "Values at the end of the range", options: {}, transformations, fieldConfig: { defaults: { unit: unit(asked) } } },
      [{ target: {}, found }],
    );
  }

  bar.start();
  return () => {
    bar.stop();
    ends();
    running.abort();
    drawn.destroy();
  };
}

/** As far as the names of metrics tell: seconds, bytes, or plain figures. @param {string} expression */
function unit(expression) {
  if (/^histogram_quantile.*_seconds_bucket|_seconds(?![_\w])/.test(expression)) return /[*/]/.test(expression) ? "short" : "s";
  return /_bytes(?![_\w])/.test(expression) ? "bytes" : "short";
}
