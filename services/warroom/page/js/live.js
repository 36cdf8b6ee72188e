// @ts-check
// What the war room tells everybody as it happens: the latest of each topic, and who wants to hear of it.
//
// A browser has six connections to a server for all its tabs, and each stream takes one for good. So one tab holds it and
// passes on what it hears; the others only ask how things stand. When that tab is closed the next one takes over.

const SILENCE_MS = 15_000; // the war room speaks every 2 s
const AGAIN_MS = 1_000;
const SHARED = "warroom-live"; // what the tabs call the lock and the channel
const COMPLETE = "history"; // the last that a new viewer is told
// All of them, since another tab may want what this one does not; see services/warroom/topics.py.
const TOPICS = ["pages", "status", "events", "work", "load", "signals", "calls", COMPLETE];

/** @typedef {"connecting" | "live" | "lost"} Connection */

/** What was told last, as it came: what is told again and has not changed is nobody's news. @type {Map<string, string>} */
const texts = new Map();
/** @type {Map<string, any>} */
const latest = new Map([["connection", "connecting"]]);
/** @type {Map<string, Set<(data: any) => void>>} */
const listeners = new Map();
/** @type {EventSource | null} */
let source = null;
let watchdog = 0;
/** Does this tab hold the connection for all? */
let leading = true;
/** @type {BroadcastChannel | null} */
let channel = null;

/**
 * @param {string} topic one of TOPICS, or connection
 * @returns {any} the latest of it; undefined before the first
 */
export function snapshot(topic) {
  return latest.get(topic);
}

/**
 * @param {string} topic
 * @param {(data: any) => void} listener called at once with the latest, if there is one, and whenever it has changed
 * @returns {() => void} which ends that
 */
export function subscribe(topic, listener) {
  const those = listeners.get(topic) ?? new Set();
  listeners.set(topic, those);
  those.add(listener);
  if (latest.has(topic)) listener(latest.get(topic));
  return () => those.delete(listener);
}

export function begin() {
  // Neither is there where the page was asked for by a name over plain HTTP: then every tab has its own.
  if (navigator.locks && window.BroadcastChannel) share();
  connect();
}

function share() {
  leading = false;
  channel = new BroadcastChannel(SHARED);
  channel.addEventListener("message", ({ data: [topic, text] }) => {
    if (leading) return;
    if (topic === "connection") {
      alive(); // the tab that leads is; it tries again for all
      tell(topic, text);
    } else passed(topic, text);
  });
  navigator.locks.request(SHARED, () => {
    leading = true;
    if (source?.readyState === EventSource.CLOSED) connect();
    return new Promise(() => {}); // until this tab is closed
  });
}

function connect() {
  source?.close();
  source = new EventSource("/api/live");
  for (const topic of TOPICS) source.addEventListener(topic, heard);
  source.addEventListener("tick", ticked);
  source.addEventListener("error", lost);
  alive();
}

/** @param {Event} event from the war room */
function heard(event) {
  const { type, data } = /** @type {MessageEvent} */ (event);
  if (leading) channel?.postMessage([type, data]);
  passed(type, data);
  // The rest comes from the tab that leads; but not what was asked for this tab and is not there yet.
  if (type === COMPLETE && !leading && !JSON.parse(data).error) source?.close();
}

/** @param {string} topic @param {string} text its JSON */
function passed(topic, text) {
  alive();
  tell("connection", "live");
  if (texts.get(topic) === text) return;
  texts.set(topic, text);
  tell(topic, JSON.parse(text));
}

// The war room is there, also where nothing else can be told just now.
function ticked() {
  if (leading) channel?.postMessage(["connection", "live"]);
  alive();
  tell("connection", "live");
}

// A connection may be dead without anybody having said so: a laptop that slept, a cable.
function alive() {
  clearTimeout(watchdog);
  watchdog = window.setTimeout(lost, SILENCE_MS);
}

function lost() {
  if (leading) channel?.postMessage(["connection", "lost"]);
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
