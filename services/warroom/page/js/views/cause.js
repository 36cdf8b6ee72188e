// @ts-check
// The root cause: what it is, where, and what shows it; and what the referee said.

import { post } from "../api.js";
import { button, fill, h } from "../dom.js";
import { status, times } from "../drill.js";
import { clock } from "../format.js";
import { keep, kept } from "../kept.js";
import { link } from "../router.js";
import * as story from "../story.js";
import { items } from "../tray.js";
import { answer, tried } from "../parts/answer.js";
import { chain } from "../parts/chain.js";
import { mechanisms } from "../parts/mechanisms.js";
import { card } from "../parts/pieces.js";
import { probes } from "../parts/probes.js";
import { behindToken, standing } from "../parts/standing.js";
import { MOST, tray } from "../parts/tray.js";

const COMPONENTS = [
  "billing",
  "checkout",
  "inventory",
  "orders",
  "promotions",
  "processor",
  "partner",
  "warroom",
  "postgres",
];
const SHORTEST = 20;
const LONGEST = 600; // characters of a sentence

/** @param {HTMLElement} el */
export function mount(el) {
  return behindToken(el, "Root cause", (place, ends) => {
    fill(
      place,
      standing(ends, where),
      chain(ends),
      h("div", { class: "halves" }, form(ends), h("div", { class: "stack" }, probes(ends), tries(ends))),
    );
  });
}

/** @param {Record<string, any>} now */
function where(now) {
  switch (now.phase) {
    case "idle":
    case "closed":
    case "aborted":
      return h("p", null, "No drill is under way.");
    case "armed":
      return h(
        "p",
        null,
        "The drill is armed and nobody has been paged yet. What is collected now shows what healthy looks like.",
      );
    case "alerting":
      return h("p", null, "First say how bad it is and who is hurt: ", link("/", "Now"), ".");
    case "dark-room":
      return h(
        "p",
        null,
        `Hand in a component, a mechanism, and evidence that tells affected from unaffected.${now.assessment ? " A try that is not accepted costs points." : ""}`,
      );
    default:
      return h(
        "p",
        null,
        now.root_cause === "accepted" ? "A root cause is accepted: " : "The time for the root cause is over: ",
        link("/mend", "to the fix"),
        ".",
      );
  }
}

/** @param {import("../parts/pieces.js").Ends} ends */
function form(ends) {
  const draft = kept("cause", {
    component: "",
    mechanism: "",
    location: "",
    sentence: "",
    left: /** @type {string[]} */ ([]),
  });
  const left = new Set(draft.left);
  const save = () => keep("cause", { ...draft, left: [...left] });
  /** @param {"component" | "location" | "sentence"} name @param {any} input */
  const field = (name, input) => {
    input.value = draft[name];
    input.addEventListener("input", () => {
      draft[name] = input.value;
      save();
      tell();
    });
    return input;
  };
  const component = field(
    "component",
    h(
      "select",
      { id: "component", required: true },
      h("option", { value: "" }, "choose"),
      COMPONENTS.map((one) => h("option", { value: one }, one)),
    ),
  );
  const location = field(
    "location",
    h("input", { id: "location", type: "text", maxlength: 300, placeholder: "file.py, function", autocomplete: "off" }),
  );
  const sentence = field(
    "sentence",
    h("textarea", { id: "sentence", rows: 3, dir: "auto", "aria-describedby": "sentence-said" }),
  );
  const said = h("p", { id: "sentence-said", class: "soft small" });
  const count = h("p", { class: "soft small" });
  const wait = h("p", { class: "warning", role: "timer" });
  const outcome = h("div", { class: "outcome", role: "status" });
  const given = () =>
    items()
      .map((one) => one.ref)
      .filter((ref) => !left.has(ref));
  const tell = () => {
    fill(said, `${sentence.value.trim().length} characters, of ${SHORTEST} to ${LONGEST}.`);
    fill(count, `${given().length} of ${items().length} pieces in the tray will be handed in.`);
  };
  const cool = () => {
    const { cooldown } = times();
    fill(wait, cooldown > 0 ? `The next one can be handed in after ${clock(Math.ceil(cooldown))}.` : null);
  };
  const each = setInterval(cool, 500);
  ends.push(() => clearInterval(each));
  cool();

  const submit = button("Hand it in", async () => {
    const missing = [
      [draft.component, "a component"],
      [draft.mechanism, "a mechanism"],
      [draft.sentence.trim(), "a sentence"],
    ].filter(([value]) => !value);
    if (missing.length) throw new Error(`A root cause needs ${missing.map(([, what]) => what).join(", ")}.`);
    if (given().length > MOST) throw new Error(`${MOST} pieces of evidence at most; leave some of the tray out.`);
    fill(outcome);
    const { component, mechanism, location, sentence } = draft;
    const found = await post("/api/drill/submit", {
      component,
      mechanism,
      location,
      sentence: sentence.trim(),
      evidence: given(),
    });
    fill(outcome, answer(found), found.accepted ? h("p", null, next(mechanism)) : null);
    outcome.scrollIntoView({ block: "nearest" });
    await story.refresh();
  });
  const made = card(
    "What it is",
    h(
      "div",
      { class: "form" },
      h("div", { class: "field" }, h("label", { for: "component" }, "Component"), component),
      mechanisms(draft.mechanism, (name) => {
        draft.mechanism = name;
        save();
      }),
      h("div", { class: "field" }, h("label", { for: "location" }, "Where in the code"), location),
      h(
        "div",
        { class: "field" },
        h("label", { for: "sentence" }, "Why that hurts customers, in a sentence"),
        sentence,
        said,
      ),
      tray(
        ends,
        left,
        () => {
          save();
          tell();
        },
        tell,
      ),
      count,
      wait,
      submit,
      outcome,
    ),
  );
  tell();
  return made;
}

/** @param {string} mechanism */
function next(mechanism) {
  if (mechanism === "no-incident")
    return ["There is nothing to mend: ", link("/postmortem", "to the post-mortem"), "."];
  return [`AI is ${status()?.gate ? "still shut" : "open now"}: `, link("/mend", "to the fix"), "."];
}

/** @param {import("../parts/pieces.js").Ends} ends */
function tries(ends) {
  const list = h("div", { class: "tries" });
  ends.push(
    story.subscribe(() => {
      const all = story.of("submitted").reverse();
      const by = story
        .of("overridden")
        .map((one) => h("p", null, "The instructor accepted the cause by hand: ", one.why));
      fill(list, by, all.length ? all.map(tried) : h("p", { class: "soft" }, "Nothing has been handed in."));
    }),
  );
  return card("Handed in so far", list);
}
