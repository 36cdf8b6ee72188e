// @ts-check
// The bar over what is looked at: which time it shows, how often it is asked for anew, and the way back from a zoom.

import { h } from "./dom.js";
import { time } from "./format.js";
import { pulse } from "./pulse.js";
import { PRESETS, between, bounds, moves } from "./range.js";

/** @typedef {import("./range.js").Range} Range */

const EVERY = [
  ["0", "Off"],
  ["2", "Every 2 s"],
  ["5", "Every 5 s"],
  ["10", "Every 10 s"],
  ["30", "Every 30 s"],
];

/**
 * @param {Range} first
 * @param {(changed: boolean) => unknown} refresh asks for what is shown; `changed` where the range is another
 * @param {number} [seconds] between two turns
 */
export function period(first, refresh, seconds = 5) {
  let range = first;
  let every = seconds;
  let changed = true;
  /** @type {Range[]} */
  const before = [];
  /** @type {() => void} */
  let stop = () => {};

  const presets = h("select", { "aria-label": "Time range", onchange: () => set({ from: presets.value, to: "now" }) });
  const often = h(
    "select",
    { "aria-label": "Refresh", onchange: () => begin(Number(often.value)) },
    EVERY.map(([value, name]) => h("option", { value }, name)),
  );
  const back = h("button", { type: "button", class: "plain", onclick: () => set(before.pop() ?? range, false) }, "Back");
  const begins = h("input", { type: "datetime-local", step: 1, "aria-label": "From" });
  const ends = h("input", { type: "datetime-local", step: 1, "aria-label": "To" });
  const wrong = h("span", { class: "refusal", role: "alert" });
  const exact = h(
    "form",
    { class: "exact", onsubmit: submitted },
    h("label", { class: "field" }, "From", begins),
    h("label", { class: "field" }, "To", ends),
    h("button", { type: "submit", class: "plain" }, "Show"),
    wrong,
  );
  const details = h("details", { class: "menu", ontoggle: fields }, h("summary", null, "From – to"), exact);
  const el = h(
    "div",
    { class: "period row", role: "group", "aria-label": "Time" },
    presets,
    details,
    h("button", { type: "button", class: "plain", onclick: () => zoom(2) }, "Zoom out"),
    back,
    often,
    h("button", { type: "button", class: "plain", onclick: () => begin(every) }, "Refresh"),
  );

  function show() {
    const known = PRESETS.some(([from]) => from === range.from) && range.to === "now";
    const { start, end } = bounds(range);
    const said = moves(range) ? `${range.from} to ${range.to}` : `${time(start * 1000)} to ${time(end * 1000)}`;
    const other = known ? [] : [[range.from, said]];
    presets.replaceChildren(...[...other, ...PRESETS].map(([value, name]) => h("option", { value }, name)));
    presets.value = range.from;
    often.value = String(every);
    back.hidden = !before.length;
  }

  /** @param {number} turn seconds; 0 for once */
  function begin(turn) {
    every = turn;
    stop();
    show();
    const again = turn > 0 && moves(range);
    const work = async () => {
      const news = changed;
      changed = false;
      await refresh(news);
    };
    if (again) stop = pulse(turn, work);
    else {
      stop = () => {};
      work();
    }
  }

  /** @param {Range} next @param {boolean} [keep] whether there is a way back */
  function set(next, keep = true) {
    if (keep) before.push(range);
    range = next;
    changed = true;
    begin(every);
  }

  /** @param {number} factor */
  function zoom(factor) {
    const { start, end } = bounds(range);
    const half = ((end - start) * factor) / 2;
    const now = Date.now() / 1000;
    const until = Math.min((start + end) / 2 + half, now);
    set(between(until - 2 * half, until));
  }

  function fields() {
    const { start, end } = bounds(range);
    [begins.value, ends.value] = [local(start), local(end)];
  }

  /** @param {SubmitEvent} event */
  function submitted(event) {
    event.preventDefault();
    const [start, end] = [begins.value, ends.value].map((text) => Date.parse(text) / 1000);
    wrong.textContent = end > start ? "" : "The end has to be after the beginning.";
    if (!(end > start)) return;
    details.open = false;
    set(between(start, end));
  }

  show();
  return {
    el,
    /** Begins to ask. */
    start: () => begin(every),
    stop: () => stop(),
    bounds: () => bounds(range),
    range: () => range,
    /** @param {number} start @param {number} end */
    zoom: (start, end) => set(between(start, end)),
    refresh: () => begin(every),
  };
}

/** As a field for local times takes it. @param {number} seconds */
function local(seconds) {
  const at = new Date(seconds * 1000);
  return new Date(at.getTime() - at.getTimezoneOffset() * 60000).toISOString().slice(0, 19);
}
