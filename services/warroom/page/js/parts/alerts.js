// @ts-check
// Which alerts of the company fire now, beside what is done about them.

import { fill, h } from "../dom.js";
import { subscribe } from "../live.js";
import { card } from "./pieces.js";

/** @param {import("./pieces.js").Ends} ends */
export function alerts(ends) {
  const place = h("div", { role: "status" }, "…");
  let shown = "";
  ends.push(
    subscribe("pages", (pages) => {
      const open = Array.isArray(pages) ? pages.filter((page) => page.status === "firing") : [];
      const now = Array.isArray(pages) ? JSON.stringify(open.map((page) => page.id)) : pages.error;
      if (now === shown) return; // a screen reader would read all of it again
      shown = now;
      if (!Array.isArray(pages)) return void fill(place, h("p", { class: "critical" }, `What fires is not known: ${pages.error}`));
      fill(
        place,
        open.length
          ? h(
              "ul",
              { class: "plain-list" },
              open.map((page) =>
                h(
                  "li",
                  null,
                  h("span", { class: `tag ${page.severity}` }, page.severity),
                  ` ${page.summary || page.alertname} `,
                  h("span", { class: "soft" }, page.service),
                ),
              ),
            )
          : h("p", { class: "good" }, "None fires."),
      );
    }),
  );
  return card("Alerts", place);
}
