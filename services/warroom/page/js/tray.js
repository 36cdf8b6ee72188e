// @ts-check
// The evidence tray: what somebody came across and may hand in with a root cause. It belongs to a drill and a browser.

import { h } from "./dom.js";
import { concerns, drill, keep, kept } from "./kept.js";
import { subscribe } from "./live.js";

/** @typedef {{ref: string, label: string}} Item `ref` is what the referee reads, `kind:value` */

export const KINDS = ["trace", "metric", "log", "sql", "probe"];
const NAME = "tray";
const MOST = 40;
const LONGEST = 4000; // characters of a reference

/** @returns {Item[]} in the order in which they are handed in */
export function items() {
  const found = kept(NAME, /** @type {Item[]} */ ([]));
  return Array.isArray(found) ? found.filter((one) => typeof one?.ref === "string") : [];
}

export function count() {
  return items().length;
}

/** @param {string} ref */
export function has(ref) {
  return items().some((one) => one.ref === ref);
}

/** @param {string} ref */
export function kind(ref) {
  return ref.slice(0, ref.indexOf(":"));
}

/**
 * Puts a reference into the tray, once.
 * @param {string} ref such as `trace:4bf9…` or `metric:rate(…)`
 * @param {string} [label] what people call it
 * @returns {string} why it cannot be; empty if it is there
 */
export function useAsEvidence(ref, label = "") {
  const text = ref.trim();
  if (drill() === null) return "The war room has not told which drill this is; try again in a moment.";
  if (!KINDS.includes(kind(text)) || !text.slice(text.indexOf(":") + 1).trim()) {
    return `That is no reference to evidence: begin it with ${KINDS.join(":, ")}:.`;
  }
  if (text.length > LONGEST) return `A reference has ${LONGEST} characters at most.`;
  const all = items();
  if (all.some((one) => one.ref === text)) return "";
  if (all.length >= MOST) return "The tray is full; take something out of it first.";
  set([...all, { ref: text, label: label.slice(0, 300) }]);
  return "";
}

/** @param {string} ref */
export function remove(ref) {
  set(items().filter((one) => one.ref !== ref));
}

/** @param {string} ref @param {number} by places, before if negative */
export function move(ref, by) {
  const all = items();
  const from = all.findIndex((one) => one.ref === ref);
  const to = Math.min(all.length - 1, Math.max(0, from + by));
  if (from < 0 || from === to) return;
  all.splice(to, 0, ...all.splice(from, 1));
  set(all);
}

export function clear() {
  set([]);
}

/**
 * A button that puts something into the tray, and takes it out again.
 * @param {string | (() => string)} ref a function where it is known only when it is pressed
 * @param {string | (() => string)} [label]
 * @returns {HTMLButtonElement}
 */
export function evidenceButton(ref, label = "") {
  const now = () => (typeof ref === "function" ? ref() : ref);
  const made = h("button", { type: "button", class: "evidence plain" });
  made.addEventListener("click", () => {
    if (has(now())) remove(now());
    else made.title = useAsEvidence(now(), typeof label === "function" ? label() : label);
    show(made, now());
  });
  shown.set(made, now);
  show(made, now());
  return made;
}

/** What each button is about; those that are gone are forgotten with their view. @type {WeakMap<Element, () => string>} */
const shown = new WeakMap();

/** @param {Element} button @param {string} ref */
function show(button, ref) {
  const is = has(ref);
  button.setAttribute("aria-pressed", String(is));
  button.textContent = is ? "✓ In the tray" : "Use as evidence";
}

/** @param {Item[]} all */
function set(all) {
  keep(NAME, all);
  tell();
}

function tell() {
  for (const button of document.querySelectorAll("button.evidence")) {
    const ref = shown.get(button);
    if (ref) show(button, ref());
  }
  window.dispatchEvent(new CustomEvent("tray", { detail: { count: count() } }));
}

window.addEventListener("storage", (event) => {
  if (concerns(event, NAME)) tell();
});
let of = "";
subscribe("status", (status) => {
  if (status?.id === of) return;
  of = status?.id ?? "";
  tell(); // another drill, another tray
});
