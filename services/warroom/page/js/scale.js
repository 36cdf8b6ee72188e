// @ts-check
// The arithmetic of a chart: where ticks go, how far axes reach, and what a line's path is. Nothing here draws.

/** @typedef {[number, number]} Point Unix time in seconds, and a value, which may be NaN */

const TIME_STEPS = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10800, 21600, 43200, 86400];

/**
 * Round figures from `low` to `high`, about `count` of them.
 * @param {number} low
 * @param {number} high
 * @param {number} count
 * @param {string} [unit] bytes come in powers of 1024
 * @returns {number[]}
 */
export function ticks(low, high, count, unit = "none") {
  const step = tickStep(low, high, count, unit);
  const found = [];
  for (let at = Math.ceil(low / step - 1e-9); at * step <= high + step * 1e-9; at += 1) found.push(tidy(at * step));
  return found;
}

/**
 * Full minutes, hours and so on between two Unix times, as the viewer's clock shows them.
 * @param {number} start
 * @param {number} end
 * @param {number} count at most
 * @param {number} [offset] seconds that the viewer's clock is ahead of UTC
 * @returns {number[]}
 */
export function timeTicks(start, end, count, offset = -new Date(start * 1000).getTimezoneOffset() * 60) {
  const step = TIME_STEPS.find((one) => (end - start) / one <= count) ?? Math.ceil((end - start) / count / 86400) * 86400;
  const found = [];
  for (let at = Math.ceil((start + offset) / step) * step - offset; at <= end; at += step) found.push(at);
  return found;
}

/**
 * How far the axis of values reaches: from `min` or the least, to `max` or a round figure above the greatest.
 * @param {number[]} values without NaN
 * @param {{min?: number, max?: number, unit?: string}} [options]
 * @returns {[number, number]}
 */
export function extent(values, { min, max, unit = "none" } = {}) {
  let [low, high] = [Infinity, -Infinity];
  for (const value of values) {
    if (value < low) low = value;
    if (value > high) high = value;
  }
  if (low > high) [low, high] = [0, 1];
  low = Math.min(low, min ?? low);
  high = Math.max(high, max ?? high);
  if (high <= low) high = low + (Math.abs(low) || 1);
  const step = tickStep(low, high, 4, unit);
  if (min === undefined || low < min) low = Math.floor(low / step) * step;
  if (max === undefined || high > max) high = Math.ceil(high / step - 1e-9) * step;
  return [tidy(low), tidy(high)];
}

/**
 * The `d` of a path through the points, broken where a value is missing or none came for longer than `gap` seconds.
 * @param {Point[]} points
 * @param {(at: number) => number} x
 * @param {(value: number) => number} y
 * @param {number} [gap]
 */
export function path(points, x, y, gap = Infinity) {
  let d = "";
  let last = -Infinity;
  for (const [at, value] of points) {
    if (!Number.isFinite(value)) continue;
    const begins = at - last > gap || last === -Infinity;
    // A point alone is a line of no length, which round ends make a dot.
    d += `${begins ? "M" : "L"}${round(x(at))} ${round(y(value))}${begins ? "h0" : ""}`;
    last = at;
  }
  return d;
}

/**
 * The `d` of what lies between the points and the values below them, part by part as path() breaks them.
 * @param {Point[]} points
 * @param {(at: number) => number} x
 * @param {(value: number) => number} y
 * @param {(at: number, index: number) => number} floor the value below
 * @param {number} [gap]
 */
export function area(points, x, y, floor, gap = Infinity) {
  let d = "";
  /** @type {[number, number, number][]} */
  let part = [];
  const close = () => {
    if (part.length > 1) {
      const up = part.map(([at, value]) => `${round(x(at))} ${round(y(value))}`);
      const back = part.reverse().map(([at, , low]) => `${round(x(at))} ${round(y(low))}`);
      d += `M${up.join("L")}L${back.join("L")}Z`;
    }
    part = [];
  };
  points.forEach(([at, value], index) => {
    if (!Number.isFinite(value)) return;
    if (part.length && at - part[part.length - 1][0] > gap) close();
    part.push([at, value, floor(at, index)]);
  });
  close();
  return d;
}

/**
 * The lines on top of each other: of each, its points with those below added, and those below.
 * @param {Point[][]} lines
 * @returns {{points: Point[], below: Map<number, number>}[]}
 */
export function stacked(lines) {
  const sums = new Map();
  return lines.map((line) => {
    const below = new Map();
    const points = line.map(([at, value]) => {
      const low = sums.get(at) ?? 0;
      below.set(at, low);
      if (Number.isFinite(value)) sums.set(at, low + value);
      return /** @type {Point} */ ([at, low + value]);
    });
    return { points, below };
  });
}

/**
 * The value of a line at a time: that of the point next to it, within `reach` seconds.
 * @param {Point[]} points by time
 * @param {number} at
 * @param {number} reach
 * @returns {number} NaN where there is none
 */
export function valueAt(points, at, reach) {
  let [low, high] = [0, points.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (points[middle][0] < at) low = middle + 1;
    else high = middle;
  }
  const near = [points[low - 1], points[low]].filter(Boolean);
  near.sort((a, b) => Math.abs(a[0] - at) - Math.abs(b[0] - at));
  return near.length && Math.abs(near[0][0] - at) <= reach ? near[0][1] : NaN;
}

/**
 * @param {number} low
 * @param {number} high
 * @param {number} count
 * @param {string} unit
 */
function tickStep(low, high, count, unit) {
  const raw = (high - low) / Math.max(count, 1) || 1;
  const base = unit === "bytes" && raw > 1 ? 1024 ** Math.floor(Math.log(raw) / Math.log(1024)) : 1;
  const size = 10 ** Math.floor(Math.log10(raw / base));
  const step = [1, 2, 5, 10].find((one) => one * size * base >= raw * 0.999) ?? 10;
  return step * size * base;
}

/** Without the dust of binary fractions. @param {number} value */
function tidy(value) {
  return Number(value.toPrecision(12));
}

/** @param {number} pixels */
function round(pixels) {
  return Math.round(pixels * 10) / 10;
}
