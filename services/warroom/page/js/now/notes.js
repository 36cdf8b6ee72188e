// @ts-check
// What the team has written down, was told and did, the latest first.

import { locked, onWho, post } from "../api.js";
import { button, empty, field, fill, h } from "../dom.js";
import { running } from "../drill.js";
import { clock, iso, time } from "../format.js";
import { draft } from "../kept.js";
import { subscribe } from "../live.js";
import { refresh, subscribe as follow } from "../story.js";

/** In a few words, and what was said. @type {Record<string, (what: any) => [string, string]>} */
const KINDS = {
  noted: (what) => ["noted", what.text],
  hinted: (what) => [`hint ${what.number}`, what.text],
  assessed: (what) => [`judged ${what.severity}`, what.hurt],
  acted: (what) => [`${what.action} ${what.on.join(", ")}`, what.why],
  mitigated: () => ["mitigated", "customers have been served as promised for a minute"],
  escalated: () => ["escalated", "nobody had acknowledged the page"],
  paused: (what) => ["paused", what.why],
  resumed: (what) => ["resumed", what.why],
  triggered: (what) => ["the load turned", what.time > 1 ? `for the ${what.time}. time` : ""],
};

/**
 * @param {import("./ends.js").Ends} ends
 * @returns {HTMLElement}
 */
export function notes(ends) {
  const text = h("textarea", { maxlength: 5000, rows: 2, dir: "auto" });
  const forget = draft(text, "note", ends);
  const form = h("form", { class: "form" });
  fill(
    form,
    field("A note for everybody", text),
    button(
      "Write it down",
      async () => {
        if (!text.value.trim()) throw new Error("It says nothing yet.");
        await post("/api/drill/note", { text: text.value });
        forget();
        await refresh();
      },
      { type: "submit" },
    ),
  );
  form.addEventListener("submit", (/** @type {Event} */ event) => event.preventDefault());
  const list = h("ol", { class: "notes", tabindex: "0" });
  const inside = h("div", { class: "form" });
  const tell = (/** @type {import("../story.js").Happened[]} */ events) => {
    const told = events.filter((one) => one.what.kind in KINDS).reverse();
    fill(list, told.length ? told.map(line) : h("li", null, empty("Nothing yet")));
  };
  ends.push(follow(tell));
  ends.push(
    onWho((who) => fill(inside, who ? [form, list] : locked("The team’s notes are behind its token.", refresh))),
  );
  ends.push(subscribe("status", (now) => now.error || (form.hidden = !running(now))));
  return h("section", { class: "card", "aria-labelledby": "notes" }, h("h2", { id: "notes" }, "Notes"), inside);
}

/** @param {import("../story.js").Happened} one */
function line(one) {
  const [kind, said] = KINDS[one.what.kind](one.what);
  const when = one.elapsed_s === null ? time(one.at) : clock(one.elapsed_s);
  return h(
    "li",
    null,
    h("p", { class: "facts" }, h("time", { datetime: one.at, title: `${time(one.at)} (${iso(one.at)})` }, when), h("span", null, one.who), h("span", null, kind)),
    said ? h("p", { class: "said", dir: "auto" }, said) : null,
  );
}
