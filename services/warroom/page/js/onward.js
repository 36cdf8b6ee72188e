// @ts-check
// From figures to the traces behind them: of each service that they are about, since traces are searched for by service.

import { h } from "./dom.js";
import { address } from "./range.js";

/**
 * The services that an expression holds `service` to, and those that its answer is about.
 * @param {string[]} expressions
 * @param {import("./promql.js").Series[]} found
 * @returns {string[]}
 */
export function services(expressions, found) {
  const held = expressions.flatMap((one) =>
    [...one.matchAll(/\bservice=~?"([a-z|-]+)"/g)].flatMap(([, names]) => names.split("|")),
  );
  const told = found.map((one) => one.labels.service).filter(Boolean);
  return [...new Set([...held, ...told])].filter(Boolean).sort();
}

/**
 * @param {string[]} names
 * @param {import("./range.js").Range} range
 */
export function tracesOf(names, { from, to }) {
  const text = "Traces of this time";
  if (names.length < 2) return h("a", { href: address("/traces", { service: names[0], from, to }) }, text);
  return h(
    "span",
    { class: "each" },
    `${text}: `,
    names.map((name) => h("a", { href: address("/traces", { service: name, from, to }), "aria-label": `${text}: ${name}` }, name)),
  );
}

/**
 * @param {string[]} names
 * @param {import("./range.js").Range} range
 */
export function logsOf(names, { from, to }) {
  return h("a", { href: address("/logs", { service: names.length === 1 ? names[0] : "", from, to }) }, "Logs of this time");
}
