// @ts-check
// Where the drill is, as far as it matters to a view: what may be done now, or what has to come first. And the token,
// without which there is little to see.

import { locked, onWho, who } from "../api.js";
import { fill, h, loading } from "../dom.js";
import { drill } from "../kept.js";
import { subscribe } from "../live.js";
import { link } from "../router.js";

/** @typedef {Record<string, any>} Status what GET /api/drill answers */

/**
 * @param {import("./pieces.js").Ends} ends
 * @param {(status: Status) => any} says what there is to say; null for nothing
 * @returns {HTMLElement}
 */
export function standing(ends, says) {
  const place = h("div", { class: "standing", role: "status" });
  let said = "";
  ends.push(
    subscribe("status", (status) => {
      const now = JSON.stringify({ ...status, elapsed_s: 0, remaining_s: 0, cooldown_s: 0 });
      if (now === said) return;
      said = now;
      fill(place, status.error ? h("p", { class: "critical" }, status.error) : says(status));
    }),
  );
  return place;
}

/** What is said of a drill in which nothing can be mended yet; null if it can. @param {Status} status */
export function notYet(status) {
  switch (status.phase) {
    case "idle":
      return h("p", null, "No drill is under way. An instructor starts one.");
    case "armed":
      return h("p", null, "The drill is armed and nobody has been paged yet.");
    case "alerting":
      return h("p", null, "First say how bad it is and who is hurt: ", link("/", "Now"), ".");
    case "dark-room":
      return h(
        "p",
        null,
        "First the ",
        link("/cause", "root cause"),
        ". Until then what can be done is to limit the harm: ",
        link("/", "Now"),
        ".",
      );
    default:
      return null;
  }
}

/**
 * Shows a view's inside to whoever has a token, once the drill is known, and anew for another drill; asks everybody else
 * for a token.
 * @param {HTMLElement} el
 * @param {string} title
 * @param {(place: HTMLElement, ends: import("./pieces.js").Ends) => void} build
 * @returns {() => void} which ends the view
 */
export function behindToken(el, title, build) {
  /** @type {import("./pieces.js").Ends} */
  let inner = [];
  let built = "";
  const place = h("div", { class: "view" });
  fill(el, h("h1", null, title), place);
  const end = () => {
    for (const one of inner) one();
    inner = [];
  };
  const show = () => {
    const now = !who() ? "locked" : drill() === null ? "waiting" : `${who()} ${drill()}`;
    if (now === built) return;
    built = now;
    end();
    if (now === "locked")
      fill(
        place,
        locked("This is the team’s; labctl token team prints its token.", () => {}),
      );
    else if (now === "waiting") fill(place, loading("Waiting for the war room …"));
    else build(fill(place), inner);
  };
  const forget = [onWho(show), subscribe("status", show)];
  return () => {
    for (const one of forget) one();
    end();
  };
}
