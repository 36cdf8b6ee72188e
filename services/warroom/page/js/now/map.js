// @ts-check
// The map of services as real traces draw it: who calls whom, how often, and how much of that fails.

import { serviceColor } from "../colours.js";
import { empty, fill, h, loading, say, svg } from "../dom.js";
import { format } from "../format.js";
import { subscribe } from "../live.js";
import { layout } from "./layout.js";

const LAYER = 196;
const ROW = 68;
const BOX = { width: 104, height: 34 };
const EDGE = 12;
const FAILING = 0.01;

/** @typedef {{caller: string, callee: string, rps: number | null, errors: number | null, p99_s: number | null}} Call */

/**
 * @param {import("./ends.js").Ends} ends
 * @returns {HTMLElement}
 */
export function map(ends) {
  const drawing = h("div", { class: "map" }, loading("Asking for the latest traces …"));
  const trouble = h("p", { class: "refusal", role: "status" });
  const list = h("div", { class: "wide" });
  let drawn = "";
  /** @type {((calls: Call[]) => void) | null} */
  let update = null;
  ends.push(
    subscribe("calls", (/** @type {any} */ calls) => {
      say(trouble, calls.error && drawn ? `The map is of before: ${calls.error}` : "");
      if (calls.error) {
        if (!drawn) fill(drawing, empty("The map cannot be drawn", calls.error));
        return;
      }
      fill(list, table(calls));
      if (!calls.length) {
        drawn = "";
        return void fill(drawing, empty("Nobody calls anybody", "The map is drawn from traces; there are none of the last minutes."));
      }
      // Only its figures change most of the time, and what has the focus stays.
      const shape = calls.map((/** @type {Call} */ call) => `${call.caller} ${call.callee}`).join();
      if (shape !== drawn) {
        update = draw(drawing, calls);
        drawn = shape;
      }
      update?.(calls);
    }),
  );
  return h(
    "section",
    { class: "card", "aria-labelledby": "map" },
    h("div", { class: "row" }, h("h2", { id: "map" }, "Who calls whom"), h("span", { class: "soft small" }, "from traces of the last ten minutes")),
    trouble,
    drawing,
    h("details", null, h("summary", null, "As a table"), list),
  );
}

/**
 * @param {HTMLElement} place
 * @param {Call[]} calls
 * @returns {(calls: Call[]) => void} which puts new figures in
 */
function draw(place, calls) {
  const plan = layout(calls, "customers");
  const width = (plan.width - 1) * LAYER + BOX.width + 2 * EDGE;
  const height = (plan.height - 1) * ROW + BOX.height + 2 * EDGE + (plan.ways.some((way) => way.back) ? ROW / 2 : 0);
  const x = (/** @type {number} */ layer) => EDGE + layer * LAYER;
  const y = (/** @type {number} */ row) => EDGE + row * ROW;

  const ways = plan.ways.map((way) => {
    const { line, label } = route(way, x, y);
    const title = svg("title");
    const often = svg("text", { x: label.x, y: label.y - 8, class: "label" });
    const failing = svg("text", { x: label.x, y: label.y + 9, class: "label" });
    const stroke = svg("path", { d: line, class: "line", "marker-end": "url(#arrow)" });
    const element = svg("g", { class: "way", tabindex: 0, role: "img" }, title, svg("path", { d: line, class: "reach" }), stroke, often, failing);
    return { call: way.call, element, title, often, failing };
  });
  const nodes = plan.places.map((one) => {
    const asks = one.name === "customers";
    const box = svg("rect", { x: x(one.x), y: y(one.y), width: BOX.width, height: BOX.height, rx: 8, style: { stroke: serviceColor(one.name) } });
    const name = svg("text", { x: x(one.x) + BOX.width / 2, y: y(one.y) + BOX.height / 2 }, one.name);
    if (asks) return svg("g", { class: "node" }, box, name);
    const address = `/traces?service=${encodeURIComponent(one.name)}`;
    return svg("a", { class: "node", href: address, "aria-label": `Traces of ${one.name}` }, box, name);
  });
  const arrow = svg(
    "marker",
    { id: "arrow", viewBox: "0 0 8 8", refX: 7, refY: 4, markerWidth: 9, markerHeight: 9, markerUnits: "userSpaceOnUse", orient: "auto" },
    svg("path", { d: "M0 0 8 4 0 8z" }),
  );
  fill(
    place,
    svg(
      "svg",
      { viewBox: `0 0 ${width} ${height}`, role: "group", "aria-label": "Map of services; the same is in the table below" },
      svg("defs", null, arrow),
      ways.map((way) => way.element),
      nodes,
    ),
  );
  return (latest) => {
    for (const way of ways) {
      const found = latest.find((call) => call.caller === way.call.caller && call.callee === way.call.callee);
      if (!found) continue;
      const fails = (found.errors ?? 0) > FAILING;
      const share = found.errors ? `, ${format(found.errors, "percentunit", 0)} fail` : "";
      way.element.setAttribute("class", `way${fails ? " fails" : ""}${found.rps ? "" : " idle"}`);
      way.often.textContent = `${format(found.rps ?? 0, "short")}/s`;
      way.failing.textContent = fails ? `▲ ${format(found.errors, "percentunit", 0)} fail` : "";
      const said = `${found.caller} calls ${found.callee} ${format(found.rps ?? 0, "short")} times a second${share}, P99 ${format(found.p99_s, "s")}`;
      way.title.textContent = said;
      way.element.setAttribute("aria-label", said);
    }
  };
}

/**
 * @param {import("./layout.js").Way} way
 * @param {(layer: number) => number} x
 * @param {(row: number) => number} y
 */
function route(way, x, y) {
  const middle = BOX.height / 2;
  const points = way.through.map((one) => ({ x: x(one.x), y: y(one.y) + middle }));
  const first = points[0];
  const last = points[points.length - 1];
  if (way.back) {
    // Below everything between, so that it is seen to lead back.
    const low = Math.max(...points.map((one) => one.y)) + ROW * 0.62;
    const from = { x: first.x + BOX.width / 2, y: first.y + middle };
    const to = { x: last.x + BOX.width / 2, y: last.y + middle + 2 };
    const line = `M${from.x} ${from.y}C${from.x} ${low} ${to.x} ${low} ${to.x} ${to.y}`;
    return { line, label: { x: (from.x + to.x) / 2, y: (from.y + to.y) / 8 + low * 0.75 } };
  }
  let line = `M${first.x + BOX.width} ${first.y}`;
  for (let at = 1; at < points.length; at += 1) {
    const from = { x: points[at - 1].x + BOX.width, y: points[at - 1].y };
    const to = { x: points[at].x - (at === points.length - 1 ? 2 : 0), y: points[at].y };
    const half = (to.x - from.x) / 2;
    line += `C${from.x + half} ${from.y} ${to.x - half} ${to.y} ${to.x} ${to.y}`;
    if (at < points.length - 1) line += `H${to.x + BOX.width}`;
  }
  const before = points[points.length - 2];
  return { line, label: { x: (before.x + BOX.width + last.x) / 2, y: (before.y + last.y) / 2 } };
}

/** @param {Call[]} calls */
function table(calls) {
  const heads = ["Caller", "Callee", "Calls", "Fail", "P99"];
  return h(
    "table",
    null,
    h("caption", { class: "unseen" }, "Who calls whom"),
    h("thead", null, h("tr", null, heads.map((name, at) => h("th", { scope: "col", class: at > 1 ? "figure" : "" }, name)))),
    h(
      "tbody",
      null,
      calls.map((call) =>
        h(
          "tr",
          null,
          h("td", null, call.caller),
          h("td", null, call.callee),
          h("td", { class: "figure" }, `${format(call.rps ?? 0, "short")}/s`),
          h("td", { class: "figure" }, format(call.errors, "percentunit")),
          h("td", { class: "figure" }, format(call.p99_s, "s")),
        ),
      ),
    ),
  );
}
