// @ts-check
// The pager's sound, made by an oscillator: two notes, again and again, until somebody acknowledges.
// A browser makes no sound before the viewer has pressed something on the page.

const NOTES = [880, 660]; // Hz
const NOTE_S = 0.18;
const EVERY_S = 1.6;
const KEPT = "muted";
const GESTURES = ["pointerdown", "pointerup", "keydown"]; // of a finger only the end of a touch counts

/** @type {AudioContext | null} */
let context = null;
let ringing = false;
let timer = 0;
/** @type {Set<() => void>} */
const listeners = new Set();

/** @typedef {"on" | "muted" | "blocked"} Sound blocked: until the viewer has pressed something */

/** @returns {Sound} */
export function sound() {
  if (muted()) return "muted";
  return context?.state === "running" ? "on" : "blocked";
}

/** @param {() => void} listener called whenever sound() may have changed */
export function onSound(listener) {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

/** To be called from a press of the viewer's. @param {boolean} off */
export function mute(off) {
  try {
    localStorage.setItem(KEPT, off ? "1" : "");
  } catch {
    // until the page is loaded anew
  }
  if (!off) allow();
  else silence();
  tell();
}

/** Any press will do for the browser. */
export function begin() {
  for (const kind of GESTURES) document.addEventListener(kind, allow);
}

/** @param {boolean} yes */
export function ring(yes) {
  if (yes === ringing) return;
  ringing = yes;
  if (yes) play();
  else silence();
}

/** Is it to be heard now? For tests and for the page's own words. */
export function isRinging() {
  return ringing && sound() === "on";
}

async function allow() {
  if (!context) {
    context = new AudioContext();
    context.addEventListener("statechange", changed);
  }
  if (context.state !== "running") await context.resume();
  changed();
}

/** A browser also takes it back: a call comes in, the machine slept, another device is plugged in. */
function changed() {
  const runs = context?.state === "running";
  for (const kind of GESTURES) {
    if (runs) document.removeEventListener(kind, allow);
    else document.addEventListener(kind, allow);
  }
  tell();
  if (runs && ringing) play();
}

function play() {
  clearTimeout(timer);
  if (!ringing || sound() !== "on" || !context) return;
  const begin = context.currentTime + 0.02;
  NOTES.forEach((frequency, at) => note(frequency, begin + at * NOTE_S));
  timer = window.setTimeout(play, EVERY_S * 1000);
}

/**
 * @param {number} frequency Hz
 * @param {number} at the context's seconds
 */
function note(frequency, at) {
  if (!context) return;
  const oscillator = new OscillatorNode(context, { type: "triangle", frequency });
  const volume = new GainNode(context, { gain: 0 });
  // A sudden edge would click.
  volume.gain.linearRampToValueAtTime(0, at);
  volume.gain.linearRampToValueAtTime(0.25, at + 0.01);
  volume.gain.linearRampToValueAtTime(0, at + NOTE_S);
  oscillator.connect(volume).connect(context.destination);
  oscillator.start(at);
  oscillator.stop(at + NOTE_S);
}

function silence() {
  clearTimeout(timer);
}

function muted() {
  try {
    return localStorage.getItem(KEPT) === "1";
  } catch {
    return false;
  }
}

function tell() {
  for (const listener of listeners) listener();
}
