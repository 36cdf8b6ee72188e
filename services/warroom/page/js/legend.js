// @ts-check
// What a chart's lines are called, how they look, and their last and greatest values.

import { strokes } from "./colours.js";
import { arrange, fill, h, say, svg } from "./dom.js";
import { format } from "./format.js";

/**
 * @param {"table" | "list"} kind
 * @param {string} unit
 * @param {(name: string) => void} pick called when a line is chosen
 */
export function legend(kind, unit, pick) {
  const rows = h(kind === "table" ? "tbody" : "ul", null);
  /** @type {Map<string, ReturnType<typeof entry>>} */
  const entries = new Map();
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
    /** @type {Map<string, number>} how many have had a name so far: two lines may have the same */
    const seen = new Map();
    const shown = lines.map((line, index) => {
      const before = seen.get(line.name) ?? 0;
      seen.set(line.name, before + 1);
      const key = `${before} ${line.name}`;
      const one = entries.get(key) ?? entry(line.name);
      entries.set(key, one);
      one.update(line, only === line.name, colours[index]);
      return [key, one.element];
    });
    const keys = new Set(shown.map(([key]) => key));
    for (const key of entries.keys()) if (!keys.has(key)) entries.delete(key);
    arrange(rows, shown.map(([, element]) => element));
  }

  /** A button stays as long as its line does: it may have the focus, or be pressed just now. @param {string} name */
  function entry(name) {
    const look = h("span", { class: "look" });
    const button = h("button", { type: "button", class: "quiet series", onclick: () => pick(name) }, look, h("span", { class: "name" }, name));
    const figures = kind === "list" ? [h("span", { class: "figure" })] : [h("td", { class: "figure" }), h("td", { class: "figure" })];
    let drawn = "";
    return {
      element: kind === "list" ? h("li", null, button, figures) : h("tr", null, h("th", { scope: "row" }, button), figures),
      /** @param {{points: [number, number][]}} line @param {boolean} alone @param {import("./colours.js").Stroke} stroke */
      update({ points }, alone, stroke) {
        button.setAttribute("aria-pressed", String(alone));
        button.title = alone ? "Show all" : `Show ${name} alone`;
        const now = JSON.stringify(stroke);
        if (now !== drawn) fill(look, swatch(stroke));
        drawn = now;
        const numbers = points.map(([, value]) => value).filter(Number.isFinite);
        const most = numbers.length ? numbers.reduce((a, b) => Math.max(a, b)) : undefined;
        const texts = [format(numbers.at(-1), unit), format(most, unit)];
        figures.forEach((figure, at) => say(figure, texts[at]));
      },
    };
  }

  return { el, update };
}

/** How a line looks, beside its name. @param {import("./colours.js").Stroke | undefined} stroke */
export function swatch(stroke) {
  const dash = stroke?.dash || null;
  const line = svg("line", { x1: 0, x2: 14, y1: 4, y2: 4, "stroke-dasharray": dash, style: { stroke: stroke?.color ?? "" } });
  return svg("svg", { class: "swatch", viewBox: "0 0 14 8", "aria-hidden": "true" }, line);
}
