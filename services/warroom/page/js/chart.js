// @ts-check
// A time series as lines: limits, legend, marks, traces as dots; a cursor by mouse and by keys; zoom by dragging.

import { strokes } from "./colours.js";
import { fill, h, svg } from "./dom.js";
import { dots as traces, thinned } from "./dots.js";
import { format, iso, time } from "./format.js";
import { holding } from "./held.js";
import { legend as names, swatch } from "./legend.js";
import { area, extent, path, stacked, ticks, timeTicks, valueAt } from "./scale.js";

/** @typedef {import("./scale.js").Point} Point */
/** @typedef {{name: string, points: Point[]}} Line points by time */
/** @typedef {{at: number, value: number, href: string, label: string, tone?: string}} Dot a trace, where the link leads */
/** @typedef {{at: number, label: string, tone?: string}} Mark something that happened */
/** @typedef {{start: number, end: number, step?: number, lines: Line[], dots?: Dot[], marks?: Mark[]}} Data
 *    Unix times; `step` seconds lie between two points, and a line is broken where more than twice that do */
/** @typedef {{value: number, tone: string}} Limit */
/** @typedef {{show: (at: number | null) => void, listen: (shown: (at: number | null) => void) => () => void}} Crosshair */
/**
 * @typedef {object} Options
 * @property {string} title what the chart is called to who does not see it
 * @property {string} [unit]
 * @property {number} [min]
 * @property {number} [max]
 * @property {Limit[]} [limits]
 * @property {boolean} [stack]
 * @property {number} [opacity] of what lies under a line, 0 to 1
 * @property {"table" | "list" | "none"} [legend]
 * @property {number} [height] pixels of the plot; without it, it fills what holds it
 * @property {string} [empty] what is said where there is nothing to draw
 * @property {(start: number, end: number) => void} [onZoom]
 * @property {Crosshair} [crosshair] shared with other charts
 */

const EDGE = { top: 8, right: 12, bottom: 22 };
const LISTED = 12; // lines of a tooltip
const NEAR = 9; // pixels
const ASKING = "Asking …";
const UNKNOWN = "Not known.";

let made = 0;

/**
 * @param {HTMLElement} el
 * @param {Options} options
 * @returns {{update: (data: Data) => void, refused: () => void, destroy: () => void}}
 */
export function chart(el, options) {
  const unit = options.unit ?? "none";
  const id = `chart-${(made += 1)}`;
  const drawing = svg("svg", { "aria-hidden": "true", focusable: "false" });
  const dots = traces((one) => `Trace, ${format(one.value, unit)}${one.label ? `, ${one.label}` : ""}`);
  const cursor = h("div", { class: "cursor", hidden: true });
  const selection = h("div", { class: "selection", hidden: true });
  const tip = h("div", { class: "tip", hidden: true, "aria-hidden": "true" });
  const nothing = h("p", { class: "nothing" }, ASKING);
  const spoken = h("p", { class: "unseen", "aria-live": "polite" });
  const keys = options.onZoom ? "Arrow keys read it, Enter opens the trace, + and − zoom." : "Arrow keys read it.";
  const plot = h(
    "div",
    { class: "plot", tabindex: 0, role: "application", "aria-label": `${options.title}, chart`, "aria-describedby": id },
    [drawing, dots.el, nothing, cursor, selection, tip],
  );
  if (options.height) plot.style.height = `${options.height}px`;
  const legend = options.legend === "none" ? null : names(options.legend ?? "list", unit, pick);
  const whole = h("div", { class: "chart" }, plot, legend?.el);
  whole.append(h("p", { id, class: "unseen" }, keys), spoken);
  el.append(whole);

  /** @type {Data} */
  let data = { start: 0, end: 1, lines: [] };
  /** @type {string | null} the only line that is shown */
  let only = null;
  /** @type {number | null} */
  let at = null;
  /** @type {number | null} */
  let from = null;
  let scale = { left: 0, right: 1, top: 0, bottom: 1, low: 0, high: 1 };
  let frame = 0;
  let known = false; // has anybody said what there is to draw?
  let unknown = ASKING; // what is said as long as nobody has
  /** @type {Data | null} */
  let meanwhile = null;
  const press = holding(whole, () => (meanwhile ? take(meanwhile) : redraw()));

  const x = (/** @type {number} */ t) =>
    scale.left + ((t - data.start) / (data.end - data.start || 1)) * (scale.right - scale.left);
  const y = (/** @type {number} */ v) =>
    scale.bottom - ((v - scale.low) / (scale.high - scale.low || 1)) * (scale.bottom - scale.top);
  const timeOf = (/** @type {number} */ px) =>
    data.start + ((px - scale.left) / (scale.right - scale.left || 1)) * (data.end - data.start);
  const shown = () => data.lines.filter((line) => only === null || line.name === only);

  function draw() {
    frame = 0;
    const { clientWidth: width, clientHeight: height } = plot;
    if (!width || !height) return;
    const colours = strokes(data.lines.map((line) => line.name));
    const lines = shown().map((line) => ({ ...line, ...colours[data.lines.indexOf(line)] }));
    const layers = options.stack ? stacked(lines.map((line) => line.points)) : null;
    const drawn = lines.map((line, index) => layers?.[index].points ?? line.points);
    const values = drawn.flatMap((points) => points.map(([, value]) => value)).filter(Number.isFinite);
    if (!data.lines.length) values.push(...(data.dots ?? []).map((one) => one.value)); // a scatter
    const [low, high] = extent(values, { min: options.min, max: options.max, unit });
    const rows = ticks(low, high, Math.max(2, Math.floor(height / 45)), unit);
    const labels = rows.map((value) => format(value, unit));
    const left = Math.min(width / 3, 14 + 6.6 * Math.max(...labels.map((label) => label.length)));
    scale = { left, right: width - EDGE.right, top: EDGE.top, bottom: height - EDGE.bottom, low, high };
    const columns = timeTicks(data.start, data.end, Math.max(2, Math.floor((width - left) / 90)));
    const seconds = columns.length > 1 && columns[1] - columns[0] < 60;
    const gap = data.step ? data.step * 2 + 0.5 : Infinity;
    drawing.setAttribute("viewBox", `0 0 ${width} ${height}`);
    fill(
      drawing,
      rows.map((value, index) => [
        svg("line", { class: "grid", x1: left, x2: scale.right, y1: y(value), y2: y(value) }),
        svg("text", { class: "tick", x: left - 6, y: y(value) + 4, "text-anchor": "end" }, labels[index]),
      ]),
      columns.map((t) => [
        svg("line", { class: "grid", x1: x(t), x2: x(t), y1: scale.top, y2: scale.bottom }),
        svg("text", { class: "tick", x: x(t), y: height - 6, "text-anchor": "middle" }, hour(t, seconds)),
      ]),
      (options.limits ?? [])
        .filter((limit) => limit.value >= low && limit.value <= high)
        .map((limit) =>
          svg("line", { class: `limit ${limit.tone}`, x1: left, x2: scale.right, y1: y(limit.value), y2: y(limit.value) }),
        ),
      lines.map((line, index) => {
        const below = layers?.[index].below;
        const floor = (/** @type {number} */ t) => below?.get(t) ?? Math.max(low, 0);
        return options.opacity
          ? svg("path", {
              class: "under",
              d: area(drawn[index], x, y, floor, gap),
              style: { fill: line.color, fillOpacity: String(options.opacity) },
            })
          : null;
      }),
      lines.map((line, index) =>
        svg("path", {
          class: "line",
          d: path(drawn[index], x, y, gap),
          "stroke-dasharray": line.dash || null,
          style: { stroke: line.color },
        }),
      ),
      marks().map((mark) => [
        svg("line", { class: `mark ${mark.tone ?? "accent"}`, x1: x(mark.at), x2: x(mark.at), y1: scale.top, y2: scale.bottom }),
        svg("path", {
          class: `flag ${mark.tone ?? "accent"}`,
          d: `M${x(mark.at) - 5} ${scale.bottom + 7}h10l-5 -7z`,
        }),
      ]),
    );
    nothing.hidden = values.length > 0;
    nothing.textContent = known ? (options.empty ?? "No data in this time range.") : unknown;
    dots.update(seen());
    point(at);
  }

  const marks = () => (data.marks ?? []).filter((mark) => mark.at >= data.start && mark.at <= data.end);

  function seen() {
    const inside = (data.dots ?? []).filter((one) => one.at >= data.start && one.at <= data.end && one.value >= scale.low);
    return thinned(inside, (one) => ({ left: x(one.at), top: y(Math.min(one.value, scale.high)) }));
  }

  /** @param {string} name */
  function pick(name) {
    only = only === name ? null : name;
    draw();
    legend?.update(data.lines, only);
  }

  /** @param {Data} next */
  function take(next) {
    meanwhile = null;
    data = next;
    known = true;
    if (only !== null && !data.lines.some((line) => line.name === only)) only = null;
    redraw();
  }

  function redraw() {
    if (press.held()) return;
    legend?.update(data.lines, only);
    later();
  }

  /** Puts the cursor somewhere, or nowhere. @param {number | null} t */
  function point(t) {
    at = t;
    cursor.hidden = t === null || t < data.start || t > data.end;
    if (!cursor.hidden && t !== null) cursor.style.transform = `translateX(${x(t)}px)`;
  }

  /** What there is at a time. @param {number} t */
  function read(t) {
    const reach = data.step ? data.step * 1.01 : (data.end - data.start) / 50;
    const found = shown().map((line) => ({ name: line.name, value: valueAt(line.points, t, reach) }));
    const near = marks().filter((mark) => Math.abs(x(mark.at) - x(t)) < NEAR);
    return { rows: found.filter((row) => !Number.isNaN(row.value)).sort((a, b) => b.value - a.value), near };
  }

  /** @param {number} t */
  function describe(t) {
    const { rows, near } = read(t);
    const colours = strokes(data.lines.map((line) => line.name));
    const at = (/** @type {string} */ name) => colours[data.lines.findIndex((line) => line.name === name)];
    fill(
      tip,
      h("time", { datetime: iso(t * 1000) }, time(t * 1000)),
      h(
        "ul",
        null,
        rows.slice(0, LISTED).map((row) =>
          h("li", null, swatch(at(row.name)), h("span", { class: "name" }, row.name), h("b", null, format(row.value, unit))),
        ),
      ),
      rows.length > LISTED ? h("p", null, `and ${rows.length - LISTED} more`) : null,
      near.map((mark) => h("p", { class: `said ${mark.tone ?? "accent"}` }, `▲ ${mark.label}, ${time(mark.at * 1000)}`)),
    );
    tip.hidden = false;
    const beside = x(t) + 14 + tip.offsetWidth < plot.clientWidth ? x(t) + 14 : x(t) - 14 - tip.offsetWidth;
    tip.style.transform = `translateX(${Math.max(0, beside)}px)`;
  }

  /** @param {number} t */
  function say(t) {
    const { rows, near } = read(t);
    const said = rows.slice(0, LISTED).map((row) => `${row.name} ${format(row.value, unit)}`);
    const dot = nearest(t);
    spoken.textContent = [
      time(t * 1000),
      said.join(", ") || "no data",
      ...near.map((mark) => mark.label),
      dot ? "a trace: Enter opens it" : "",
    ]
      .filter(Boolean)
      .join("; ");
  }

  /** @param {number} t */
  function nearest(t) {
    const close = seen().filter(({ left }) => Math.abs(left - x(t)) < NEAR * 2);
    return close.sort((a, b) => b.one.value - a.one.value)[0]?.one;
  }

  function leave() {
    tip.hidden = true;
    move(null);
  }

  /** @param {number | null} t */
  function move(t) {
    if (options.crosshair) options.crosshair.show(t);
    else point(t);
  }

  /** @param {PointerEvent} event */
  function place(event) {
    const px = event.clientX - plot.getBoundingClientRect().left;
    return Math.min(Math.max(px, scale.left), scale.right);
  }

  /** @param {number} factor @param {number} middle */
  function zoom(factor, middle) {
    const half = ((data.end - data.start) * factor) / 2;
    options.onZoom?.(middle - half, middle + half);
  }

  const listeners = {
    pointerdown: (/** @type {PointerEvent} */ event) => {
      if (event.button || !options.onZoom || /** @type {Element} */ (event.target).closest("a")) return;
      from = place(event);
      plot.setPointerCapture(event.pointerId);
    },
    pointermove: (/** @type {PointerEvent} */ event) => {
      const px = place(event);
      move(timeOf(px));
      describe(timeOf(px));
      if (from === null) return;
      selection.hidden = Math.abs(px - from) < 4;
      selection.style.left = `${Math.min(px, from)}px`;
      selection.style.width = `${Math.abs(px - from)}px`;
    },
    pointerup: (/** @type {PointerEvent} */ event) => {
      if (from === null) return;
      const [begin, end] = [from, place(event)].sort((a, b) => a - b);
      from = null;
      selection.hidden = true;
      if (end - begin >= 4) options.onZoom?.(timeOf(begin), timeOf(end));
    },
    pointercancel: () => {
      from = null;
      selection.hidden = true;
    },
    pointerleave: () => {
      if (from === null) leave();
    },
    dblclick: () => zoom(2, (data.start + data.end) / 2),
    blur: leave,
    keydown: (/** @type {KeyboardEvent} */ event) => {
      if (event.target !== plot || event.ctrlKey || event.metaKey || event.altKey) return;
      const stride = (data.step ?? (data.end - data.start) / 100) * (event.shiftKey ? 10 : 1);
      const now = at ?? data.end;
      /** @type {Record<string, number>} */
      const to = { ArrowLeft: now - stride, ArrowRight: now + stride, Home: data.start, End: data.end };
      if (event.key in to) {
        const t = Math.min(Math.max(to[event.key], data.start), data.end);
        move(t);
        describe(t);
        say(t);
      } else if (event.key === "Enter") {
        const found = at === null ? undefined : nearest(at);
        if (found) dots.open(found);
      } else if (event.key === "+" || event.key === "-") zoom(event.key === "+" ? 0.5 : 2, now);
      else if (event.key === "Escape") leave();
      else return;
      event.preventDefault();
    },
  };
  for (const [name, listener] of Object.entries(listeners)) plot.addEventListener(name, /** @type {any} */ (listener));
  const deaf = options.crosshair?.listen(point);
  const later = () => {
    frame ||= requestAnimationFrame(() => {
      frame = 0;
      if (!press.held()) draw();
    });
  };
  const sized = new ResizeObserver(later);
  sized.observe(plot);

  return {
    update(next) {
      if (press.held()) meanwhile = next;
      else take(next);
    },
    /** What there is could not be found out, which is not that there is nothing. */
    refused() {
      unknown = UNKNOWN;
      redraw();
    },
    destroy() {
      sized.disconnect();
      press.destroy();
      cancelAnimationFrame(frame);
      deaf?.();
      whole.remove();
    },
  };
}

/** @param {number} t @param {boolean} seconds */
function hour(t, seconds) {
  const parts = /** @type {const} */ ({ hour: "2-digit", minute: "2-digit", hour12: false });
  return new Date(t * 1000).toLocaleTimeString("en-GB", seconds ? { ...parts, second: "2-digit" } : parts);
}
