// @ts-check
// The review bench: four proposed patches beside each other, of which at least two are wrong though their tests pass.

import { get, post } from "../api.js";
import { button, failed, fill, h, loading, say } from "../dom.js";
import { diff } from "../diff.js";
import { keep, kept } from "../kept.js";
import { subscribe } from "../live.js";
import * as story from "../story.js";
import { begun, follow, runs } from "../work.js";
import { mark, many } from "../parts/pieces.js";
import { behindToken, notYet, standing } from "../parts/standing.js";

/** @typedef {{patch: string, title: string, diff: string, conditions: string[]}} Patch */
/** @typedef {{accept?: boolean, condition: string}} Decision */
/** @typedef {{patch: string, accepted: boolean, condition: string, right: boolean}} Result */

/** @param {HTMLElement} el */
export function mount(el) {
  return behindToken(el, "Review", (place, ends) => {
    const patches = h("div", { class: "patches" }, loading("Fetching the patches …"));
    const foot = h("div", { class: "card settle" });
    fill(place, standing(ends, where), patches, foot);
    bench(patches, foot, ends);
  });
}

/** @param {Record<string, any>} now */
function where(now) {
  return (
    notYet(now) ??
    h(
      "p",
      null,
      "Accept what you would merge. Reject the others, each with the condition under which it fails. All four are decided on before any is run, once in a drill and before anything is deployed.",
    )
  );
}

/**
 * @param {HTMLElement} place
 * @param {HTMLElement} foot
 * @param {import("../parts/pieces.js").Ends} ends
 */
function bench(place, foot, ends) {
  /** @type {Record<string, Decision>} */
  const decisions = kept("review", {});
  /** @type {Patch[]} */
  let patches = [];
  /** @type {Result[]} */
  let results = [];
  /** @type {any} */
  let latest = null;

  // The button stays the same one while decisions are made: it may have the focus, and a refusal beside it.
  const why = h("p", { class: "critical" });
  const open = h("p", { class: "soft", role: "status" });
  const settle = h(
    "div",
    null,
    why,
    open,
    button("Run all of them", async () => {
      begun(
        "review",
        await post("/api/drill/review", {
          decisions: Object.fromEntries(
            patches.filter(({ patch }) => decisions[patch]).map(({ patch }) => [patch, said(decisions[patch])]),
          ),
        }),
      );
    }),
  );
  const other = h("div");
  fill(foot, settle, other);
  const state = { due: false, asking: false };

  const show = () => {
    const settled = results.length > 0;
    const fixed = settled || runs(latest);
    if (!patches.length && settled) fill(place, results.map(bare));
    else if (!patches.length && !state.asking && !state.due) fill(place);
    for (const card of place.querySelectorAll("[data-patch]")) {
      const name = /** @type {HTMLElement} */ (card).dataset.patch;
      const found = results.find((one) => one.patch === name);
      fill(/** @type {HTMLElement} */ (card.querySelector(".result")), found ? outcome(found) : null);
      for (const control of card.querySelectorAll("input, select"))
        /** @type {HTMLInputElement} */ (control).disabled = fixed;
    }
    settle.hidden = fixed || !patches.length; // nothing can be run of what nobody has seen
    fill(other, settled ? totals(results) : runs(latest) ? h("p", { role: "status" }, `${latest.step} …`) : null);
    const left = patches.filter(({ patch }) => !decided(decisions[patch])).length;
    say(why, latest?.why ?? "");
    say(open, left ? `${many(left, "patch", "patches")} to decide on.` : "All are decided on.");
    foot.hidden = settle.hidden && !fixed;
  };
  const changed = (/** @type {string} */ patch, /** @type {Decision} */ decision) => {
    decisions[patch] = decision;
    keep("review", decisions);
    show();
  };
  const begin = async () => {
    if (state.asking) return;
    state.asking = true;
    if (!patches.length && !results.length) fill(place, loading("Fetching the patches …"));
    try {
      const found = await get("/api/drill/review").finally(() => (state.asking = false));
      state.due = false;
      if (found.patches.length || !patches.length) {
        patches = found.patches;
        fill(
          place,
          patches.map((one) => card(one, decisions[one.patch], changed)),
        );
      }
      show();
    } catch (error) {
      // What has been decided in this drill is told when the patches can be seen no more.
      if (results.length) show();
      else fill(place, failed(error, begin));
    }
  };
  ends.push(
    story.subscribe(() => {
      results = story.of("reviewed");
      show();
    }),
    follow("review", (now) => {
      const over = runs(latest) && !runs(now);
      latest = now;
      if (over && !patches.length) begin();
      show();
    }),
  );
  let shown = "";
  ends.push(
    subscribe("status", (now) => {
      const key = `${now.phase} ${Boolean(now.paused)}`;
      if (now.error || key === shown) return;
      shown = key;
      const fixing = ["ai-fix", "post-mortem"].includes(now.phase);
      state.due = fixing && !patches.length;
      if (fixing && !now.paused && !patches.length) return begin();
      if (fixing && !patches.length && !results.length)
        return fill(place, h("p", { class: "soft" }, "The drill is paused: the patches are shown when it goes on."));
      show();
    }),
  );
}

/**
 * @param {Patch} one
 * @param {Decision | undefined} given
 * @param {(patch: string, decision: Decision) => void} changed
 */
function card(one, given, changed) {
  const now = given ?? { condition: "" };
  const condition = h(
    "select",
    { "aria-label": `Condition under which ${one.patch} fails`, value: now.condition, onchange: () => tell(false) },
    h("option", { value: "" }, "under which condition?"),
    one.conditions.map((name) => h("option", { value: name }, name)),
  );
  const tell = (/** @type {boolean} */ accept) => {
    if (accept) condition.value = "";
    reject.checked = !accept;
    accepted.checked = accept;
    changed(one.patch, { accept, condition: condition.value });
  };
  const radio = (/** @type {boolean} */ accept) =>
    h("input", {
      type: "radio",
      name: `decision-${one.patch}`,
      checked: now.accept === accept,
      onchange: () => tell(accept),
    });
  const [accepted, reject] = [radio(true), radio(false)];
  return h(
    "section",
    { class: "card patch", "data-patch": one.patch, "aria-label": one.patch },
    h("header", null, h("h2", null, one.patch), h("p", null, one.title)),
    h(
      "fieldset",
      { class: "row" },
      h("legend", { class: "unseen" }, `Decision on ${one.patch}`),
      h("label", { class: "choice" }, accepted, "Accept"),
      h("label", { class: "choice" }, reject, "Reject: it fails"),
      condition,
    ),
    h("div", { class: "result", role: "status" }),
    diff(one.diff, { open: true }),
  );
}

/** @param {Decision | undefined} one */
function decided(one) {
  return one?.accept === true || (one?.accept === false && one.condition !== "");
}

/** As the war room takes it, which says what is missing. @param {Decision | undefined} one */
function said(one) {
  return { accept: one?.accept === true, condition: one?.accept ? "" : (one?.condition ?? "") };
}

/** @param {Result} one */
function outcome(one) {
  const decision = one.accepted ? "Accepted" : `Rejected: ${one.condition}`;
  return h(
    "p",
    { class: one.right ? "good" : "critical" },
    mark(one.right, "rightly", "wrongly"),
    ` ${decision}, ${one.right ? "rightly" : "wrongly"}.`,
  );
}

/** A result without its patch, which is shown no more. @param {Result} one */
function bare(one) {
  return h("section", { class: "card patch" }, h("h2", null, one.patch), outcome(one));
}

/** @param {Result[]} results */
function totals(results) {
  const count = (/** @type {boolean} */ accepted, /** @type {boolean} */ right) =>
    results.filter((one) => one.accepted === accepted && one.right === right).length;
  return h(
    "p",
    { role: "status" },
    h("strong", null, `${results.filter((one) => one.right).length} of ${results.length} decisions were right. `),
    `Wrong ones caught: ${count(false, true)}, let through: ${count(true, false)}; right ones accepted: ${count(true, true)}. `,
    `Refused wrongly, or for another reason than the one that holds: ${count(false, false)}.`,
  );
}
