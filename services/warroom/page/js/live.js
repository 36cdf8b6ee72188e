// @ts-check
// What the war room tells everybody as it happens: the latest of each topic, and who wants to hear of it.

const SILENCE_MS = 12_000; // the war room speaks every 2 s
const AGAIN_MS = 1_000;

/** @typedef {"connecting" | "live" | "lost"} Connection */

/** @type {Map<string, any>} */
const latest = new Map([["connection", "connecting"]]);
/** @type {Map<string, Set<(data: any) => void>>} */
const listeners = new Map();
/** @type {EventSource | null} */
let source = null;
let watchdog = 0;

/**
 * @param {string} topic status, pages, signals, history, load, events, work; or connection
 * @returns {any} the latest of it; undefined before the first
 */
export function snapshot(topic) {
  return latest.get(topic);
}

/**
 * @param {string} topic
 * @param {(data: any) => void} listener called at once with the latest, if there is one
 * @returns {() => void} which ends that
 */
export function subscribe(topic, listener) {
  let those = listeners.get(topic);
  if (!those) {
    listeners.set(topic, (those = new Set()));
    source?.addEventListener(topic, heard);
  }
  those.add(listener);
  if (latest.has(topic)) listener(latest.get(topic));
  return () => those.delete(listener);
}

export function connect() {
  source?.close();
  source = new EventSource("/api/live");
  for (const topic of listeners.keys()) source.addEventListener(topic, heard);
  source.addEventListener("tick", alive);
  source.addEventListener("error", lost);
  alive();
}

/** @param {Event} event */
function heard(event) {
  const { type, data } = /** @type {MessageEvent} */ (event);
  alive();
  tell("connection", "live");
  tell(type, JSON.parse(data));
}

// A connection may be dead without anybody having said so: a laptop that slept, a cable.
function alive() {
  clearTimeout(watchdog);
  watchdog = window.setTimeout(lost, SILENCE_MS);
}

function lost() {
  tell("connection", "lost");
  source?.close();
  clearTimeout(watchdog);
  watchdog = window.setTimeout(connect, AGAIN_MS);
}

/**
 * @param {string} topic
 * @param {any} data
 */
function tell(topic, data) {
  if (topic === "connection" && latest.get(topic) === data) return;
  latest.set(topic, data);
  for (const listener of listeners.get(topic) ?? []) {
    try {
      listener(data);
    } catch (error) {
      console.error(error); // one view's mistake keeps nothing from the others
    }
  }
}
