// @ts-check
// Starting a drill: which one, for whom, how long, and from which seed.

import { get, post } from "../api.js";
import { button, failed, field, fill, h, loading } from "../dom.js";
import { running } from "../drill.js";
import { subscribe } from "../live.js";

const SEED_MOST = 2 ** 53 - 1;

/**
 * @param {import("../now/ends.js").Ends} ends
 * @returns {HTMLElement}
 */
export function start(ends) {
  const place = h("div", null, loading("One moment …"));
  const begin = async () => {
    try {
      fill(place, form(await get("/api/drill/offers")));
    } catch (error) {
      fill(place, failed(error, begin));
    }
  };
  begin();
  const whole = h("section", { class: "card", "aria-labelledby": "start" }, h("h2", { id: "start" }, "Start a drill"), place);
  ends.push(subscribe("status", (now) => now.error || (whole.hidden = running(now))));
  return whole;
}

/** @param {{scenarios: {id: string, title: string, control: boolean}[], profiles: string[]}} offers */
function form(offers) {
  const option = (/** @type {string} */ value, /** @type {string} */ text) => h("option", { value }, text);
  const which = h(
    "select",
    null,
    option("random", "Roll one at random"),
    option("control", "A control drill: nobody is hurt"),
    offers.scenarios.map((one) => option(`=${one.id}`, `${one.id}: ${one.title}${one.control ? " (control)" : ""}`)),
  );
  const team = h("input", { type: "text", value: "team", maxlength: 40, autocomplete: "off" });
  const profile = h("select", { value: "60" }, offers.profiles.map((one) => option(one, `${one} minutes`)));
  const seed = h("input", { type: "number", min: 0, max: SEED_MOST, step: 1 });
  const pace = h("input", { type: "number", min: 0.1, max: 600, step: "any", value: "1" });
  const now = h("input", { type: "checkbox" });
  const assessment = h("input", { type: "checkbox" });
  const made = h("form", { class: "form" });
  fill(
    made,
    field("Which", which, "A team is never rolled the scenario that it had last."),
    h(
      "div",
      { class: "fields" },
      field("Team", team),
      field("Profile", profile),
      field("Seed", seed, "The same seed gives the same drill; drawn if empty."),
      field("Pace", pace, "The drill’s seconds for a real one."),
    ),
    h("label", { class: "choice" }, now, "Trigger at once: a rehearsal"),
    h("label", { class: "choice" }, assessment, "Assessment: announced, and counted"),
    button(
      "Start",
      async () => {
        if (!made.reportValidity()) return;
        const [kind, id] = [which.value[0] === "=" ? "scenario" : which.value, which.value.slice(1)];
        await post("/api/drill/start", {
          ...{ [kind]: kind === "scenario" ? id : true },
          team: team.value,
          profile: profile.value,
          seed: seed.value === "" ? null : Number(seed.value),
          pace: Number(pace.value),
          now: now.checked,
          assessment: assessment.checked,
        });
      },
      { type: "submit" },
    ),
  );
  made.addEventListener("submit", (/** @type {Event} */ event) => event.preventDefault());
  return made;
}
