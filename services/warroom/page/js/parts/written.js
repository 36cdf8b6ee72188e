// @ts-check
// A part of the post-mortem that people write. It saves itself; where two write at once, neither text is lost.

import { ApiError, post } from "../api.js";
import { fill, h } from "../dom.js";
import { time } from "../format.js";
import { keep, kept } from "../kept.js";
import { subscribe } from "../live.js";
import * as story from "../story.js";

const PAUSE_MS = 900; // without a key pressed, before it is saved
const LONGEST = 20_000; // characters

/**
 * @param {string} part
 * @param {string} question
 * @param {import("./pieces.js").Ends} ends
 */
export function written(part, question, ends) {
  const draft = `write/${part}`;
  const id = `part-${part}`;
  const state = h("p", { class: "small soft", role: "status", id: `${id}-state` });
  const quarrel = h("div", { class: "quarrel", role: "alert" });
  const text = h("textarea", { id, rows: 3, dir: "auto", "aria-describedby": `${id}-state` });
  let base = ""; // what the war room has, as far as this text was written over it
  let theirs = ""; // what it has now
  let timer = 0;
  let saving = false;

  const dirty = () => text.value !== base;
  const torn = () => dirty() && theirs !== base && theirs !== text.value;

  const say = (/** @type {string} */ sentence, tone = "soft") => {
    state.className = `small ${tone}`;
    fill(state, sentence);
  };
  const later = () => {
    clearTimeout(timer);
    timer = window.setTimeout(save, PAUSE_MS);
  };
  const save = async () => {
    if (saving || !dirty() || torn()) return;
    if (text.value.length > LONGEST) {
      return say(
        `It has ${text.value.length} characters; ${LONGEST} at most can be saved. What is here stays in this browser.`,
        "critical",
      );
    }
    saving = true;
    const sent = text.value;
    say("Saving …");
    try {
      await post("/api/drill/write", { part, text: sent, over: base });
      base = sent;
      if (text.value === sent) keep(draft, undefined);
      say(`Saved at ${time(new Date())}.`, "good");
    } catch (error) {
      if (error instanceof ApiError && error.status === 409) await story.refresh();
      if (!torn()) say(refusal(error), "critical");
    } finally {
      saving = false;
    }
    if (dirty() && text.value !== sent) later();
  };
  const settle = (/** @type {string} */ mine) => {
    base = theirs;
    text.value = mine;
    fill(quarrel);
    if (dirty()) save();
    else keep(draft, undefined);
    text.focus();
  };
  const show = () => {
    if (!torn()) return fill(quarrel);
    say("Not saved: somebody else has changed this part.", "critical");
    if (quarrel.dataset.theirs === theirs && quarrel.childElementCount) return;
    quarrel.dataset.theirs = theirs;
    fill(
      quarrel,
      h("p", null, "Somebody else has written meanwhile:"),
      h("blockquote", { class: "text", dir: "auto" }, theirs || "(nothing)"),
      h(
        "div",
        { class: "row" },
        h("button", { type: "button", class: "plain", onclick: () => settle(text.value) }, "Keep mine"),
        h("button", { type: "button", class: "plain", onclick: () => settle(theirs) }, "Take theirs"),
        h(
          "button",
          { type: "button", class: "plain", onclick: () => settle(`${theirs}\n\n${text.value}`) },
          "Keep both",
        ),
      ),
    );
  };
  const heard = (/** @type {string} */ now) => {
    const untouched = !dirty();
    theirs = now;
    if (untouched || theirs === text.value) {
      base = theirs;
      if (text.value !== theirs) text.value = theirs;
    }
    show();
  };

  text.addEventListener("input", () => {
    keep(draft, dirty() ? { text: text.value, base } : undefined);
    show();
    if (!torn()) say("Not saved yet.");
    later();
  });
  text.addEventListener("blur", save);
  const left = kept(draft, null);
  if (left) ({ text: text.value, base } = left);
  ends.push(
    story.subscribe(() => heard(story.of("written").findLast((one) => one.part === part)?.text ?? "")),
    subscribe("connection", (now) => now === "live" && dirty() && later()),
    () => clearTimeout(timer),
  );
  return h(
    "div",
    { class: "field written", "data-part": part },
    h("label", { for: id }, question),
    text,
    state,
    quarrel,
  );
}

/** @param {unknown} error */
function refusal(error) {
  const said = error instanceof Error && error.name !== "AbortError" ? error.message : "It takes a token.";
  return `Not saved, but kept in this browser. ${said}`;
}
