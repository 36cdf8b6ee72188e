// @ts-check
// What a part of a view began, and how all of it ends.

/** @typedef {(() => unknown)[]} Ends */

/** @param {Ends} ends */
export function end(ends) {
  for (const one of ends.splice(0)) one();
}
