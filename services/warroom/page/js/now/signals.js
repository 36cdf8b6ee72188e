// @ts-check
// The golden signals of each service: a chart for each signal, and what they are at this moment as a table.

import { chart, crosshair } from "../chart.js";
import { serviceColor } from "../colours.js";
import { fill, h, loading } from "../dom.js";
import { format } from "../format.js";
import { subscribe } from "../live.js";

// The bounds are the team spec's.
const SIGNALS = [
  { name: "rps", title: "Traffic", unit: "reqps", what: "requests a second" },
  { name: "errors", title: "Errors", unit: "percentunit", what: "share of requests that fail", bound: 0.01, max: 1 },
  { name: "p99_s", title: "Latency, P99", unit: "s", what: "as callers see it", bound: 0.5 },
  { name: "in_flight", title: "Saturation", unit: "short", what: "requests in flight" },
];

const STEP_S = 2;

/** @typedef {{at: number[], services: Record<string, Record<string, (number | null)[]>>}} History */

/** Ten minutes of all of it, kept while the page is open. @type {History} */
let past = { at: [], services: {} };

subscribe("history", (found) => {
  if (!found.error) past = found;
});
subscribe("signals", (found) => {
  if (!found.error) add(past, found);
});

/**
 * @param {History} kept
 * @param {{at: number, services: Record<string, Record<string, number>>}} found
 */
function add(kept, found) {
  if (found.at <= (kept.at.at(-1) ?? 0)) return;
  kept.at.push(found.at);
  for (const name of Object.keys(found.services)) {
    kept.services[name] ??= Object.fromEntries(
      [...SIGNALS.map((signal) => signal.name), "pool"].map((signal) => [signal, kept.at.slice(1).map(() => null)]),
    );
  }
  for (const [name, signals] of Object.entries(kept.services)) {
    for (const [signal, values] of Object.entries(signals)) values.push(found.services[name]?.[signal] ?? null);
  }
  while (kept.at.length > 300) {
    kept.at.shift();
    for (const signals of Object.values(kept.services)) for (const values of Object.values(signals)) values.shift();
  }
}

/**
 * @param {import("./ends.js").Ends} ends
 * @returns {HTMLElement}
 */
export function signals(ends) {
  const cursor = crosshair();
  const trouble = h("p", { class: "refusal", role: "status" });
  const now = h("div", { class: "wide" }, loading("Asking Prometheus …"));
  const grid = h("div", { class: "golden" });
  const charts = SIGNALS.map((signal) => {
    const place = h("div", { class: "place" });
    grid.append(
      h(
        "section",
        { class: "card" },
        h("h3", null, signal.title, " ", h("span", { class: "soft small" }, signal.what)),
        place,
      ),
    );
    const limits = signal.bound === undefined ? [] : [{ value: signal.bound, tone: "warning" }];
    const made = chart(place, { title: signal.title, unit: signal.unit, min: 0, limits, legend: "list", crosshair: cursor });
    ends.push(made.destroy);
    return { signal, made };
  });
  const draw = () => {
    const { at, services } = past;
    if (!at.length || document.hidden) return;
    const names = Object.keys(services).sort();
    for (const { signal, made } of charts) {
      const lines = names.map((name) => ({ name, points: points(at, services[name][signal.name]) }));
      const shown = lines.filter((line) => line.points.some(([, value]) => !Number.isNaN(value)));
      made.update({ start: at[0], end: /** @type {number} */ (at.at(-1)), step: STEP_S, lines: shown });
    }
  };
  ends.push(subscribe("history", draw));
  ends.push(
    subscribe("signals", (found) => {
      fill(trouble, found.error ?? null);
      if (found.error) return;
      draw();
      fill(now, table(found.services));
    }),
  );
  document.addEventListener("visibilitychange", draw);
  ends.push(() => document.removeEventListener("visibilitychange", draw));
  return h(
    "section",
    { "aria-labelledby": "golden", class: "part" },
    h("div", { class: "row" }, h("h2", { id: "golden" }, "Golden signals"), h("span", { class: "soft small" }, "the last ten minutes")),
    trouble,
    grid,
    h("section", { class: "card" }, h("h3", null, "At this moment"), now),
  );
}

/**
 * @param {number[]} at
 * @param {(number | null)[]} values
 * @returns {[number, number][]}
 */
function points(at, values) {
  return at.map((moment, index) => [moment, values[index] ?? Number.NaN]);
}

/** @param {Record<string, Record<string, number>>} services */
function table(services) {
  const heads = ["Service", "Traffic", "Errors", "P99", "In flight", "Pool in use", "So"];
  return h(
    "table",
    null,
    h("caption", { class: "unseen" }, "The golden signals of each service at this moment"),
    h("thead", null, h("tr", null, heads.map((name, at) => h("th", { scope: "col", class: at && at < 6 ? "figure" : "" }, name)))),
    h("tbody", null, Object.keys(services).sort().map((name) => row(name, services[name]))),
  );
}

/**
 * @param {string} name
 * @param {Record<string, number>} signal
 */
function row(name, signal) {
  const { word, tone } = judged(signal);
  const mark = h("span", { class: "swatch", style: { background: serviceColor(name) }, "aria-hidden": "true" });
  return h(
    "tr",
    null,
    h("th", { scope: "row" }, mark, h("a", { href: `/traces?service=${encodeURIComponent(name)}` }, name)),
    h("td", { class: "figure" }, format(signal.rps, "reqps")),
    h("td", { class: "figure" }, format(signal.errors, "percentunit")),
    h("td", { class: "figure" }, format(signal.p99_s, "s")),
    h("td", { class: "figure" }, format(signal.in_flight)),
    h("td", { class: "figure" }, format(signal.pool, "percentunit", 0)),
    h("td", null, h("span", { class: tone }, word)),
  );
}

/** In words, after the team spec's bounds. @param {Record<string, number>} signal */
function judged(signal) {
  if (!signal.rps) return { word: "no traffic", tone: "soft" };
  if (signal.errors > 0.01) return { word: "▲ fails", tone: "critical" };
  if (signal.p99_s > 0.5) return { word: "◆ slow", tone: "warning" };
  return { word: "● in bounds", tone: "good" };
}
