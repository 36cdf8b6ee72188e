// @ts-check
// What is going on now: the pager, the drill, how each service does, who calls whom, the load, and the team's notes.

import { fill, h } from "../dom.js";
import { act } from "../now/act.js";
import { elsewhere } from "../now/elsewhere.js";
import { end } from "../now/ends.js";
import { load } from "../now/load.js";
import { map } from "../now/map.js";
import { notes } from "../now/notes.js";
import { pages } from "../now/pages.js";
import { phase } from "../now/phase.js";
import { signals } from "../now/signals.js";

/** @type {import("../router.js").Mount} */
export function mount(el) {
  /** @type {import("../now/ends.js").Ends} */
  const ends = [];
  fill(
    el,
    h("h1", { class: "unseen" }, "Now"),
    h(
      "div",
      { class: "now" },
      h("div", { class: "first" }, pages(ends)),
      h("div", { class: "beside" }, phase(ends), act(ends), notes(ends)),
      h("div", { class: "second" }, signals(ends), map(ends), load(ends), elsewhere()),
    ),
  );
  return () => end(ends);
}
