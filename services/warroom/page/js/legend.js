// @ts-check
// What a chart's lines are called, how they look, and their last and greatest values.

import { strokes } from "./colours.js";
import { fill, h, svg } from "./dom.js";
import { format } from "./format.js";

/**
 * @param {"table" | "list"} kind
 * @param {string} unit
 * @param {(name: string) => void} pick called when a line is chosen
 */
export function legend(kind, unit, pick) {
  const rows = h(kind === "table" ? "tbody" : "ul", null);
  const head = ["Series", "Last", "Max"].map((name) => h("th", { scope: "col" }, name));
  const el = h(
    "div",
    { class: `legend ${kind}` },
    kind === "table" ? h("table", null, h("thead", null, h("tr", null, head)), rows) : rows,
  );

  /**
   * @param {{name: string, points: [number, number][]}[]} lines
   * @param {string | null} only the one that is shown alone
   */
  function update(lines, only) {
    const colours = strokes(lines.map((line) => line.name));
    const focused = [...rows.querySelectorAll("button")].indexOf(/** @type {any} */ (document.activeElement));
    fill(
      rows,
      lines.map((line, index) => {
        const numbers = line.points.map(([, value]) => value).filter(Number.isFinite);
        const latest = format(numbers.at(-1), unit);
        const props = { type: "button", class: "quiet series", "aria-pressed": String(only === line.name) };
        const title = only === line.name ? "Show all" : `Show ${line.name} alone`;
        const name = h(
          "button",
          { ...props, title, onclick: () => pick(line.name) },
          swatch(colours[index]),
          h("span", { class: "name" }, line.name),
        );
        if (kind === "list") return h("li", null, name, h("span", { class: "figure" }, latest));
        const most = numbers.length ? numbers.reduce((a, b) => Math.max(a, b)) : undefined;
        const figures = [latest, format(most, unit)].map((said) => h("td", { class: "figure" }, said));
        return h("tr", null, h("th", { scope: "row" }, name), figures);
      }),
    );
    if (focused >= 0) rows.querySelectorAll("button")[focused]?.focus();
  }

  return { el, update };
}

/** How a line looks, beside its name. @param {import("./colours.js").Stroke | undefined} stroke */
export function swatch(stroke) {
  const dash = stroke?.dash || null;
  const line = svg("line", { x1: 0, x2: 14, y1: 4, y2: 4, "stroke-dasharray": dash, style: { stroke: stroke?.color ?? "" } });
  return svg("svg", { class: "swatch", viewBox: "0 0 14 8", "aria-hidden": "true" }, line);
}
