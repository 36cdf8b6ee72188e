// @ts-check
// The causal chain, link by link, when the drill has turned guided or is over: who wants to think first can.

import { get } from "../api.js";
import { failed, fill, h } from "../dom.js";
import { running } from "../drill.js";
import { keep, kept } from "../kept.js";
import { subscribe } from "../live.js";
import { card } from "./pieces.js";

/** @param {import("./pieces.js").Ends} ends */
export function chain(ends) {
  const place = h("div", null);
  let shown = false;
  const begin = async () => {
    try {
      fill(place, told(await get("/api/drill/chain")));
      shown = true;
    } catch (error) {
      fill(place, failed(error, begin));
    }
  };
  ends.push(
    subscribe("status", (status) => {
      if (status.error) return; // what is read stays
      const due = status.id && (status.guided || !running(status));
      if (due && !shown) begin();
      if (!due && shown) fill(place);
      shown = shown && due;
    }),
  );
  return place;
}

/** @param {{link: string, first_shown_by: string}[]} links */
function told(links) {
  let count = Math.min(links.length, Math.max(1, kept("chain", 1)));
  const list = h("ol", { class: "chain" });
  const more = h("div", { class: "row" });
  const show = () => {
    keep("chain", count);
    fill(
      list,
      links
        .slice(0, count)
        .map((one) =>
          h(
            "li",
            null,
            h("p", null, one.link),
            h("p", { class: "soft small" }, "first shown by ", h("code", null, one.first_shown_by)),
          ),
        ),
    );
    const left = links.length - count;
    fill(more, left ? [next(), h("span", { class: "soft" }, `${left} to come; what will it be?`)] : null);
  };
  const next = () =>
    h(
      "button",
      {
        type: "button",
        onclick: () => {
          count++;
          show();
          more.querySelector("button")?.focus();
        },
      },
      "Show the next link",
    );
  show();
  return card("What happened, link by link", list, more);
}
