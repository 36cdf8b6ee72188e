// @ts-check
// A verification as it is measured: each figure beside its bound, and in the end what the verdict means.

import { post } from "../api.js";
import { button, fill, h } from "../dom.js";
import { format, iso, time } from "../format.js";
import * as story from "../story.js";
import { begun, follow } from "../work.js";
import { card, mark } from "./pieces.js";

/** @type {Record<string, string>} */
export const VERDICTS = {
  verified: "It is mended.",
  "symptom-only": "The incident comes back.",
  "wrong-cause": "The incident comes back, and what was changed has nothing to do with it.",
  regressed: "Something that held before does not hold now. Telemetry that went missing counts.",
  "load-not-delivered":
    "The customers’ load did not arrive as it should. That says nothing about the fix: verify again.",
  infrastructure: "The lab could not do its part. That says nothing about the fix: verify again.",
};
/** @type {Record<string, string>} */
const OF = { lab: "the lab", load: "the load", incident: "the incident", promise: "a promise" };

/** @param {import("./pieces.js").Ends} ends */
export function verdict(ends) {
  const place = h("div", { class: "form" });
  const head = h("div", { role: "status" });
  const past = h("div", null);
  ends.push(
    follow("verify", (latest) => {
      fill(head, latest ? said(latest) : null);
      fill(place, latest?.checks.length ? checks(latest.checks) : null);
    }),
  );
  ends.push(
    story.subscribe(() => {
      const all = story.of("verified").reverse();
      fill(past, all.length ? [h("h3", null, "Verdicts so far"), all.map(earlier)] : null);
    }),
  );
  return card(
    "Verify",
    h(
      "p",
      { class: "soft" },
      "The incident once more, at four times its size, against what runs. It takes about a minute; outcomes decide, not how the code looks.",
    ),
    button("Verify what runs", async () => begun("verify", await post("/api/drill/verify"))),
    head,
    place,
    past,
  );
}

/** @param {any} latest */
function said(latest) {
  if (latest.running) {
    return h(
      "p",
      null,
      `${latest.release}: ${latest.step} … `,
      h("span", { class: "soft" }, `${Math.round(latest.seconds)} s`),
    );
  }
  return [ruling(latest.release, latest.verdict), h("p", { class: "soft" }, `It took ${format(latest.seconds, "s")}.`)];
}

/** @param {string} release @param {string} verdict */
function ruling(release, verdict) {
  const tone =
    verdict === "verified"
      ? "good"
      : ["load-not-delivered", "infrastructure"].includes(verdict)
        ? "warning"
        : "critical";
  return h(
    "p",
    { class: "ruling" },
    h("span", { class: `tag ${tone}` }, verdict),
    ` ${release}. ${VERDICTS[verdict] ?? ""}`,
  );
}

/** @param {any} one verified, as it stands in the log */
function earlier(one) {
  return h(
    "details",
    null,
    h(
      "summary",
      null,
      `${one.release}: ${one.verdict}, `,
      h("time", { datetime: one.at, title: iso(one.at) }, time(one.at)),
    ),
    h("p", null, VERDICTS[one.verdict] ?? ""),
    checks(one.checks),
  );
}

/** @param {any[]} found */
export function checks(found) {
  return h(
    "div",
    { class: "wide" },
    h(
      "table",
      { class: "checks" },
      h(
        "thead",
        null,
        h(
          "tr",
          null,
          h("th", { scope: "col" }, h("span", { class: "unseen" }, "Passed")),
          ["Check", "Figure", "Bound", "Of"].map((name) =>
            h("th", { scope: "col", class: name === "Figure" || name === "Bound" ? "figure" : null }, name),
          ),
        ),
      ),
      h("tbody", null, found.map(check)),
    ),
  );
}

/** @param {any} one */
function check(one) {
  return h(
    "tr",
    { class: one.passed ? null : "failed" },
    h("td", null, mark(one.passed)),
    h("th", { scope: "row" }, one.name, one.note ? h("span", { class: "soft small" }, ` ${one.note}`) : null),
    h("td", { class: "figure" }, figure(one.figure, one.unit)),
    h("td", { class: "figure soft" }, bound(one)),
    h("td", { class: "of soft" }, OF[one.of] ?? one.of),
  );
}

/** @param {number | null} value @param {string} unit in words, as the referee has it */
function figure(value, unit) {
  if (value === null) return "–";
  if (unit === "of 1") return format(value); // a share
  return unit === "s" ? format(value, "s") : `${format(value)}${unit ? ` ${unit}` : ""}`;
}

/** What it is held to, at most or at least, which the figure and its mark tell. @param {any} one */
function bound(one) {
  if (one.bound === null) return "–";
  const even = one.figure === null || one.figure === one.bound;
  const least = even ? one.of === "load" : one.figure > one.bound === one.passed;
  return `at ${least ? "least" : "most"} ${figure(one.bound, one.unit === "s" ? "s" : "")}`;
}
