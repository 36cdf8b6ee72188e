// @ts-check
// What takes a while: a deploy, a verification, a review, a proof. How the latest of each fares, followed while it runs.

import { ApiError, get, onWho, who } from "./api.js";
import { snapshot, subscribe } from "./live.js";

/** @typedef {"deploy" | "verify" | "review" | "guardrail"} Kind */
/** @typedef {{latest: any, mark: any, asking: boolean, listeners: Set<(latest: any) => void>}} Followed */

const AGAIN_MS = 2_000; // after what the war room could not say

/** @type {Map<Kind, Followed>} */
const followed = new Map();

/**
 * @param {Kind} kind
 * @param {(latest: any) => void} listener called with what `GET /api/drill/KIND` tells, null where there was none, now
 *   if it is known and whenever it has changed
 * @returns {() => void} which ends that
 */
export function follow(kind, listener) {
  const one = entry(kind);
  one.listeners.add(listener);
  if (one.latest !== undefined) listener(one.latest);
  look(kind);
  return () => one.listeners.delete(listener);
}

/** What a request that began one was answered with. @param {Kind} kind @param {any} latest */
export function begun(kind, latest) {
  tell(kind, latest);
}

/** @param {any} latest @returns {boolean} */
export function runs(latest) {
  return latest?.running ?? latest?.state === "running";
}

/** @param {Kind} kind */
async function look(kind) {
  const one = entry(kind);
  const mark = snapshot("work")?.[kind];
  if (!one.listeners.size || one.asking || !who() || mark === undefined) return;
  one.mark = mark;
  if (!mark) return tell(kind, null);
  one.asking = true;
  try {
    const found = await get(`/api/drill/${kind}`);
    tell(kind, kind === "review" ? found.outcome : found);
  } catch (error) {
    // Not now, or none yet; while the war room is away, what was known stays.
    if (error instanceof ApiError && error.status && error.status < 500) tell(kind, null);
    else {
      one.mark = undefined;
      setTimeout(missed, AGAIN_MS); // the stream does not tell again what has not changed
    }
  } finally {
    one.asking = false;
  }
  if (snapshot("work")?.[kind] !== mark) look(kind);
}

/** @param {Kind} kind @param {any} latest */
function tell(kind, latest) {
  const one = entry(kind);
  if (JSON.stringify(latest) === JSON.stringify(one.latest)) return;
  one.latest = latest;
  for (const listener of one.listeners) listener(latest);
}

/** @param {Kind} kind @returns {Followed} */
function entry(kind) {
  let one = followed.get(kind);
  if (!one) followed.set(kind, (one = { latest: undefined, mark: undefined, asking: false, listeners: new Set() }));
  return one;
}

// The stream tells of each kind a mark that changes with it.
const missed = () => {
  for (const [kind, one] of followed) if (snapshot("work")?.[kind] !== one.mark) look(kind);
};
subscribe("work", missed);
subscribe("connection", (now) => now === "live" && missed());
onWho(() => {
  for (const kind of followed.keys()) look(kind);
});
