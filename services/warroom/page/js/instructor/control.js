// @ts-check
// Steering a drill: what an instructor does while it goes on, each with a reason; and panic, whatever goes on.

import { post } from "../api.js";
import { button, empty, fill, h, loading } from "../dom.js";
import { running, timed } from "../drill.js";
import { subscribe } from "../live.js";
import { withReason } from "../parts/pieces.js";

/**
 * @param {import("../now/ends.js").Ends} ends
 * @returns {HTMLElement}
 */
export function control(ends) {
  const place = h("div", { class: "controls" }, loading("Asking the war room …"));
  const hint = h("p", { role: "status", class: "said" });
  let of = "";
  let show = (/** @type {Record<string, any>} */ _) => {};
  ends.push(
    subscribe("status", (now) => {
      if (now.error) return; // it is said elsewhere, and what is being written stays
      const drill = running(now) ? now.id : "none";
      if (drill !== of) {
        const made = running(now) ? steps(hint) : { elements: [empty("No drill is under way")], show: () => {} };
        fill(place, made.elements);
        show = made.show;
      }
      of = drill;
      show(now);
      if (!timed(now)) fill(hint);
    }),
  );
  return h(
    "section",
    { class: "card", "aria-labelledby": "control" },
    h("h2", { id: "control" }, "Steer it"),
    place,
    hint,
    h("h3", null, "Whatever is going on"),
    panic(),
  );
}

/**
 * Everything that one drill may be steered by. What cannot be done now is hidden, so that a reason that is half written
 * outlives whatever happens meanwhile.
 * @param {HTMLElement} hint
 */
function steps(hint) {
  const drill = (/** @type {string} */ what) => (/** @type {string} */ why) => post(`/api/drill/${what}`, { why });
  const next = async () => {
    const given = await post("/api/drill/hint");
    fill(hint, `Hint ${given.number}, which the team sees: ${given.text}`);
  };
  const dark = (/** @type {any} */ now) => now.phase === "dark-room";
  /** @type {[HTMLElement, (now: any) => unknown][]} */
  const all = [
    [withReason("Resume", "Why does it go on?", drill("resume")), (now) => now.paused],
    [withReason("Pause", "Why does it stand?", drill("pause")), (now) => !now.paused],
    [button("End this phase", () => post("/api/drill/advance"), { class: "plain" }), timed],
    [button("Give the next hint", next, { class: "plain" }), dark],
    [withReason("Accept the cause by hand", "Why?", drill("override")), dark],
    [withReason("Open AI’s gate", "Why may they ask now?", drill("gate/open")), (now) => timed(now) && now.gate],
    [withReason("Shut AI’s gate", "Why may they not?", drill("gate/shut")), (now) => timed(now) && !now.gate],
    [withReason("Abort the drill", "Why does it end?", drill("abort")), () => true],
  ];
  return {
    elements: all.map(([element]) => element),
    show(/** @type {Record<string, any>} */ now) {
      for (const [element, can] of all) element.hidden = !can(now);
    },
  };
}

function panic() {
  const list = h("ul", { class: "steps" });
  const sure = h("input", { type: "checkbox" });
  return h(
    "div",
    { class: "form" },
    h("p", { class: "soft small" }, "Ends the drill, stops its load and restores the first release. Nobody’s work is lost."),
    h("label", { class: "choice" }, sure, "I mean it"),
    button(
      "Panic",
      async () => {
        if (!sure.checked) throw new Error("Say that you mean it.");
        fill(list, h("li", null, "Working on it; this takes up to a minute …"));
        try {
          const steps = await post("/api/panic");
          fill(list, steps.map(told));
        } catch (error) {
          fill(list);
          throw error;
        }
        sure.checked = false;
      },
      { class: "danger" },
    ),
    h("div", { role: "status" }, list),
  );
}

/** @param {{what: string, why: string}} step */
function told(step) {
  if (!step.why) return h("li", { class: "good" }, `✓ ${step.what}`);
  return h("li", { class: "critical" }, `✗ not so: ${step.what}. ${step.why}`);
}
