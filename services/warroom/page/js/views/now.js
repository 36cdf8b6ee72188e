// @ts-check
// What is going on now.

import { fill, h } from "../dom.js";

/** @type {import("../router.js").Mount} */
export function mount(el) {
  fill(el, h("h1", null, "Now"));
}
