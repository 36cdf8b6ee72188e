// @ts-check
// What can be done about the harm before anybody knows the cause. Each is done for a reason, which is written down.

import { get, post, who } from "../api.js";
import { button, field, fill, h } from "../dom.js";
import { timed } from "../drill.js";
import { snapshot, subscribe } from "../live.js";

const ACTIONS = {
  restart: "Restart services",
  "stop-job": "Stop a job",
  shed: "Ask customers of checkout to come later",
  rollback: "Roll back to a release",
};
const SERVICES = ["billing", "checkout", "inventory", "orders", "partner", "processor", "promotions"];
const CUSTOMERS = "healthy"; // the profile that is no job

/**
 * @param {import("./ends.js").Ends} ends
 * @returns {HTMLElement}
 */
export function act(ends) {
  const what = h("select", null, Object.entries(ACTIONS).map(([value, text]) => h("option", { value }, text)));
  const on = h("div", { class: "on" });
  const why = h("input", { type: "text", maxlength: 500, autocomplete: "off", dir: "auto" });
  const done = h("p", { class: "good", role: "status" });
  const form = h("form", { class: "form" });
  fill(
    form,
    field("What to do", what),
    on,
    field("Why", why, "It is part of the drill’s story."),
    button(
      "Do it",
      async () => {
        fill(done);
        if (!why.value.trim()) throw new Error("Say why; it is part of the drill’s story.");
        const chosen = new FormData(form).getAll("on");
        await post("/api/drill/act", { action: what.value, on: chosen.filter(Boolean), why: why.value });
        fill(done, `Done: ${ACTIONS[/** @type {keyof typeof ACTIONS} */ (what.value)].toLowerCase()}.`);
        why.value = "";
      },
      { type: "submit" },
    ),
    done,
  );
  form.addEventListener("submit", (/** @type {Event} */ event) => event.preventDefault());
  const offer = async () => {
    const of = what.value;
    const found = await options(of);
    if (of === what.value) fill(on, found); // something else may have been chosen meanwhile
  };
  what.addEventListener("change", offer);
  offer();
  const whole = h(
    "section",
    { class: "card", "aria-labelledby": "act" },
    h("h2", { id: "act" }, "Limit the harm"),
    h("p", { class: "soft small" }, "Mitigated is when customers have been served as promised for a minute. The trigger comes back until the fix is verified."),
    form,
  );
  let jobs = "";
  ends.push(
    subscribe("load", () => {
      const now = running().join();
      if (what.value === "stop-job" && now !== jobs) offer();
      jobs = now;
    }),
  );
  ends.push(subscribe("status", (now) => now.error || (whole.hidden = !timed(now))));
  return whole;
}

function running() {
  const profiles = snapshot("load");
  return Array.isArray(profiles) ? profiles.map((one) => one.profile).filter((name) => name !== CUSTOMERS) : [];
}

/** @param {string} action */
async function options(action) {
  switch (action) {
    case "restart":
      return boxes("Which services", SERVICES);
    case "stop-job": {
      const names = running();
      return names.length ? boxes("Which job", names) : h("p", { class: "soft" }, "No job runs just now.");
    }
    case "rollback":
      return releases();
    default:
      return h("p", { class: "soft" }, "Half of the checkouts see a page that says “later”.");
  }
}

/**
 * @param {string} legend
 * @param {string[]} names
 */
function boxes(legend, names) {
  return h(
    "fieldset",
    { class: "choices" },
    h("legend", null, legend),
    names.map((name) => h("label", { class: "choice" }, h("input", { type: "checkbox", name: "on", value: name }), name)),
  );
}

async function releases() {
  let found = [{ release: "baseline", healthy: true }];
  try {
    if (who()) found = await get("/api/drill/releases");
  } catch {
    // there are none but the baseline
  }
  const names = found.filter((one) => one.healthy !== false).map((one) => one.release);
  return field("To which release", h("select", { name: "on" }, names.map((name) => h("option", { value: name }, name))));
}
