// @ts-check
// What became better or worse from drill to drill. A line through two or three points says nothing, so none is drawn.

import { h, svg } from "../dom.js";
import { duration, format, money } from "../format.js";

export const FEWEST = 4;
const MEASURES = [
  { name: "acknowledge_s", title: "Time to acknowledge", say: duration },
  { name: "mitigate_s", title: "Time to mitigate", say: duration },
  { name: "cause_s", title: "Time to the accepted cause", say: duration },
  { name: "verified_s", title: "Time to the verified fix", say: duration },
  { name: "out_of_slo_s", title: "Out of SLO", say: duration },
  { name: "orders_lost", title: "Orders lost", say: (/** @type {number} */ value) => format(value, "short") },
  { name: "money_wrong_cents", title: "Money wrong", say: money },
];
const SIZE = { width: 320, height: 120, edge: 10 };

/** @typedef {Record<string, any>} Row a drill as GET /api/drill/history tells it */

/**
 * @param {Row[]} drills the oldest first
 * @returns {HTMLElement}
 */
export function trends(drills) {
  const groups = [...comparable(drills)].filter(([, those]) => those.length);
  const enough = groups.filter(([, those]) => those.length >= FEWEST);
  return h(
    "section",
    { class: "card", "aria-labelledby": "trends" },
    h("h2", { id: "trends" }, "Trends"),
    h(
      "p",
      { class: "soft" },
      `Drills compare if they are the same team’s, of the same profile and pace, and were closed rather than aborted. No trend is drawn from fewer than ${FEWEST} of them.`,
    ),
    groups.filter(([, those]) => those.length < FEWEST).map(([name, those]) => h("p", null, `${name}: ${those.length} so far, so there is no trend yet.`)),
    groups.length ? null : h("p", null, "No drill has been closed so far, so there is no trend yet."),
    enough.map(([name, those]) => [h("h3", null, `${name}: ${those.length} drills`), h("div", { class: "cards" }, MEASURES.map((one) => measure(one, those)))]),
  );
}

/**
 * @param {Row[]} drills
 * @returns {Map<string, Row[]>}
 */
export function comparable(drills) {
  /** @type {Map<string, Row[]>} */
  const groups = new Map();
  for (const one of drills) {
    if (one.phase !== "closed") continue;
    const name = `Team ${one.team}, ${one.profile} minutes${one.pace === 1 ? "" : `, pace ${one.pace}`}`;
    groups.set(name, [...(groups.get(name) ?? []), one]);
  }
  return groups;
}

/**
 * The median of the slopes between all pairs (Theil and Sen): one odd drill does not turn it.
 * @param {number[]} values one a drill, in order
 */
export function slope(values) {
  const slopes = [];
  for (let a = 0; a < values.length; a += 1) {
    for (let b = a + 1; b < values.length; b += 1) slopes.push((values[b] - values[a]) / (b - a));
  }
  return median(slopes);
}

/** @param {number[]} values */
function median(values) {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length / 2;
  return sorted.length % 2 ? sorted[Math.floor(middle)] : (sorted[middle - 1] + sorted[middle]) / 2;
}

/**
 * @param {typeof MEASURES[number]} one
 * @param {Row[]} drills
 */
function measure(one, drills) {
  const there = drills.filter((drill) => drill[one.name] !== null && drill[one.name] !== undefined);
  const values = there.map((drill) => Number(drill[one.name]));
  if (values.length < FEWEST) {
    return h("section", { class: "trend" }, h("h4", null, one.title), h("p", { class: "soft" }, `Known of ${values.length} drills: no trend yet.`));
  }
  const by = slope(values);
  const small = Math.abs(by) < 0.02 * Math.max(1, median(values));
  const words = small ? "● about the same" : by < 0 ? `▼ better by ${one.say(-by)} a drill` : `▲ worse by ${one.say(by)} a drill`;
  return h(
    "section",
    { class: "trend" },
    h("h4", null, one.title),
    h("p", { class: small ? "soft" : by < 0 ? "good" : "warning" }, words),
    line(one, there, values, by),
    h("p", { class: "small soft" }, `from ${one.say(values[0])} to ${one.say(values[values.length - 1])}`),
  );
}

/**
 * @param {typeof MEASURES[number]} one
 * @param {Row[]} drills
 * @param {number[]} values
 * @param {number} by
 */
function line(one, drills, values, by) {
  const { width, height, edge } = SIZE;
  const most = Math.max(...values, 1);
  const x = (/** @type {number} */ at) => edge + (at / (values.length - 1)) * (width - 2 * edge);
  const y = (/** @type {number} */ value) => height - edge - (Math.max(0, value) / most) * (height - 2 * edge);
  const from = median(values) - (by * (values.length - 1)) / 2;
  return svg(
    "svg",
    { viewBox: `0 0 ${width} ${height}`, role: "img", "aria-label": `${one.title}: ${drills.map((drill, at) => `${drill.id} ${one.say(values[at])}`).join(", ")}` },
    svg("path", { class: "through", d: `M${x(0)} ${y(from)}L${x(values.length - 1)} ${y(from + by * (values.length - 1))}` }),
    svg("polyline", { class: "values", points: values.map((value, at) => `${x(at)},${y(value)}`).join(" ") }),
    values.map((value, at) => svg("circle", { class: "value", cx: x(at), cy: y(value), r: 4 }, svg("title", null, `${drills[at].id}: ${one.say(value)}`))),
  );
}
