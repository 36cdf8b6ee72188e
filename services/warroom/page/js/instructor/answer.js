// @ts-check
// What the team looks for, while it does: the scenario, the causal chain, the hints and the debrief.

import { get } from "../api.js";
import { empty, failed, fill, h } from "../dom.js";
import { subscribe } from "../live.js";
import { markdown } from "../markdown.js";

/**
 * @param {import("../now/ends.js").Ends} ends
 * @returns {HTMLElement}
 */
export function answer(ends) {
  const place = h("div", { class: "form" });
  let of = "";
  const show = async () => {
    try {
      fill(place, told(await get("/api/drill/answer")));
    } catch (error) {
      fill(place, failed(error, show));
    }
  };
  ends.push(
    subscribe("status", (now) => {
      if (now.error) return; // it is said elsewhere
      if (now.id === null) fill(place, empty("There has been no drill yet"));
      else if (now.id !== of) show();
      of = now.id;
    }),
  );
  return h("section", { class: "card", "aria-labelledby": "answer" }, h("h2", { id: "answer" }, "The answer"), place);
}

/** @param {Record<string, any>} found */
function told(found) {
  return [
    h("p", null, h("strong", null, found.scenario), `: ${found.title}`),
    h("details", null, h("summary", null, "Cause"), h("ul", null, found.answers.map(cause))), // a screen may be shared
    h("details", null, h("summary", null, "Causal chain"), h("ol", null, found.chain.map(link))),
    h("details", null, h("summary", null, `Hints: ${found.hints.length}`), h("ol", null, found.hints.map((/** @type {string} */ one) => h("li", null, one)))),
    h("details", null, h("summary", null, "Debrief"), markdown(found.text, 3)),
  ];
}

/** @param {{components: string[], mechanisms: string[]}} one */
function cause(one) {
  return h("li", null, h("strong", null, one.mechanisms.join(" or ")), ` at ${one.components.join(" or ")}`);
}

/** @param {{link: string, first_shown_by?: string}} one */
function link(one) {
  return h("li", null, one.link, one.first_shown_by ? h("div", { class: "small soft" }, "first shown by ", h("code", null, one.first_shown_by)) : null);
}
