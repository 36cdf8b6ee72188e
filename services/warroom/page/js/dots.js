// @ts-check
// The dots of a chart, each of which is a trace.

import { arrange, h } from "./dom.js";

/** @typedef {import("./chart.js").Dot} Dot */
/** @typedef {{one: Dot, left: number, top: number}} Placed in pixels of the plot */

const PATCH = 14; // pixels

/**
 * One dot for each patch of the plot: the slowest, since that is what is looked for.
 * @param {Dot[]} all
 * @param {(one: Dot) => {left: number, top: number}} place
 * @returns {Placed[]}
 */
export function thinned(all, place) {
  /** @type {Map<string, Placed>} */
  const kept = new Map();
  for (const one of all) {
    const { left, top } = place(one);
    const patch = `${Math.round(left / PATCH)} ${Math.round(top / PATCH)}`;
    const other = kept.get(patch);
    if (!other || other.one.value < one.value) kept.set(patch, { one, left, top });
  }
  return [...kept.values()];
}

/** Each dot stays the same element as long as it is there: it may have the focus. @param {(one: Dot) => string} says */
export function dots(says) {
  const el = h("div", { class: "dots" });
  /** @type {Map<string, HTMLAnchorElement>} */
  const anchors = new Map();
  return {
    el,
    /** @param {Placed[]} placed */
    update(placed) {
      const shown = new Map(placed.map((each) => [`${each.one.href} ${each.one.at}`, each]));
      for (const key of anchors.keys()) if (!shown.has(key)) anchors.delete(key);
      for (const [key, { one, left, top }] of shown) {
        const anchor = anchors.get(key) ?? h("a", { href: one.href, tabindex: -1 });
        anchors.set(key, anchor);
        anchor.className = `exemplar ${one.tone ?? ""}`;
        anchor.style.left = `${left}px`;
        anchor.style.top = `${top}px`;
        anchor.title = says(one);
        anchor.setAttribute("aria-label", anchor.title);
      }
      arrange(el, [...anchors.values()]);
    },
    /** @param {Dot} one */
    open(one) {
      anchors.get(`${one.href} ${one.at}`)?.click();
    },
  };
}
