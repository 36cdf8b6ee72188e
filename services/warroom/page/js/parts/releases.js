// @ts-check
// The drill's releases: which one runs, what each changes, and the way back.

import { get, post } from "../api.js";
import { button, failed, fill, h } from "../dom.js";
import { diff } from "../diff.js";
import { iso, time } from "../format.js";
import * as story from "../story.js";
import { card, mark, withReason } from "./pieces.js";

/** @param {import("./pieces.js").Ends} ends */
export function releases(ends) {
  const table = h("div", { class: "wide" });
  const changes = h("div", { class: "form" });
  const begin = async () => {
    try {
      const all = await get("/api/drill/releases");
      fill(
        table,
        h(
          "table",
          null,
          h(
            "thead",
            null,
            h(
              "tr",
              null,
              ["Release", "When", "Of", "Healthy", ""].map((name) => h("th", { scope: "col" }, name)),
            ),
          ),
          h(
            "tbody",
            null,
            [...all].reverse().map((one) => row(one, changes, begin)),
          ),
        ),
      );
    } catch (error) {
      fill(table, failed(error, begin));
    }
  };
  let count = -1;
  ends.push(
    story.subscribe(() => {
      const now = story.of("deployed", "rolled-back").length;
      if (now !== count) begin();
      count = now;
    }),
  );
  return card("Releases", table, changes);
}

/**
 * @param {any} one
 * @param {HTMLElement} changes
 * @param {() => Promise<void>} again
 */
function row(one, changes, again) {
  const show = async () => {
    const found = await get("/api/drill/diff", { release: one.release });
    fill(
      changes,
      h("h3", null, `What ${found.release} changes`),
      diff(found.patch, { none: "Nothing: it is what the lab ships." }),
    );
  };
  const back = async (/** @type {string} */ why) => {
    await post("/api/drill/act", { action: "rollback", on: one.release === "baseline" ? [] : [one.release], why });
    await story.refresh();
    await again();
  };
  return h(
    "tr",
    null,
    h("th", { scope: "row" }, one.release, one.current ? [" ", h("span", { class: "tag good" }, "runs")] : null),
    h("td", null, one.at ? h("time", { datetime: one.at, title: iso(one.at) }, time(one.at)) : "–"),
    h("td", null, one.services.join(", ") || "–"),
    h("td", null, mark(one.healthy, "healthy", "was not healthy")),
    h(
      "td",
      null,
      h(
        "div",
        { class: "row" },
        button("Show the diff", show, { class: "plain" }),
        one.current || !one.healthy ? null : withReason("Roll back to it", "What is wrong with the present one?", back),
      ),
    ),
  );
}
