// @ts-check
// One panel of a dashboard, from the same JSON that Grafana is given: its frame, its queries, and what draws the answers.

import { chart } from "./chart.js";
import { tone } from "./colours.js";
import { fill, h, silent } from "./dom.js";
import { asEvidence } from "./evidence.js";
import * as figures from "./figures.js";
import { logsOf, services, tracesOf } from "./onward.js";
import { aligned, at, over, tracesBehind } from "./prometheus.js";
import { filled, last, legend, timeVariables } from "./promql.js";
import { address } from "./range.js";

/** @typedef {Record<string, any>} PanelJson */
/**
 * @typedef {object} Context what the panels of a dashboard share
 * @property {() => {start: number, end: number}} bounds
 * @property {() => import("./range.js").Range} range
 * @property {() => import("./promql.js").Labels} variables
 * @property {() => import("./chart.js").Mark[]} marks
 * @property {import("./chart.js").Crosshair} [crosshair]
 * @property {(start: number, end: number) => void} [onZoom]
 */

const DRAWN = /** @type {Record<string, typeof figures.stat>} */ ({
  stat: figures.stat,
  gauge: figures.gauge,
  bargauge: figures.bargauge,
  table: figures.table,
});

let made = 0;

/** Whether this page can draw it. @param {PanelJson} json */
export function known(json) {
  return json.type === "timeseries" || json.type in DRAWN;
}

/**
 * @param {HTMLElement} el
 * @param {PanelJson} json
 * @param {Context} context
 * @returns {{refresh: () => Promise<void>, destroy: () => void}} refresh() asks each query once, or nothing while the
 *   panel is out of sight: then as soon as it comes into sight
 */
export function panel(el, json, context) {
  const body = h("div", { class: "body" });
  const trouble = h("p", { class: "refusal", role: "alert" });
  const { x, y, w, h: rows } = json.gridPos;
  const frame = h(
    "section",
    {
      class: `panel of-${json.type}`,
      "aria-label": json.title,
      dataset: { panel: json.id },
      style: { "--x": String(x + 1), "--y": String(y + 1), "--w": String(w), "--h": String(rows) },
    },
    h("header", null, h("h3", null, json.title), hint(json), menu(json, context, () => draw.found)),
    body,
    trouble,
  );
  el.append(frame);
  const draw = json.type === "timeseries" ? lines(body, json, context) : figure(body, json, context);
  let seen = false;
  let due = true;
  let running = new AbortController();

  async function refresh() {
    due = true;
    if (!seen) return;
    due = false;
    running.abort();
    running = new AbortController();
    try {
      frame.dataset.drawn = (await draw.update(running.signal)) ? "data" : "nothing";
      fill(trouble);
    } catch (error) {
      if (silent(error)) return;
      fill(trouble, error instanceof Error ? error.message : String(error));
      draw.refused();
      frame.dataset.drawn = "refused";
    }
  }

  const watcher = new IntersectionObserver(
    (entries) => {
      seen = entries[entries.length - 1].isIntersecting;
      if (seen && due) refresh();
    },
    { rootMargin: "120px" },
  );
  watcher.observe(frame);

  return {
    refresh,
    destroy() {
      watcher.disconnect();
      running.abort();
      draw.destroy();
      frame.remove();
    },
  };
}

/**
 * What of Grafana's time series makes a chart here.
 * @param {PanelJson} json
 */
export function chartOptions(json) {
  const { unit, min, max, thresholds, custom = {} } = json.fieldConfig.defaults;
  const limits = (thresholds?.steps ?? []).filter((/** @type {any} */ step) => step.value !== null);
  const { displayMode, showLegend } = json.options.legend;
  return {
    title: json.title,
    unit,
    min,
    max,
    limits: custom.thresholdsStyle ? limits.map((/** @type {any} */ one) => ({ value: one.value, tone: tone(one.color) })) : [],
    stack: custom.stacking?.mode === "normal",
    opacity: (custom.fillOpacity ?? 0) / 100,
    legend: showLegend ? displayMode : "none",
    empty: json.fieldConfig.defaults.noValue ?? "No data in this time range.",
  };
}

/**
 * The expressions of a panel as they are sent, with the dashboard's variables and the time's.
 * @param {PanelJson} json
 * @param {Context} context
 */
function expressions(json, context) {
  return json.targets.map((/** @type {any} */ target) => filled(target.expr, context.variables()));
}

/**
 * @param {HTMLElement} body
 * @param {PanelJson} json
 * @param {Context} context
 */
function lines(body, json, context) {
  const { crosshair, onZoom } = context;
  const drawn = chart(body, { ...chartOptions(json), crosshair, onZoom });
  const behind = new Map();
  return {
    /** What was answered last. @type {import("./promql.js").Series[]} */
    found: [],
    /** @param {AbortSignal} signal @returns {Promise<boolean>} whether there is something to see */
    async update(signal) {
      const bounds = context.bounds();
      const { start, end, step } = aligned(bounds);
      const asked = expressions(json, context);
      const found = await Promise.all(asked.map((/** @type {string} */ query) => over(query, bounds, signal)));
      this.found = found.flat();
      const all = found.flatMap((series, index) =>
        series.map((/** @type {any} */ one) => ({ ...one, name: legend(json.targets[index].legendFormat, one.labels) })),
      );
      const data = { start, end, step, lines: all, marks: context.marks() };
      drawn.update({ ...data, dots: [...behind.values()].flatMap((one) => one.dots) });
      const traced = asked.filter((/** @type {string} */ _, /** @type {number} */ index) => json.targets[index].exemplar);
      for (const query of behind.keys()) if (!traced.includes(query)) behind.delete(query);
      for (const query of traced) {
        const one = behind.get(query) ?? { ask: tracesBehind(query), dots: [] };
        behind.set(query, one);
        one.dots = (await one.ask(bounds, signal)).map(dot);
      }
      if (traced.length) drawn.update({ ...data, dots: [...behind.values()].flatMap((one) => one.dots) });
      return all.some(something);
    },
    refused: drawn.refused,
    destroy: drawn.destroy,
  };
}

/** @param {{at: number, value: number, trace: string, labels: Record<string, string>}} exemplar */
export function dot({ at, value, trace, labels }) {
  const label = [labels.service, labels.route ?? labels.peer ?? labels.operation].filter(Boolean).join(" ");
  return { at, value, href: `/traces/${trace}`, label };
}

/**
 * @param {HTMLElement} body
 * @param {PanelJson} json
 * @param {Context} context
 */
function figure(body, json, context) {
  return {
    /** What was answered last. @type {import("./promql.js").Series[]} */
    found: [],
    /** @param {AbortSignal} signal @returns {Promise<boolean>} whether there is something to see */
    async update(signal) {
      const bounds = context.bounds();
      const asked = expressions(json, context);
      const found = await Promise.all(asked.map((/** @type {string} */ query) => at(query, bounds, signal)));
      this.found = found.flat();
      DRAWN[json.type](body, json, found.map((one, index) => ({ target: json.targets[index], found: one })));
      return found.flat().some(something);
    },
    refused() {},
    destroy() {},
  };
}

/** @param {import("./promql.js").Series} one */
function something(one) {
  return !Number.isNaN(last(one));
}

/** What the panel shows, for who asks by mouse, by keys or by ear. @param {PanelJson} json */
function hint(json) {
  if (!json.description) return null;
  const id = `about-${(made += 1)}`;
  const asked = h("button", { type: "button", class: "quiet", "aria-label": `About ${json.title}`, "aria-describedby": id }, "i");
  asked.addEventListener("keydown", (/** @type {KeyboardEvent} */ event) => {
    if (event.key === "Escape") asked.blur();
  });
  return h("span", { class: "hint" }, asked, h("span", { id, role: "tooltip" }, json.description));
}

/**
 * What a panel asks, and where one goes on from it.
 * @param {PanelJson} json
 * @param {Context} context
 * @param {() => import("./promql.js").Series[]} found what was answered last
 */
function menu(json, context, found) {
  const inside = h("div", { class: "inside" });
  const details = h(
    "details",
    { class: "menu" },
    h("summary", { "aria-label": `Queries of ${json.title}`, title: "Queries" }, "⋯"),
    inside,
  );
  details.addEventListener("toggle", () => {
    if (!details.open) return;
    const { from, to } = context.range();
    const { start, end } = context.bounds();
    const time = timeVariables(start, end);
    const names = services(expressions(json, context), found());
    fill(
      inside,
      expressions(json, context).map((/** @type {string} */ query) => [
        h("pre", { tabindex: 0, "aria-label": "PromQL" }, h("code", null, filled(query, time))),
        h(
          "p",
          { class: "row" },
          h("a", { href: address("/metrics", { q: query, from, to }) }, "Open in Metrics"),
          asEvidence(`metric:${filled(query, time)}`, json.title),
        ),
      ]),
      h(
        "p",
        { class: "row" },
        tracesOf(names, { from, to }),
        logsOf(names, { from, to }),
      ),
    );
  });
  details.addEventListener("keydown", (/** @type {KeyboardEvent} */ event) => {
    if (event.key !== "Escape" || !details.open) return;
    details.open = false;
    details.querySelector("summary")?.focus();
  });
  return details;
}
