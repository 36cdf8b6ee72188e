// @ts-check
// The golden signals of each service: a chart for each signal, and what they are at this moment as a table.

import { chart } from "../chart.js";
import { crosshair } from "../crosshair.js";
import { serviceColor } from "../colours.js";
import { arrange, fill, h, loading, say } from "../dom.js";
import { format } from "../format.js";
import { snapshot, subscribe } from "../live.js";

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
  if (found.error) return;
  past = found;
  const latest = snapshot("signals"); // it may be younger, and is not told again
  if (latest && !latest.error) add(past, latest);
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
  const figures = table();
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
      say(trouble, found.error ?? "");
      if (found.error) return charts.forEach(({ made }) => made.refused());
      draw();
      figures.update(found.services);
      if (figures.element.parentElement !== now) fill(now, figures.element);
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

/** One line for each service, which stays while its figures change: its link may be about to be pressed. */
function table() {
  const heads = ["Service", "Traffic", "Errors", "P99", "In flight", "Pool in use", "So"];
  const body = h("tbody");
  /** @type {Map<string, ReturnType<typeof row>>} */
  const rows = new Map();
  return {
    element: h(
      "table",
      null,
      h("caption", { class: "unseen" }, "The golden signals of each service at this moment"),
      h("thead", null, h("tr", null, heads.map((name, at) => h("th", { scope: "col", class: at && at < 6 ? "figure" : "" }, name)))),
      body,
    ),
    /** @param {Record<string, Record<string, number>>} services */
    update(services) {
      const names = Object.keys(services).sort();
      for (const name of names) {
        const one = rows.get(name) ?? row(name);
        rows.set(name, one);
        one.update(services[name]);
      }
      arrange(body, names.map((name) => rows.get(name)?.element));
    },
  };
}

/** @param {string} name */
function row(name) {
  const mark = h("span", { class: "swatch", style: { background: serviceColor(name) }, "aria-hidden": "true" });
  const figures = [0, 1, 2, 3, 4].map(() => h("td", { class: "figure" }));
  const so = h("span");
  return {
    element: h(
      "tr",
      null,
      h("th", { scope: "row" }, mark, h("a", { href: `/traces?service=${encodeURIComponent(name)}` }, name)),
      figures,
      h("td", null, so),
    ),
    /** @param {Record<string, number>} signal */
    update(signal) {
      const { word, tone } = judged(signal);
      const texts = [
        format(signal.rps, "reqps"),
        format(signal.errors, "percentunit"),
        format(signal.p99_s, "s"),
        format(signal.in_flight),
        format(signal.pool, "percentunit", 0),
      ];
      figures.forEach((cell, at) => say(cell, texts[at]));
      say(so, word);
      so.className = tone;
    },
  };
}

/** In words, after the team spec's bounds. @param {Record<string, number>} signal */
function judged(signal) {
  if (!signal.rps) return { word: "no traffic", tone: "soft" };
  if (signal.errors > 0.01) return { word: "▲ fails", tone: "critical" };
  if (signal.p99_s > 0.5) return { word: "◆ slow", tone: "warning" };
  return { word: "● in bounds", tone: "good" };
}
