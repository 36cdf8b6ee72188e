// @ts-check
// What the customers ask for: each profile of the load that is on.

import { empty, fill, h, loading } from "../dom.js";
import { format } from "../format.js";
import { subscribe } from "../live.js";

/**
 * @param {import("./ends.js").Ends} ends
 * @returns {HTMLElement}
 */
export function load(ends) {
  const place = h("div", { class: "wide" }, loading("Asking what is asked …"));
  ends.push(
    subscribe("load", (/** @type {any} */ profiles) => {
      if (profiles.error) fill(place, empty("Nobody knows what is asked", profiles.error));
      else if (!profiles.length) fill(place, empty("No load is on", "labctl load start healthy brings the customers back."));
      else fill(place, table(profiles));
    }),
  );
  return h("section", { class: "card", "aria-labelledby": "load" }, h("h2", { id: "load" }, "Load"), place);
}

/** @param {Record<string, any>[]} profiles */
function table(profiles) {
  const heads = ["Profile", "Asked", "Got", "Fail", "P50", "P99"];
  return h(
    "table",
    null,
    h("caption", { class: "unseen" }, "The load that is on"),
    h("thead", null, h("tr", null, heads.map((name, at) => h("th", { scope: "col", class: at ? "figure" : "" }, name)))),
    h(
      "tbody",
      null,
      profiles.map((one) =>
        h(
          "tr",
          null,
          h("th", { scope: "row" }, one.profile),
          h("td", { class: "figure" }, format(one.asked_rps, "short"), "/s"),
          h("td", { class: "figure" }, format(one.achieved_rps, "short"), "/s"),
          h("td", { class: "figure" }, format(one.failure_ratio, "percentunit")),
          h("td", { class: "figure" }, format(one.p50_s, "s")),
          h("td", { class: "figure" }, format(one.p99_s, "s")),
        ),
      ),
    ),
  );
}
