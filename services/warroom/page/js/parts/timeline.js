// @ts-check
// The timeline: what happened, a line each, counted from the page.

import { h } from "../dom.js";
import { clock } from "../format.js";

/** @param {{at_s: number, who: string, text: string}[]} lines */
export function timeline(lines) {
  return h(
    "div",
    { class: "wide" },
    h(
      "table",
      { class: "timeline" },
      h(
        "thead",
        null,
        h(
          "tr",
          null,
          h("th", { scope: "col", class: "figure" }, "After the page"),
          h("th", { scope: "col" }, "Who"),
          h("th", { scope: "col" }, "What"),
        ),
      ),
      h(
        "tbody",
        null,
        lines.map((one) =>
          h(
            "tr",
            null,
            h("td", { class: "figure" }, clock(one.at_s)),
            h("td", null, one.who),
            h("td", { dir: "auto" }, one.text),
          ),
        ),
      ),
    ),
  );
}
