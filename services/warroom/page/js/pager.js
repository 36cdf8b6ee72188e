// @ts-check
// The pager, on every view: it rings, flashes the title and says who is paged until somebody acknowledges.

import { onWho, post, who } from "./api.js";
import { button, fill, h } from "./dom.js";
import { subscribe } from "./live.js";
import { onShown } from "./router.js";
import { begin as beginSound, mute, onSound, ring, sound } from "./sound.js";
import { setWaiting } from "./title.js";

/** @typedef {Record<string, any>} Page as GET /api/pages gives it */

/** @type {Page[]} */
let waiting = [];
let path = "";

/** The team is paged, not its instructor. Whoever has not said who they are is asked. */
export function mayAcknowledge() {
  return who() !== "instructor";
}

/** @param {string} id */
export function acknowledge(id) {
  return post(`/api/pages/${id}/ack`);
}

/** Turns the pager's sound on and off, and says whether it can be heard. */
export function soundButton() {
  const made = h("button", { type: "button", class: "plain" });
  const tell = () => {
    const now = sound();
    fill(made, { on: "Sound is on", muted: "Sound is off", blocked: "Turn the sound on" }[now]);
    made.setAttribute("aria-pressed", String(now === "on"));
    made.title = now === "blocked" ? "Browsers make no sound before you press something on a page" : "";
  };
  // Pressing it is what lets the browser sound, so by the time of the click it may be on already.
  let before = sound();
  for (const kind of ["pointerdown", "keydown"]) made.addEventListener(kind, () => (before = sound()));
  made.addEventListener("click", () => mute(before === "on"));
  const ends = onSound(tell);
  tell();
  return { element: made, ends };
}

/** @param {HTMLElement} notice what is seen of it on views other than the pager's own */
export function begin(notice) {
  beginSound();
  // Said at once, whatever a screen reader is at.
  const loud = h("div", { "aria-live": "assertive" });
  const bar = h("div", { class: "notice", hidden: true });
  fill(notice, loud, bar);
  const tell = () => {
    bar.hidden = waiting.length === 0 || path === "/";
    if (bar.hidden) return;
    const [first] = waiting;
    fill(
      bar,
      h("span", { class: "tag critical" }, waiting.length === 1 ? "Page" : `${waiting.length} pages`),
      h("strong", null, first.summary || first.alertname),
      mayAcknowledge() ? button("Acknowledge", () => acknowledge(first.id)) : null,
      h("a", { href: "/" }, "To the pager"),
    );
  };
  let said = "";
  subscribe("pages", (/** @type {Page[] | {error: string}} */ pages) => {
    if (!Array.isArray(pages)) return; // who was paged still is, as far as anybody knows
    waiting = pages.filter((page) => page.status === "firing" && !page.acknowledged_at);
    ring(waiting.length > 0);
    setWaiting(waiting.length);
    const now = waiting.map((page) => page.id).join();
    if (now === said) return; // what has the focus stays where it is
    said = now;
    fill(loud, h("span", { class: "unseen" }, waiting.map((page) => `Page: ${page.summary || page.alertname}. `)));
    tell();
  });
  onWho(tell);
  onShown((now) => {
    path = now;
    tell();
  });
}
