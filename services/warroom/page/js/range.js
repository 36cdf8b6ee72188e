// @ts-check
// Ranges of time as Grafana writes them: `now-15m` to `now`, or Unix times in milliseconds.

/** @typedef {{from: string, to: string}} Range */

const UNITS = /** @type {Record<string, number>} */ ({ s: 1, m: 60, h: 3600, d: 86400 });
const FALLBACK = { from: "now-15m", to: "now" };
const LONGEST_S = 31 * 86400;

/** What can be picked, and how it is called. */
export const PRESETS = [
  ["now-5m", "Last 5 minutes"],
  ["now-15m", "Last 15 minutes"],
  ["now-30m", "Last 30 minutes"],
  ["now-1h", "Last hour"],
  ["now-3h", "Last 3 hours"],
];

/**
 * Unix time in seconds of one end of a range; NaN where it is none.
 * @param {string} text
 * @param {number} now Unix time in seconds
 */
export function moment(text, now) {
  const relative = text.match(/^now(?:-(\d{1,6})([smhd]))?$/);
  if (relative) return relative[1] ? now - Number(relative[1]) * UNITS[relative[2]] : now;
  if (/^\d{1,15}$/.test(text)) return Number(text) / 1000;
  return /^\d{4}-\d\d-\d\d/.test(text) ? Date.parse(text) / 1000 : NaN;
}

/**
 * The range that an address asks for, or the last quarter of an hour where it asks for none that can be.
 * @param {URLSearchParams} query
 * @returns {Range}
 */
export function read(query) {
  const asked = { from: query.get("from") ?? FALLBACK.from, to: query.get("to") ?? FALLBACK.to };
  const { start, end } = bounds(asked);
  return end > start && end - start <= LONGEST_S ? asked : { ...FALLBACK };
}

/**
 * @param {Range} range
 * @param {number} [now]
 */
export function bounds(range, now = Date.now() / 1000) {
  return { start: moment(range.from, now), end: moment(range.to, now) };
}

/** Whether it goes on. @param {Range} range */
export function moves(range) {
  return range.to.startsWith("now");
}

/**
 * @param {number} start Unix time in seconds
 * @param {number} end
 * @returns {Range} of a second at least
 */
export function between(start, end) {
  const middle = (start + end) / 2;
  const half = Math.min(Math.max(end - start, 1), LONGEST_S) / 2;
  return { from: String(Math.round((middle - half) * 1000)), to: String(Math.round((middle + half) * 1000)) };
}

/**
 * Some minutes around a moment, for links.
 * @param {number} at Unix time in seconds
 * @param {number} [minutes] to either side
 */
export function around(at, minutes = 5) {
  return between(at - minutes * 60, at + minutes * 60);
}

/**
 * A path with its query; what is empty is left out.
 * @param {string} path
 * @param {Record<string, string | string[] | undefined>} params
 */
export function address(path, params) {
  const pairs = new URLSearchParams();
  for (const [name, value] of Object.entries(params)) {
    for (const one of Array.isArray(value) ? value : [value]) if (one) pairs.append(name, one);
  }
  const query = pairs.toString();
  return query ? `${path}?${query}` : path;
}
