// @ts-check
// The drill as the war room last told it, with its clock at this moment.

import { snapshot, subscribe } from "./live.js";

/** @typedef {Record<string, any>} Status what GET /api/drill answers */

export const PHASES = {
  idle: "No drill",
  armed: "Armed",
  alerting: "Alerting",
  "dark-room": "Dark room",
  "ai-fix": "AI-assisted fix",
  "post-mortem": "Post-mortem",
  closed: "Closed",
  aborted: "Aborted",
};
const RUNNING = new Set(["armed", "alerting", "dark-room", "ai-fix", "post-mortem"]);
const TIMED = new Set(["alerting", "dark-room", "ai-fix", "post-mortem"]);

let toldAt = 0;

subscribe("status", () => (toldAt = performance.now()));

/** @returns {Status | undefined} undefined until the war room has spoken */
export function status() {
  return snapshot("status");
}

/** @param {Status | undefined} [of] */
export function phaseName(of = status()) {
  if (of?.error) return "not known";
  return of ? (PHASES[/** @type {keyof typeof PHASES} */ (of.phase)] ?? of.phase) : "…";
}

/** Is one under way? @param {Status | undefined} [of] */
export function running(of = status()) {
  return RUNNING.has(of?.phase);
}

/** Does its clock run, or could it? @param {Status | undefined} [of] */
export function timed(of = status()) {
  return TIMED.has(of?.phase);
}

/**
 * The drill's seconds since the page, those that are left of the phase, and those until a cause may be handed in again;
 * null where there is no such time.
 */
export function times() {
  const now = status();
  if (!now || !now.id) return { elapsed: null, remaining: null, cooldown: 0 };
  const ticking = timed(now) && !now.paused && snapshot("connection") === "live";
  const since = ticking ? ((performance.now() - toldAt) / 1000) * now.pace : 0;
  return {
    elapsed: now.page ? now.elapsed_s + since : null,
    remaining: now.remaining_s === null || !timed(now) ? null : Math.max(0, now.remaining_s - since),
    cooldown: Math.max(0, now.cooldown_s - since),
  };
}
