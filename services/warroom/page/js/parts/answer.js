// @ts-check
// What the referee said of a root cause, piece by piece.

import { h } from "../dom.js";
import { duration } from "../format.js";
import { mark, many } from "./pieces.js";

/**
 * @param {{accepted: boolean, why?: string, pieces: {ref: string, held: boolean, why: string}[], points?: number | null}} found
 * @param {{class?: string}} [options]
 */
export function answer(found, options = {}) {
  return h(
    "div",
    { class: `ruled ${found.accepted ? "good" : "critical"} ${options.class ?? ""}` },
    h("p", { class: "said" }, found.accepted ? "Accepted." : "Not accepted."),
    h("ul", { class: "pieces" }, found.pieces.map(piece)),
    found.why ? h("p", null, found.why) : null,
    typeof found.points === "number" ? h("p", null, many(found.points, "point")) : null,
  );
}

/** @param {{ref: string, held: boolean, why: string}} one */
function piece(one) {
  return h(
    "li",
    null,
    mark(one.held, "holds", "does not hold"),
    h("code", { class: "ref" }, one.ref),
    h("span", null, one.held ? "holds" : one.why || "does not hold"),
  );
}

/**
 * A try that somebody has made, in any browser.
 * @param {any} event submitted
 */
export function tried(event) {
  return h(
    "article",
    { class: "try" },
    h(
      "p",
      null,
      h("strong", null, `${event.mechanism} at ${event.component}`),
      event.location ? `, ${event.location}` : null,
      h("span", { class: "soft" }, `, ${duration(event.elapsed_s)} after the page`),
    ),
    h("blockquote", { dir: "auto" }, event.sentence),
    answer(event),
  );
}
