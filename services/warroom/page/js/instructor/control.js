// @ts-check
// Steering a drill: what an instructor does while it goes on, each with a reason; and panic, whatever goes on.

import { post } from "../api.js";
import { button, empty, fill, h } from "../dom.js";
import { running, timed } from "../drill.js";
import { subscribe } from "../live.js";
import { withReason } from "../parts/pieces.js";

/**
 * @param {import("../now/ends.js").Ends} ends
 * @returns {HTMLElement}
 */
export function control(ends) {
  const place = h("div", { class: "controls" });
  const hint = h("p", { role: "status", class: "said" });
  let shown = "";
  ends.push(
    subscribe("status", (now) => {
      const key = [now.phase, now.paused, now.id, Boolean(now.gate)].join();
      if (key === shown) return; // what is being written stays
      shown = key;
      fill(place, running(now) ? steps(now, hint) : empty("No drill is under way"));
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
 * @param {Record<string, any>} now
 * @param {HTMLElement} hint
 */
function steps(now, hint) {
  const drill = (/** @type {string} */ what) => (/** @type {string} */ why) => post(`/api/drill/${what}`, { why });
  const dark = now.phase === "dark-room";
  return [
    now.paused
      ? withReason("Resume", "Why does it go on?", drill("resume"))
      : withReason("Pause", "Why does it stand?", drill("pause")),
    timed(now) ? button("End this phase", () => post("/api/drill/advance"), { class: "plain" }) : null,
    dark
      ? button(
          "Give the next hint",
          async () => {
            const given = await post("/api/drill/hint");
            fill(hint, `Hint ${given.number}, which the team sees: ${given.text}`);
          },
          { class: "plain" },
        )
      : null,
    dark ? withReason("Accept the cause by hand", "Why?", drill("override")) : null,
    timed(now)
      ? now.gate
        ? withReason("Open AI’s gate", "Why may they ask now?", drill("gate/open"))
        : withReason("Shut AI’s gate", "Why may they not?", drill("gate/shut"))
      : null,
    withReason("Abort the drill", "Why does it end?", drill("abort")),
  ];
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
