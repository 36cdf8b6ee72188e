// @ts-check
// Questions to Prometheus, through the war room.

import { get } from "./api.js";
import { exemplars, filled, series, step, timeVariables } from "./promql.js";

/** @typedef {import("./promql.js").Series} Series */
/** @typedef {{start: number, end: number}} Bounds Unix times in seconds */

/**
 * The bounds moved to full steps, so that a graph does not wobble from one answer to the next.
 * @param {Bounds} bounds
 */
export function aligned({ start, end }) {
  const seconds = step(start, end);
  return { start: Math.floor(start / seconds) * seconds, end: Math.floor(end / seconds) * seconds, step: seconds };
}

/**
 * @param {string} expression with the time's variables
 * @param {Bounds} bounds
 * @param {AbortSignal} [signal]
 * @returns {Promise<Series[]>}
 */
export async function over(expression, bounds, signal) {
  const asked = { query: filled(expression, timeVariables(bounds.start, bounds.end)), ...aligned(bounds) };
  return series(await get("/api/prometheus/query_range", asked, { signal }));
}

/**
 * As it was at the end.
 * @param {string} expression with the time's variables
 * @param {Bounds} bounds
 * @param {AbortSignal} [signal]
 * @returns {Promise<Series[]>}
 */
export async function at(expression, bounds, signal) {
  const asked = { query: filled(expression, timeVariables(bounds.start, bounds.end)), time: bounds.end };
  return series(await get("/api/prometheus/query", asked, { signal }));
}

/**
 * The traces behind a query. They are asked for once: of a range that goes on, the next answer needs what is new.
 * @param {string} expression with the time's variables
 */
export function tracesBehind(expression) {
  /** @type {ReturnType<typeof exemplars>} */
  let known = [];
  let [from, until] = [Infinity, -Infinity];

  return async (/** @type {Bounds} */ bounds, /** @type {AbortSignal | undefined} */ signal) => {
    const goesOn = bounds.start >= from && bounds.end >= until && bounds.start <= until;
    const query = filled(expression, timeVariables(bounds.start, bounds.end));
    const asked = { query, start: goesOn ? until : bounds.start, end: bounds.end };
    const found = exemplars(await get("/api/prometheus/query_exemplars", asked, { signal }));
    const kept = goesOn ? known.filter((one) => one.at >= bounds.start && one.at < until) : [];
    known = [...kept, ...found];
    [from, until] = [bounds.start, bounds.end];
    return known;
  };
}
