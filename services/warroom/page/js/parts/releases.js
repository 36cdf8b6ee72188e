// @ts-check
// The drill's releases: which one runs, what each changes, and the way back.

import { get, post } from "../api.js";
import { arrange, button, failed, fill, h } from "../dom.js";
import { diff } from "../diff.js";
import { iso, time } from "../format.js";
import * as story from "../story.js";
import { card, mark, withReason } from "./pieces.js";

/** @param {import("./pieces.js").Ends} ends */
export function releases(ends) {
  const table = h("div", { class: "wide" });
  const changes = h("div", { class: "form" });
  const body = h("tbody");
  const heads = ["Release", "When", "Of", "Healthy", ""].map((name) => h("th", { scope: "col" }, name));
  const whole = h("table", null, h("thead", null, h("tr", null, heads)), body);
  /** A release's row stays: somebody may be writing why they go back to it. @type {Map<string, ReturnType<typeof row>>} */
  const rows = new Map();
  const begin = async () => {
    try {
      const all = await get("/api/drill/releases");
      const shown = [...all].reverse().map((/** @type {any} */ one) => {
        const its = rows.get(one.release) ?? row(one, changes, begin);
        rows.set(one.release, its);
        its.update(one);
        return its.element;
      });
      arrange(body, shown);
      if (whole.parentElement !== table) fill(table, whole);
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
  const runs = h("span");
  const healthy = h("td");
  const wayBack = withReason("Roll back to it", "What is wrong with the present one?", back);
  return {
    element: h(
      "tr",
      null,
      h("th", { scope: "row" }, one.release, runs),
      h("td", null, one.at ? h("time", { datetime: one.at, title: iso(one.at) }, time(one.at)) : "–"),
      h("td", null, one.services.join(", ") || "–"),
      healthy,
      h("td", null, h("div", { class: "row" }, button("Show the diff", show, { class: "plain" }), wayBack)),
    ),
    /** @param {any} now */
    update(now) {
      fill(runs, now.current ? [" ", h("span", { class: "tag good" }, "runs")] : null);
      fill(healthy, mark(now.healthy, "healthy", "was not healthy"));
      wayBack.hidden = now.current || !now.healthy;
    },
  };
}
