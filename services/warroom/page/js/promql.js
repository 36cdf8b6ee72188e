// @ts-check
// What Grafana does to a query before it is sent, and to an answer before it is shown: variables, steps, legends.

/** @typedef {Record<string, string>} Labels */
/** @typedef {{labels: Labels, points: [number, number][]}} Series `points` are Unix seconds and values, oldest first */

const SCRAPE_S = 2; // Prometheus scrapes as often
const STEPS = [2, 5, 10, 15, 20, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 21600, 43200, 86400];
const POINTS = 240; // of a line: more is no more to see on half a screen, and costs everybody's Prometheus

/**
 * Seconds between the points of a graph from `start` to `end`, Unix times.
 * @param {number} start
 * @param {number} end
 */
export function step(start, end) {
  return STEPS.find((one) => (end - start) / one <= POINTS) ?? Math.ceil((end - start) / POINTS);
}

/**
 * What `$__rate_interval` is: four scrapes, or a step and a scrape where that is longer.
 * @param {number} seconds of a step
 */
export function rateInterval(seconds) {
  return `${Math.max(seconds + SCRAPE_S, 4 * SCRAPE_S)}s`;
}

/**
 * The variables of a graph from `start` to `end`.
 * @param {number} start
 * @param {number} end
 * @returns {Labels}
 */
export function timeVariables(start, end) {
  const seconds = step(start, end);
  return {
    __rate_interval: rateInterval(seconds),
    __interval: `${seconds}s`,
    __range: `${Math.max(1, Math.round(end - start))}s`,
  };
}

/**
 * The expression with its variables filled in, in any of Grafana's notations; unknown ones stay as they are.
 * @param {string} expression
 * @param {Labels} variables
 */
export function filled(expression, variables) {
  const known = (/** @type {string} */ whole, /** @type {string} */ name) =>
    Object.hasOwn(variables, name) ? variables[name] : whole;
  return expression
    .replace(/\$\{(\w+)(?::\w+)?\}/g, known)
    .replace(/\[\[(\w+)\]\]/g, known)
    .replace(/\$(\w+)/g, known);
}

/**
 * What stands for a variable of a dashboard.
 * @param {{query: string, allValue?: string, includeAll?: boolean}} variable
 * @param {string[]} picked none for all
 */
export function picked(variable, picked) {
  const offered = options(variable);
  const chosen = picked.filter((one) => offered.includes(one));
  if (!chosen.length) return variable.allValue || offered.map(literal).join("|");
  return chosen.map(literal).join("|");
}

/** @param {{query: string}} variable @returns {string[]} what can be picked */
export function options(variable) {
  return variable.query.split(",").map((one) => one.trim());
}

/**
 * How a series is called: the format with its labels put in, or as Prometheus writes it.
 * @param {string | undefined} format
 * @param {Labels} labels
 */
export function legend(format, labels) {
  if (format && format !== "__auto") {
    const said = format.replace(/\{\{\s*(\w+)\s*\}\}/g, (_, name) => labels[name] ?? "").trim();
    if (said) return said;
  }
  const { __name__: name = "", ...rest } = labels;
  const said = Object.entries(rest).map(([label, value]) => `${label}="${value}"`);
  return said.length ? `${name}{${said.join(", ")}}` : name || "value";
}

/**
 * Prometheus's answer to query or query_range. A scalar is a series without labels.
 * @param {any} answer
 * @returns {Series[]}
 */
export function series(answer) {
  const { resultType, result } = answer.data;
  if (resultType === "scalar") return [{ labels: {}, points: [point(result)] }];
  if (resultType === "string") return [];
  return result.map((/** @type {any} */ row) => ({
    labels: row.metric,
    points: (row.values ?? [row.value]).map(point),
  }));
}

/**
 * Its last value that is a number; NaN where there is none.
 * @param {Series} one
 */
export function last(one) {
  return one.points.findLast(([, value]) => Number.isFinite(value))?.[1] ?? NaN;
}

/**
 * When something began, from the answer to an annotation's query: once for each run of points without a gap, or at each
 * time that is a value, in milliseconds, where `useValueForTime` says so.
 * @param {{titleFormat?: string, name: string, iconColor?: string, useValueForTime?: boolean}} annotation
 * @param {Series[]} found
 * @param {number} step seconds between the points
 * @returns {{at: number, label: string, color: string}[]}
 */
export function marks(annotation, found, step) {
  return found.flatMap((one) => {
    const label = legend(annotation.titleFormat || annotation.name, one.labels);
    const color = annotation.iconColor ?? "blue";
    const times = annotation.useValueForTime
      ? [...new Set(one.points.map(([, value]) => value / 1000))]
      : one.points.map(([at]) => at).filter((at, index, all) => !index || at - all[index - 1] > step * 1.5);
    return times.filter(Number.isFinite).map((at) => ({ at, label, color }));
  });
}

/**
 * The traces that a query's exemplars name.
 * @param {any} answer of query_exemplars
 * @returns {{at: number, value: number, trace: string, labels: Labels}[]}
 */
export function exemplars(answer) {
  const all = answer.data.flatMap((/** @type {any} */ row) =>
    row.exemplars.map((/** @type {any} */ one) => ({
      at: Number(one.timestamp),
      value: Number(one.value),
      trace: one.labels.trace_id ?? "",
      labels: row.seriesLabels,
    })),
  );
  return all.filter((/** @type {{trace: string}} */ one) => /^[0-9a-f]{32}$/.test(one.trace));
}

/** As part of a regular expression, inside of a quoted string. @param {string} text */
function literal(text) {
  return text.replace(/[\\^$.*+?()[\]{}|]/g, "\\$&").replace(/["\\]/g, "\\$&");
}

/** @param {[number, string]} pair @returns {[number, number]} */
function point([at, value]) {
  if (value === "+Inf") return [at, Infinity];
  return [at, value === "-Inf" ? -Infinity : Number(value)];
}
