// @ts-check
// What happened in the drill so far: its events, fetched once for all views and told to each as more come.

import { ApiError, get, onWho, who } from "./api.js";
import { subscribe as listen } from "./live.js";

const AGAIN_MS = 2000;

/** @typedef {{number: number, at: string, elapsed_s: number | null, who: string, what: any}} Happened */

/** @type {Happened[]} */
let events = [];
let known = false;
let told = 0; // the number of the last one, as the stream tells it
let reached = -1; // and as far as they have been fetched: not all that are counted are for the team
/** @type {Promise<void> | null} */
let asking = null;
let again = false;
let timer = 0;
/** @type {Set<(events: Happened[]) => void>} */
const listeners = new Set();

/**
 * @param {(events: Happened[]) => void} listener called with all of them, now if they are known and whenever there are more
 * @returns {() => void} which ends that
 */
export function subscribe(listener) {
  listeners.add(listener);
  if (known) listener(events);
  else refresh();
  return () => listeners.delete(listener);
}

/** @param {...string} kinds @returns {any[]} what happened of these kinds, the oldest first, each with number, at, elapsed_s and by whom */
export function of(...kinds) {
  return events
    .filter((one) => kinds.includes(one.what.kind))
    .map((one) => ({ ...one.what, number: one.number, at: one.at, elapsed_s: one.elapsed_s, by: one.who }));
}

/** Fetches what is new. What is asked for meanwhile is fetched afterwards. @returns {Promise<void>} */
export function refresh() {
  if (!who()) return Promise.resolve();
  if (asking) {
    again = true;
    return asking;
  }
  asking = fetchMore().finally(() => {
    asking = null;
    if (again) {
      again = false;
      refresh();
    }
  });
  return asking;
}

async function fetchMore() {
  const until = told;
  let found;
  try {
    found = await get("/api/drill/events", { after: events.at(-1)?.number });
  } catch (error) {
    // The war room is away, which is said elsewhere. A refusal will be one again.
    if (!(error instanceof ApiError && error.status >= 400 && error.status < 500)) {
      clearTimeout(timer);
      timer = window.setTimeout(refresh, AGAIN_MS);
    }
    return;
  }
  reached = Math.max(until, found.at(-1)?.number ?? 0);
  if (known && !found.length) return;
  const first = found.findIndex((/** @type {Happened} */ one) => one.what.kind === "armed");
  events = first < 0 ? [...events, ...found] : found.slice(first);
  known = true;
  for (const listener of listeners) listener(events);
}

listen("events", (latest) => {
  // A lab that was made anew counts from the beginning.
  if (typeof latest?.last !== "number") return; // the log cannot be read just now
  if (latest.last < told) [events, reached] = [[], -1];
  told = latest.last;
  if (told > reached) refresh();
});
onWho(() => {
  refresh();
});
