// @ts-check
// What this browser keeps of a drill: the evidence tray and drafts. Another drill begins with nothing.

import { snapshot, subscribe } from "./live.js";

const PREFIX = "drill/";
const MOST = 4; // drills whose drafts stay

/** Where the browser refuses to keep anything, it is kept as long as the page. @type {Map<string, string>} */
const memory = new Map();

/** @type {string | null} */
let known = null;

/** The drill that this is about; "none" before the first, null before the war room has spoken. */
export function drill() {
  const status = snapshot("status");
  if (status && !status.error) known = status.id ?? "none";
  return known; // a log that cannot be read just now makes no other drill of it
}

/**
 * @template T
 * @param {string} name
 * @param {T} otherwise what it is if nothing is kept, or it is not known for which drill
 * @returns {T}
 */
export function kept(name, otherwise) {
  const text = read(key(name));
  try {
    return text === null ? otherwise : JSON.parse(text);
  } catch {
    return otherwise;
  }
}

/**
 * @param {string} name
 * @param {any} value undefined: nothing any more
 */
export function keep(name, value) {
  const where = key(name);
  if (value === undefined) return drop(where);
  memory.set(where, JSON.stringify(value));
  try {
    localStorage.setItem(where, JSON.stringify(value));
  } catch {
    // full, or not allowed
  }
  tidy();
}

/**
 * Keeps what somebody is writing into a field, for as long as the drill goes on.
 * @param {HTMLInputElement | HTMLTextAreaElement} control
 * @param {string} name
 * @param {(() => unknown)[]} ends
 * @returns {() => void} which forgets it, with what the field holds
 */
export function draft(control, name, ends) {
  /** @type {string | null} */
  let of = null;
  const save = () => keep(name, control.value || undefined);
  control.addEventListener("input", save);
  ends.push(
    subscribe("status", () => {
      const now = drill();
      if (now === null || now === of) return;
      if (of !== null || !control.value) control.value = kept(name, "");
      else save(); // it was begun before anybody knew of which drill
      of = now;
    }),
  );
  return () => {
    control.value = "";
    save();
  };
}

/** @param {StorageEvent} event from another tab @param {string} name */
export function concerns(event, name) {
  return event.key === null || event.key === key(name);
}

/** @param {string} name */
function key(name) {
  return `${PREFIX}${drill()}/${name}`;
}

/** @param {string} where */
function read(where) {
  try {
    return localStorage.getItem(where) ?? memory.get(where) ?? null;
  } catch {
    return memory.get(where) ?? null;
  }
}

/** @param {string} where */
function drop(where) {
  memory.delete(where);
  try {
    localStorage.removeItem(where);
  } catch {
    // there is none then
  }
}

function tidy() {
  const mine = [...memory.keys()];
  try {
    mine.push(...Object.keys(localStorage).filter((one) => one.startsWith(PREFIX)));
  } catch {
    // only what is in memory
  }
  const drills = [...new Set(mine.map((one) => one.split("/")[1]))].filter((one) => one !== drill());
  const old = drills.sort((one, other) => number(other) - number(one)).slice(MOST - 1);
  for (const one of mine) if (old.includes(one.split("/")[1])) drop(one);
}

/** @param {string} id such as d-12 */
function number(id) {
  return Number(id.split("-")[1]) || 0;
}
