// @ts-check
// How each step of the drill is going, and everything that happened in it.

import { get } from "../api.js";
import { empty, failed, fill, h } from "../dom.js";
import { status, timed } from "../drill.js";
import { clock, duration, iso, money, time } from "../format.js";
import { subscribe } from "../live.js";
import { pulse } from "../pulse.js";
import { many } from "../parts/pieces.js";
import { of, subscribe as follow } from "../story.js";
import { follow as followWork, runs } from "../work.js";

const KINDS = /** @type {const} */ (["deploy", "verify", "review", "guardrail"]);
const SHOWN = 200; // events
const LONGEST = 400; // characters of one fact
const HARM_S = 15; // the harm goes on where nothing happens

/**
 * @param {import("../now/ends.js").Ends} ends
 * @returns {HTMLElement}
 */
export function progress(ends) {
  const place = h("div", { class: "wide" });
  const log = h("ol", { class: "notes", tabindex: "0" });
  /** @type {Record<string, any>} */
  const work = {};
  /** @type {any} */
  let report = null;
  let drawn = ""; // what is there: refilled only with something else
  let lost = false;
  let asked = 0;
  let measuredAt = -Infinity;
  const due = () => performance.now() - measuredAt >= HARM_S * 1000;
  const draw = () => {
    const now = JSON.stringify([report, work, of("submitted", "reviewed").length]);
    if (!report || lost || now === drawn) return;
    drawn = now;
    fill(place, table(report, work));
  };
  const ask = async () => {
    const mine = ++asked;
    if (status()?.error) return;
    if (!status()?.id) {
      drawn = "";
      return void fill(place, empty("There has been no drill yet"));
    }
    try {
      const measured = due();
      if (measured) measuredAt = performance.now();
      const found = await get("/api/drill/report", { harm: measured });
      // What it costs customers is a question to Prometheus about the whole incident: not one for each event.
      if (mine !== asked) {
        if (!measured || report?.id !== found.id) return;
        report.harm = found.harm;
        return draw();
      }
      if (!measured && report?.id === found.id) found.harm ??= report.harm;
      report = found;
      lost = false;
      draw();
    } catch (error) {
      if (mine !== asked) return;
      lost = true;
      const said = `failed ${error}`;
      if (drawn !== said) fill(place, failed(error, ask));
      drawn = said;
    }
  };
  ends.push(subscribe("events", ask));
  ends.push(subscribe("connection", (now) => now === "live" && lost && ask()));
  ends.push(pulse(HARM_S / 3, () => (report && timed() && due() ? ask() : null)));
  for (const kind of KINDS) {
    ends.push(
      followWork(kind, (latest) => {
        work[kind] = latest;
        draw();
      }),
    );
  }
  ends.push(
    follow((events) => {
      fill(log, events.slice(-SHOWN).reverse().map(line));
      draw();
    }),
  );
  return h(
    "section",
    { class: "card", "aria-labelledby": "progress" },
    h("h2", { id: "progress" }, "How it is going"),
    place,
    h("h3", null, "Everything that happened, the latest first"),
    log,
  );
}

/**
 * @param {any} report
 * @param {Record<string, any>} work
 */
function table(report, work) {
  const { times, harm } = report;
  const tries = of("submitted");
  const last = tries.at(-1);
  const rows = [
    ["Paged", times.detect_s, "after the load turned"],
    ["Acknowledged", times.acknowledge_s, report.escalated ? "escalated meanwhile" : ""],
    ["Assessed", report.assessed, report.assessed ? [`${report.assessed.severity}: `, h("bdi", null, report.assessed.hurt)] : ""],
    ["Mitigated", times.mitigate_s, report.actions.map((/** @type {any} */ one) => `${one.action} ${one.on.join(", ")}`.trim()).join("; ")],
    ["Root cause", times.cause_s, last ? `${many(report.tries, "try", "tries")}; last ${last.mechanism} at ${last.component}, ${held(last)}` : `${report.hints} hints`],
    ["Review bench", of("reviewed").length || null, worked(work.review) || reviewed(report.review)],
    ["Deployed", report.deployed.length || null, worked(work.deploy) || report.deployed.map((/** @type {any} */ one) => `${one.release}${one.healthy ? "" : ", not healthy"}`).join("; ")],
    ["Verified", times.verified_s, worked(work.verify) || report.verdicts.map((/** @type {any} */ one) => `${one.release}: ${one.verdict}`).join("; ")],
    ["Team spec", report.spec_changed || null, report.spec_changed ? "changed" : ""],
    ["Guardrail", report.guardrails.length || null, worked(work.guardrail) || report.guardrails.map((/** @type {any} */ one) => `${one.name}: ${one.bites ? "bites" : "does not bite"}`).join("; ")],
    ["Post-mortem", Object.keys(report.written).length || null, Object.keys(report.written).join(", ")],
  ];
  const lost = harm ? `${duration(harm.out_of_slo_s)} out of SLO, ${harm.orders_lost} orders lost, ${money(harm.money_wrong_cents)} wrong` : "not known yet";
  return [
    h(
      "table",
      null,
      h("caption", { class: "unseen" }, "The steps of the drill"),
      h("thead", null, h("tr", null, ["Step", "After", "How"].map((name) => h("th", { scope: "col" }, name)))),
      h("tbody", null, rows.map(([name, at, how]) => row(name, at, how))),
    ),
    h("p", null, `Harm: ${lost}.`),
    report.owed.length ? h("p", null, `Owed: ${report.owed.join(", ")}.`) : null,
  ];
}

/**
 * @param {string} name
 * @param {any} at seconds, anything else that is there, or null
 * @param {any} how text, or what holds it
 */
function row(name, at, how) {
  const when = typeof at === "number" && name !== "Deployed" && name !== "Review bench" && name !== "Guardrail" && name !== "Post-mortem";
  const mark = at === null ? h("span", { class: "soft" }, "–") : h("span", { class: "good" }, when ? `✓ ${duration(at)}` : "✓");
  return h("tr", null, h("th", { scope: "row" }, name), h("td", null, mark), h("td", null, how || h("span", { class: "soft" }, at === null ? "not yet" : "")));
}

/** What is under way, and at which step. @param {any} latest */
function worked(latest) {
  if (!runs(latest)) return "";
  const step = latest.step ?? latest.steps?.at(-1)?.name ?? "";
  return `under way${step ? `: ${step}` : ""}`;
}

/** @param {any} tried */
function held(tried) {
  const good = tried.pieces.filter((/** @type {any} */ piece) => piece.held).length;
  return `${good} of ${tried.pieces.length} pieces held, ${tried.accepted ? "accepted" : "not accepted"}`;
}

/** @param {Record<string, number>} found */
function reviewed(found) {
  if (!Object.values(found).some(Boolean)) return "";
  return `${found.wrong_caught} wrong caught, ${found.wrong_let_through} let through; ${found.right_accepted} right accepted, ${found.right_refused} refused`;
}

/** A fact of an event. @param {any} value */
function shown(value) {
  if (typeof value === "number") return String(Number.isInteger(value) ? value : Number(value.toPrecision(3)));
  return typeof value === "string" ? value : JSON.stringify(value);
}

/** @param {{ref: string, held: boolean, why: string, shown: string}} one */
function piece({ ref, held, why, shown: what }) {
  return `${held ? "✓" : "✗"} ${ref.slice(0, LONGEST)}: ${why || what || "holds"}`;
}

/** @param {import("../story.js").Happened} one */
function line(one) {
  const { kind, ...facts } = one.what;
  const when = one.elapsed_s === null ? time(one.at) : clock(one.elapsed_s);
  const said = Object.entries(facts).flatMap(([name, value]) => {
    if (name === "pieces") return value.map(piece);
    if (name === "late_s" && value < 1) return []; // how long the war room was away
    const text = shown(value);
    if (!text || text === "null" || text === "[]" || text === "{}") return [];
    return [`${name.replaceAll("_", " ")}: ${text.length > LONGEST ? `${text.slice(0, LONGEST)} …` : text}`];
  });
  return h(
    "li",
    null,
    h("p", { class: "facts" }, h("time", { datetime: one.at, title: iso(one.at) }, when), h("span", null, one.who), h("strong", null, kind.replaceAll("-", " "))),
    said.length ? h("p", { class: "said small", dir: "auto" }, said.join("\n")) : null,
  );
}
