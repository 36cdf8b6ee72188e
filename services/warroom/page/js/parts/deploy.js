// @ts-check
// From the workspace to a release: what it changes, and a deploy step by step, whoever began it.

import { post } from "../api.js";
import { button, fill, h } from "../dom.js";
import { diff } from "../diff.js";
import { begun, follow, runs } from "../work.js";
import { packed, subscribe } from "../workspace.js";
import { folder } from "./folder.js";
import { card, mark } from "./pieces.js";

/** @type {Record<string, string>} */
const STATES = {
  running: "is under way",
  deployed: "runs",
  refused: "was refused, and nothing has changed",
  "rolled-back": "did not become healthy; what ran before runs again",
  failed: "did not work",
};

/** @param {import("./pieces.js").Ends} ends */
export function deploy(ends) {
  const changes = h("div", null);
  const able = h("div", { class: "row", hidden: true });
  const progress = h("div", { role: "status" });
  fill(
    able,
    button(
      "Show what it changes",
      async () => {
        const found = await post("/api/drill/diff", await packed());
        fill(changes, diff(found.patch, { none: "The workspace is as the lab made it." }));
      },
      { class: "plain" },
    ),
    button("Deploy it", async () => {
      fill(changes);
      begun("deploy", await post("/api/drill/deploy", await packed()));
    }),
  );
  ends.push(subscribe((entries) => (able.hidden = !entries.length)));
  ends.push(follow("deploy", (latest) => fill(progress, latest ? steps(latest) : null)));
  return card(
    "Deploy",
    h(
      "p",
      { class: "soft" },
      "Lints changed lines, runs guardrails and tests, releases, and takes back what does not become healthy. ",
      h("code", null, "labctl drill deploy"),
      " does the same.",
    ),
    folder(ends),
    able,
    changes,
    progress,
  );
}

/** @param {any} latest */
function steps(latest) {
  return [
    h(
      "ol",
      { class: "deploy-steps" },
      latest.steps.map((/** @type {any} */ step) =>
        h(
          "li",
          { class: step.state },
          step.state === "running" ? h("span", { class: "mark soft" }, "…") : mark(step.state === "passed"),
          h("span", null, step.name),
          step.detail ? h("span", { class: "soft" }, step.detail) : null,
        ),
      ),
    ),
    h(
      "p",
      { class: latest.state === "deployed" ? "good" : runs(latest) ? "" : "critical" },
      h("strong", null, `${latest.release ?? "The release"} ${STATES[latest.state] ?? latest.state}.`),
      latest.why ? ` ${latest.why}` : null,
    ),
  ];
}
