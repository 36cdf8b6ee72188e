// @ts-check
// The team's workspace, as it was given to this tab. The war room cannot see the folder; a browser that is shown it can.

import { pack, workspace } from "./pack.js";

/** @typedef {import("./pack.js").Entry} Entry */

/** @type {Entry[]} */
let entries = [];
/** @type {Set<(entries: Entry[]) => void>} */
const listeners = new Set();

/** @param {Iterable<File>} files what a folder holds. Throws NoWorkspace, and then the one before stays. */
export function choose(files) {
  entries = workspace(files);
  for (const listener of listeners) listener(entries);
}

/**
 * @param {(entries: Entry[]) => void} listener called with its files, none before a folder was chosen
 * @returns {() => void} which ends that
 */
export function subscribe(listener) {
  listeners.add(listener);
  listener(entries);
  return () => listeners.delete(listener);
}

/** @returns {Promise<Blob>} packed as it is on disk now */
export function packed() {
  return pack(entries);
}

/** @param {string} path @returns {Promise<string>} the text of one of its files; empty if it is not there */
export async function text(path) {
  const found = entries.find((one) => one.path === path);
  try {
    return found ? await found.file.text() : "";
  } catch {
    throw new Error(`${path} is no longer what it was when the folder was chosen; choose it again.`);
  }
}

/** @param {Entry[]} of @returns {string[]} what could be tried as guardrails */
export function guardrails(of) {
  return of
    .map((one) => one.path)
    .filter((path) => /^guardrails\/(lint\/[^/]+\.ya?ml|tests\/(.+\/)?test_[^/]+\.py)$/.test(path));
}
