// @ts-check
// The fix: brief, deploy, releases, and what the lab makes of it.

import { fill, h } from "../dom.js";
import { link } from "../router.js";
import { alerts } from "../parts/alerts.js";
import { brief } from "../parts/brief.js";
import { deploy } from "../parts/deploy.js";
import { releases } from "../parts/releases.js";
import { behindToken, notYet, standing } from "../parts/standing.js";
import { verdict } from "../parts/verdict.js";

/** @param {HTMLElement} el */
export function mount(el) {
  return behindToken(el, "Fix", (place, ends) => {
    fill(
      place,
      standing(ends, where),
      h(
        "div",
        { class: "halves" },
        h("div", { class: "stack" }, brief(ends), deploy(ends), releases(ends)),
        h("div", { class: "stack" }, verdict(ends), alerts(ends)),
      ),
    );
  });
}

/** @param {Record<string, any>} now */
function where(now) {
  if (now.phase === "ai-fix") {
    const guided = now.guided ? ["What happened is told ", link("/cause", "link by link"), ". "] : null;
    return h(
      "p",
      null,
      guided,
      `Runs: ${now.release}. `,
      now.verdict ? `Verdict: ${now.verdict}. ` : null,
      "Four patches wait at the ",
      link("/review", "review bench"),
      ".",
    );
  }
  if (now.phase === "post-mortem") {
    return h(
      "p",
      null,
      `Runs: ${now.release}. `,
      now.verdict === "verified" ? "It is verified. " : "What is mended now still counts. ",
      link("/postmortem", "To the post-mortem"),
      ".",
    );
  }
  return (
    notYet(now) ?? h("p", null, "The drill is over; what it left is in the ", link("/postmortem", "post-mortem"), ".")
  );
}
