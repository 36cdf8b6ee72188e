// @ts-check
// All drills of this lab, and what became better or worse from one to the next.

import { get, locked, onWho, who } from "../api.js";
import { arrange, empty, failed, fill, h, loading } from "../dom.js";
import { duration, iso, money, time } from "../format.js";
import { report } from "../history/report.js";
import { trends } from "../history/trends.js";
import { subscribe } from "../live.js";
import { replace } from "../router.js";

/** @type {import("../router.js").Mount} */
export function mount(el, _, query) {
  const list = h("div", { class: "view" }, loading("Reading the drills …"));
  const one = h("div", null);
  let chosen = query.get("drill") ?? "";
  let drawn = ""; // what is there: refilled only with something else
  let lost = false;
  /** @type {Map<string, {text: string, element: HTMLElement}>} */
  const rows = new Map();
  const body = h("tbody");
  const drills = table(body);
  const trend = h("div");
  fill(el, h("h1", null, "History"), list, one);
  const choose = async (/** @type {string} */ id) => {
    chosen = id;
    replace(`/history?drill=${encodeURIComponent(id)}`);
    try {
      fill(one, report(await get("/api/drill/report", { drill: id })));
      one.querySelector("h2")?.focus();
    } catch (error) {
      fill(one, failed(error));
    }
  };
  const read = async () => {
    if (!who()) {
      drawn = "";
      return void fill(list, locked("The drills are behind a token, the team’s or the instructor’s.", () => {}));
    }
    try {
      const found = await get("/api/drill/history");
      lost = false;
      const now = JSON.stringify(found);
      if (now === drawn) return;
      if (!found.length) fill(list, empty("No drill so far", "An instructor starts one."));
      else {
        // The row of a drill that has not changed stays, and with it the focus of who reads there.
        for (const one of found) {
          const [text, old] = [JSON.stringify(one), rows.get(one.id)];
          if (old?.text === text) continue;
          const element = row(one, choose);
          const focused = old?.element.contains(document.activeElement);
          old?.element.replaceWith(element);
          if (focused) element.querySelector("button")?.focus();
          rows.set(one.id, { text, element });
        }
        arrange(body, [...found].reverse().map((/** @type {any} */ one) => rows.get(one.id)?.element));
        fill(trend, trends(found));
        if (drills.parentElement !== list) fill(list, drills, trend);
      }
      drawn = now;
    } catch (error) {
      lost = true;
      const said = `failed ${error}`;
      if (drawn !== said) fill(list, failed(error, read));
      drawn = said;
    }
  };
  const ends = [
    onWho(() => {
      read();
      if (chosen && who()) choose(chosen);
    }),
    // A drill has begun, ended, or got further.
    subscribe("events", () => who() && read()),
    subscribe("connection", (now) => now === "live" && lost && read()),
  ];
  return () => ends.forEach((end) => end());
}

/** @param {HTMLElement} body */
function table(body) {
  const heads = ["Drill", "Team", "Begun", "Scenario", "Outcome", "Acknowledged", "Mitigated", "Cause", "Verified", "Out of SLO", "Orders lost", "Money wrong", "Tries", "Hints"];
  return h(
    "section",
    { class: "card", "aria-labelledby": "drills" },
    h("h2", { id: "drills" }, "Drills"),
    h(
      "div",
      { class: "wide" },
      h(
        "table",
        null,
        h("caption", null, "The latest first. Times are the drill’s own, from the page on."),
        h("thead", null, h("tr", null, heads.map((name, at) => h("th", { scope: "col", class: at > 4 ? "figure" : "" }, name)))),
        body,
      ),
    ),
  );
}

/**
 * @param {Record<string, any>} one
 * @param {(id: string) => unknown} choose
 */
function row(one, choose) {
  const kind = [one.assessment ? "assessment" : "practice", `${one.profile} minutes`, one.pace === 1 ? "" : `pace ${one.pace}`];
  const figures = [
    duration(one.acknowledge_s),
    duration(one.mitigate_s),
    duration(one.cause_s),
    duration(one.verified_s),
    duration(one.out_of_slo_s),
    one.orders_lost ?? "–",
    one.money_wrong_cents === null ? "–" : money(one.money_wrong_cents),
    one.tries,
    one.hints,
  ];
  return h(
    "tr",
    null,
    h("th", { scope: "row" }, h("button", { type: "button", class: "plain", onclick: () => choose(one.id) }, one.id)),
    h("td", null, h("bdi", null, one.team), h("div", { class: "small soft" }, kind.filter(Boolean).join(", "))),
    h("td", null, h("time", { datetime: one.armed_at, title: iso(one.armed_at) }, time(one.armed_at))),
    h("td", null, one.scenario ?? h("span", { class: "soft" }, "not told yet")),
    h("td", null, one.outcome ?? one.phase, one.guided && one.outcome !== "guided" ? ", guided" : ""),
    figures.map((text) => h("td", { class: "figure" }, text)),
  );
}
