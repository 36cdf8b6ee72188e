// @ts-check
// What is drawn of single values: a stat, a gauge, bars, and a table, each from Grafana's panel and the answers to it.

import { reached, tone } from "./colours.js";
import { fill, h, svg } from "./dom.js";
import { format } from "./format.js";
import { last, legend } from "./promql.js";

/** @typedef {import("./promql.js").Series} Series */
/** @typedef {Record<string, any>} PanelJson */
/** @typedef {{target: Record<string, any>, found: Series[]}} Answer */

const NOTHING = "No data";
const ARC = 226; // degrees of a dial

/**
 * A large figure for each series; its ground is the tone of the limit that it has reached.
 * @param {HTMLElement} el
 * @param {PanelJson} panel
 * @param {Answer[]} answers
 */
export function stat(el, panel, answers) {
  const values = named(answers);
  const painted = panel.options.colorMode !== "none";
  fill(
    el,
    h(
      "div",
      { class: "stats" },
      values.length
        ? values.map(({ name, value }) => {
            const at = painted ? level(panel, value) : null;
            return h(
              "p",
              { class: `stat ${at ? at.tone : ""}` },
              h("b", null, shown(panel, value)),
              values.length > 1 ? h("span", { class: "name" }, name) : null,
              at?.said ? h("span", { class: "limit" }, at.said) : null,
            );
          })
        : h("p", { class: "stat" }, h("b", null, nothing(panel))),
    ),
  );
}

/**
 * A share on a dial, with the limits along its rim.
 * @param {HTMLElement} el
 * @param {PanelJson} panel
 * @param {Answer[]} answers
 */
export function gauge(el, panel, answers) {
  const { min = 0, max = 100, thresholds } = panel.fieldConfig.defaults;
  const [first] = named(answers);
  const value = first?.value ?? NaN;
  const share = (/** @type {number} */ of) => Math.min(1, Math.max(0, (of - min) / (max - min)));
  const steps = thresholds.steps.map((/** @type {any} */ one, /** @type {number} */ index) => {
    const to = thresholds.steps[index + 1]?.value ?? max;
    return svg("path", { class: `rim ${tone(one.color)}`, d: arc(47, share(one.value ?? min), share(to)) });
  });
  const at = level(panel, value);
  fill(
    el,
    h(
      "figure",
      { class: "gauge" },
      svg(
        "svg",
        { viewBox: "0 0 100 76", "aria-hidden": "true" },
        steps,
        svg("path", { class: "track", d: arc(39, 0, 1) }),
        Number.isNaN(value) ? null : svg("path", { class: `hand ${at?.tone ?? ""}`, d: arc(39, 0, share(value)) }),
      ),
      h(
        "figcaption",
        null,
        h("b", null, Number.isNaN(value) ? nothing(panel) : shown(panel, value)),
        at?.said ? h("span", { class: "limit" }, at.said) : null,
      ),
    ),
  );
}

/**
 * A bar for each series, the longest first.
 * @param {HTMLElement} el
 * @param {PanelJson} panel
 * @param {Answer[]} answers
 */
export function bargauge(el, panel, answers) {
  const values = named(answers).sort((a, b) => b.value - a.value);
  const { min = 0, max } = panel.fieldConfig.defaults;
  const most = max ?? Math.max(...values.map(({ value }) => value));
  if (!values.length) return stat(el, panel, answers);
  // Who scrolls it by keys stays in it.
  const list = el.querySelector("ul.bars") ?? h("ul", { class: "bars", tabindex: 0, "aria-label": panel.title });
  const rows = values.map(({ name, value }) => {
    const share = Math.max(0, Math.min(1, (value - min) / (most - min || 1)));
    const bar = h("span", { class: `bar ${level(panel, value)?.tone ?? ""}`, style: { width: `${share * 100}%` } });
    return h("li", null, h("span", { class: "name" }, name), h("span", { class: "track" }, bar), h("b", null, shown(panel, value)));
  });
  fill(list, rows);
  if (list.parentElement !== el) fill(el, list);
}

/**
 * A line for each series: its labels, then its value, as the panel's transformation names and leaves out columns.
 * @param {HTMLElement} el
 * @param {PanelJson} panel
 * @param {Answer[]} answers
 */
export function table(el, panel, answers) {
  const rows = answers.flatMap(({ found }) => found).filter((one) => one.points.length);
  const organize = panel.transformations?.find((/** @type {any} */ one) => one.id === "organize")?.options ?? {};
  const names = [...new Set(rows.flatMap((one) => Object.keys(one.labels)))];
  const columns = ["Time", ...names, "Value"].filter((name) => !organize.excludeByName?.[name]);
  const cell = (/** @type {Series} */ one, /** @type {string} */ name) => {
    if (name === "Value") return h("td", { class: "figure" }, shown(panel, last(one)));
    if (name === "Time") return h("td", null, new Date(one.points[0][0] * 1000).toLocaleTimeString("en-GB"));
    return h("td", null, one.labels[name] ?? "");
  };
  const head = columns.map((name) =>
    h("th", { scope: "col", class: name === "Value" ? "figure" : null }, organize.renameByName?.[name] ?? name),
  );
  if (!rows.length) return void fill(el, h("p", { class: "nothing" }, nothing(panel)));
  const body = rows.map((one) => h("tr", null, columns.map((name) => cell(one, name))));
  // Who scrolls it by keys, or reads in it, stays in it: only what it says is another.
  const there = el.querySelector("table");
  if (there) {
    fill(/** @type {Element} */ (there.tHead), h("tr", null, head));
    fill(there.tBodies[0], body);
    return;
  }
  fill(
    el,
    h(
      "div",
      { class: "wide", tabindex: 0, role: "region", "aria-label": panel.title },
      h("table", null, h("thead", null, h("tr", null, head)), h("tbody", null, body)),
    ),
  );
}

/**
 * The limit that a value has reached, in a tone and in words.
 * @param {PanelJson} panel
 * @param {number} value
 */
export function level(panel, value) {
  const { steps = [] } = panel.fieldConfig.defaults.thresholds ?? {};
  const at = reached(steps, value);
  if (!at || Number.isNaN(value) || steps.length < 2) return null;
  const is = tone(at.color);
  // Where more is better the first step is the bad one.
  const next = steps[steps.indexOf(at) + 1];
  const bound = at.value === null ? next.value : at.value;
  const said = is === "good" ? "" : `${is === "critical" ? "▲" : "△"} ${at.value === null ? "below" : "from"} ${shown(panel, bound)}`;
  return { tone: is, said };
}

/** @param {Answer[]} answers */
function named(answers) {
  const all = answers.flatMap(({ target, found }) =>
    found.map((one) => ({ name: legend(target.legendFormat, one.labels), value: last(one) })),
  );
  return all.filter(({ value }) => !Number.isNaN(value));
}

/** @param {PanelJson} panel @param {number} value */
function shown(panel, value) {
  const { unit, decimals } = panel.fieldConfig.defaults;
  return format(value, unit, decimals);
}

/** @param {PanelJson} panel */
function nothing(panel) {
  return panel.fieldConfig.defaults.noValue ?? NOTHING;
}

/**
 * A piece of a dial's rim, from one share of it to another.
 * @param {number} radius
 * @param {number} from
 * @param {number} to
 */
function arc(radius, from, to) {
  const spot = (/** @type {number} */ share) => {
    const angle = ((-90 - ARC / 2 + share * ARC) * Math.PI) / 180;
    return `${(50 + radius * Math.cos(angle)).toFixed(2)} ${(50 + radius * Math.sin(angle)).toFixed(2)}`;
  };
  return `M${spot(from)}A${radius} ${radius} 0 ${(to - from) * ARC > 180 ? 1 : 0} 1 ${spot(to)}`;
}
