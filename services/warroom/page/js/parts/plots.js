// @ts-check
// The plots of the post-mortem: what it looked like from a minute before it began, with marks where somebody did something.

import { chart } from "../chart.js";
import { crosshair } from "../crosshair.js";
import { h } from "../dom.js";

/** @typedef {{title: string, unit: string, bound: number | null, lines: {name: string, points: [number, number | null][]}[], marks: {at: number, text: string}[]}} Plot times are seconds since the page */

/** @type {Record<string, string>} the words of the post-mortem, as Grafana has them */
const UNITS = { "%": "percent", s: "s", "requests/s": "reqps" };

/**
 * @param {Plot[]} plots
 * @param {number} paged Unix time
 * @param {import("./pieces.js").Ends} ends
 */
export function plots(plots, paged, ends) {
  const cursor = crosshair();
  const times = plots.flatMap((one) => one.lines.flatMap((line) => line.points.map(([at]) => at)));
  const range = /** @type {[number, number]} */ (times.length ? [Math.min(...times), Math.max(...times)] : [0, 60]);
  return h(
    "div",
    { class: "plots" },
    plots.map((one) => drawn(one, range, paged, cursor, ends)),
  );
}

/**
 * @param {Plot} plot
 * @param {[number, number]} range of all of them
 * @param {number} paged
 * @param {import("../chart.js").Crosshair} cursor
 * @param {import("./pieces.js").Ends} ends
 */
function drawn(plot, [start, end], paged, cursor, ends) {
  const place = h("div", null);
  const figure = h("figure", null, h("figcaption", null, plot.title), place);
  const unit = UNITS[plot.unit] ?? `suffix:${plot.unit}`;
  const limits = plot.bound === null ? [] : [{ value: plot.bound, tone: "critical" }];
  const made = chart(place, {
    title: plot.title,
    unit,
    min: 0,
    limits,
    height: 180,
    empty: "Nothing was measured.",
    crosshair: cursor,
  });
  const step = Math.min(
    ...plot.lines.map((line) => (line.points.length > 1 ? line.points[1][0] - line.points[0][0] : Infinity)),
    60,
  );
  made.update({
    start: paged + start,
    end: paged + end,
    step,
    lines: plot.lines.map((line) => ({
      name: line.name,
      points: line.points.map(([at, value]) => [paged + at, value ?? NaN]),
    })),
    marks: plot.marks.map((one) => ({ at: paged + one.at, label: one.text })),
  });
  ends.push(() => made.destroy());
  return figure;
}
