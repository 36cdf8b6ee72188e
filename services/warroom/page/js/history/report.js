// @ts-check
// One drill in figures.

import { h } from "../dom.js";
import { duration, iso, money, time } from "../format.js";

/** @param {Record<string, any>} found as GET /api/drill/report gives it */
export function report(found) {
  const { times, harm, review } = found;
  const rows = [
    ["Page, after the load turned", duration(times.detect_s)],
    ["Acknowledged", duration(times.acknowledge_s) + (found.escalated ? ", after it was escalated" : "")],
    ["Judged", found.assessed ? [`${found.assessed.severity}: `, h("bdi", null, found.assessed.hurt)] : "–"],
    ["Mitigated", duration(times.mitigate_s)],
    ["Root cause accepted", `${duration(times.cause_s)}${found.overridden ? ", by the instructor" : ""}`],
    ["Verified fix", duration(times.verified_s)],
    ["Out of SLO", harm ? duration(harm.out_of_slo_s) : "–"],
    ["Orders lost", harm ? harm.orders_lost : "–"],
    ["Money wrong", harm ? money(harm.money_wrong_cents) : "–"],
    ["Tries, hints", `${found.tries}, ${found.hints}`],
    ["Asked of AI", `${found.asked}${found.unanswered ? `, ${found.unanswered} unanswered` : ""}`],
    ["Review bench", `${review.wrong_caught} wrong caught, ${review.wrong_let_through} let through; ${review.right_accepted} right accepted, ${review.right_refused} refused`],
    ["Verdicts", found.verdicts.map((/** @type {any} */ one) => `${one.release}: ${one.verdict}`).join("; ") || "–"],
    ["Guardrails", found.guardrails.map((/** @type {any} */ one) => `${one.name}: ${one.bites ? "bites" : "does not bite"}${one.release ? ` (${one.release})` : ""}`).join("; ") || "–"],
    ["Owed", found.owed.join(", ") || "nothing"],
  ];
  const acts = found.actions.map((/** @type {any} */ one) => h("li", null, `${one.action} ${one.on.join(", ")}: `, h("bdi", null, one.why)));
  return h(
    "section",
    { class: "card", "aria-labelledby": "report" },
    h("h2", { id: "report", tabindex: -1 }, `Drill ${found.id}${found.scenario ? `, ${found.scenario}` : ""}`),
    h(
      "p",
      { class: "soft" },
      "Team ",
      h("bdi", null, found.team),
      ", ",
      h("time", { datetime: found.armed_at, title: iso(found.armed_at) }, time(found.armed_at)),
      `, ${found.outcome ?? found.phase}`,
      found.why ? [": ", h("bdi", null, found.why)] : null,
    ),
    h("table", null, h("tbody", null, rows.map(([name, text]) => h("tr", null, h("th", { scope: "row" }, name), h("td", null, text))))),
    acts.length ? [h("h3", null, "What was done about the harm"), h("ul", null, acts)] : null,
  );
}
