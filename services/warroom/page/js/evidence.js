// @ts-check
// "Use as evidence" where a reference can be handed in as it is; where it can't, the war room says why.

import { get } from "./api.js";
import { fill, h } from "./dom.js";
import { evidenceButton } from "./tray.js";

/**
 * @param {string} ref such as `metric:rate(…)`
 * @param {string} label
 * @returns {HTMLElement} which fills itself when the war room has said whether it can be
 */
export function asEvidence(ref, label) {
  const place = h("span", { class: "evidence-place" });
  get("/api/evidence/check", { ref }).then(
    ({ usable, why }) => fill(place, usable ? evidenceButton(ref, label) : h("span", { class: "soft small" }, `No evidence as it is: ${why}`)),
    (error) => fill(place, h("span", { class: "refusal" }, error.message)),
  );
  return place;
}
