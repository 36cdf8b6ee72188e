// @ts-check
// Links that carry the last minutes into Grafana, Jaeger and Prometheus, where those run.

import { get } from "../api.js";
import { fill, h } from "../dom.js";

const MINUTES = 15;

/** @returns {HTMLElement} */
export function elsewhere() {
  const place = h("p", { class: "row small" });
  get("/api/links").then(
    (links) => {
      // The times are those of the click.
      const anchors = [
        links.grafana && anchor("Grafana", () => `${links.grafana}/d/overview?from=${ago()}&to=${Date.now()}`),
        links.jaeger &&
          anchor("Jaeger", () => `${links.jaeger}/search?lookback=custom&start=${ago()}000&end=${Date.now()}000&service=checkout`),
        links.prometheus && anchor("Prometheus", () => `${links.prometheus}/alerts`),
      ];
      fill(place, h("span", { class: "soft" }, "These minutes in"), anchors);
    },
    () => fill(place),
  );
  return place;
}

function ago() {
  return Date.now() - MINUTES * 60_000;
}

/**
 * @param {string} text
 * @param {() => string} address
 */
function anchor(text, address) {
  const made = h("a", { href: address(), target: "_blank", rel: "noopener" }, text);
  for (const kind of ["pointerdown", "focus"]) made.addEventListener(kind, () => (made.href = address()));
  return made;
}
