// @ts-check
// The brief: what to give to an assistant, once AI is open.

import { get } from "../api.js";
import { button, failed, fill, h } from "../dom.js";
import { status } from "../drill.js";
import { subscribe } from "../live.js";
import * as story from "../story.js";
import { card, download } from "./pieces.js";

/** @param {import("./pieces.js").Ends} ends */
export function brief(ends) {
  const place = h("div", { class: "form" });
  let said = "";
  const begin = async () => {
    try {
      const { markdown } = await get("/api/drill/brief");
      fill(
        place,
        h(
          "p",
          { class: "soft" },
          "The accepted cause, its evidence, the files, the constraints and the acceptance checks, for whichever assistant.",
        ),
        h(
          "div",
          { class: "row" },
          button("Copy", () => copy(markdown), { class: "plain" }),
          h(
            "button",
            {
              type: "button",
              class: "plain",
              onclick: () => download(`brief-${status()?.id}.md`, markdown, "text/markdown"),
            },
            "Download",
          ),
        ),
        h("details", null, h("summary", null, "Read it"), h("pre", { class: "text", tabindex: 0 }, markdown)),
      );
    } catch (error) {
      fill(place, failed(error, begin));
    }
  };
  const show = () => {
    const now = status();
    if (now?.error) return; // what is read stays
    const cause = story.of("submitted").find((one) => one.accepted);
    const why =
      cause?.mechanism === "no-incident"
        ? "The answer was that there is no incident, so there is nothing to mend."
        : cause
          ? ""
          : (now?.gate ?? "…");
    if (why === said && place.firstChild) return;
    said = why;
    if (why) fill(place, h("p", { class: "soft" }, why));
    else begin();
  };
  ends.push(subscribe("status", show), story.subscribe(show));
  return card("Brief for an assistant", place);
}

/** @param {string} text */
async function copy(text) {
  try {
    await navigator.clipboard.writeText(text);
  } catch {
    throw new Error("This browser does not let the page copy; download it instead.");
  }
}
