// @ts-check
// The instructor's view: start a drill, steer it, watch it, and know what the team is to find out.

import { askToken, onWho } from "../api.js";
import { fill, h } from "../dom.js";
import { answer } from "../instructor/answer.js";
import { control } from "../instructor/control.js";
import { progress } from "../instructor/progress.js";
import { start } from "../instructor/start.js";
import { traffic } from "../instructor/traffic.js";
import { end } from "../now/ends.js";
import { load } from "../now/load.js";
import { phase } from "../now/phase.js";

/** @type {import("../router.js").Mount} */
export function mount(el) {
  /** @type {import("../now/ends.js").Ends} */
  const ends = [];
  const place = h("div", { class: "view" });
  fill(el, h("h1", null, "Instructor"), place);
  let shown = "";
  const forget = onWho((who) => {
    if (who === shown) return;
    shown = who;
    end(ends);
    fill(place, who === "instructor" ? inside(ends) : refused(who));
  });
  if (!shown) fill(place, refused(""));
  return () => {
    forget();
    end(ends);
  };
}

/** @param {import("../now/ends.js").Ends} ends */
function inside(ends) {
  return h(
    "div",
    { class: "now" },
    h("div", { class: "first part" }, start(ends), progress(ends)),
    h("div", { class: "beside" }, phase(ends, { watching: true }), control(ends), answer(ends)),
    h("div", { class: "second" }, traffic(ends), load(ends)),
  );
}

/** @param {string} who */
function refused(who) {
  const said = who
    ? "This is the instructor’s view, and this tab has the team’s token."
    : "This is the instructor’s view. It opens with the instructor’s token.";
  return h(
    "div",
    { class: "state empty" },
    h("p", { class: "said" }, said),
    h("p", null, h("code", null, "labctl token instructor"), " prints it."),
    h("button", { type: "button", onclick: () => askToken() }, "Enter the token"),
  );
}
