// @ts-check
// Which line has which colour. A service has the same everywhere; a ninth line repeats a colour with a broken line.

const SERVICES = ["billing", "orders", "checkout", "processor", "inventory", "partner", "promotions", "customers"];
const COUNT = 8;
const DASHES = ["", "6 3", "2 3", "8 3 2 3"];

/** Grafana's names of colours, as this page's tones. @type {Record<string, string>} */
const TONES = { green: "good", yellow: "warning", orange: "warning", red: "critical", blue: "accent", purple: "accent" };

/** @typedef {{color: string, dash: string}} Stroke */

/**
 * A stroke for each name, no two alike among the first 32.
 * @param {string[]} names
 * @returns {Stroke[]}
 */
export function strokes(names) {
  const used = new Set();
  const first = names.map((name) => {
    const at = SERVICES.indexOf(name.split(" ")[0]);
    const key = at < 0 || used.has(at) ? -1 : at;
    if (key >= 0) used.add(key);
    return key;
  });
  let next = 0;
  return first.map((key) => {
    if (key < 0) {
      while (used.has(next)) next += 1;
      key = next;
      used.add(key);
    }
    return { color: `var(--series-${(key % COUNT) + 1})`, dash: DASHES[Math.floor(key / COUNT) % DASHES.length] };
  });
}

/**
 * The colour of a service, known or not.
 * @param {string} name
 */
export function serviceColor(name) {
  const known = SERVICES.indexOf(name);
  if (known >= 0) return `var(--series-${known + 1})`;
  let sum = 0;
  for (const letter of name) sum = (sum * 31 + letter.charCodeAt(0)) >>> 0;
  return `var(--series-${(sum % COUNT) + 1})`;
}

/**
 * good, warning, critical or accent.
 * @param {string} color as Grafana calls it
 */
export function tone(color) {
  return TONES[color] ?? TONES[color.replace(/^(semi-dark|dark|light|super-light)-/, "")] ?? "accent";
}

/**
 * The step of Grafana's thresholds that a value has reached.
 * @param {{value: number | null, color: string}[]} steps
 * @param {number} value
 * @returns {{value: number | null, color: string} | undefined}
 */
export function reached(steps, value) {
  return steps.findLast((one) => one.value === null || value >= one.value);
}
