// @ts-check
// One cursor for several charts: where one of them is read, all are.

/** @returns {import("./chart.js").Crosshair} */
export function crosshair() {
  /** @type {Set<(at: number | null) => void>} */
  const listeners = new Set();
  return {
    show: (at) => listeners.forEach((shown) => shown(at)),
    listen: (shown) => {
      listeners.add(shown);
      return () => listeners.delete(shown);
    },
  };
}
