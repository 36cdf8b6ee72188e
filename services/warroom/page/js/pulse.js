// @ts-check
// Work that is done again and again, and rests while nobody looks at the tab.

/**
 * @param {number} seconds between the end of one turn and the beginning of the next
 * @param {() => unknown} work done now as well; may be awaited, and must say itself what went wrong
 * @returns {() => void} which ends it
 */
export function pulse(seconds, work) {
  let timer = 0;
  let ended = false;
  let running = false;
  const turn = async () => {
    clearTimeout(timer);
    if (ended || running || document.hidden) return;
    running = true;
    try {
      await work();
    } finally {
      running = false;
      if (!ended) timer = window.setTimeout(turn, seconds * 1000);
    }
  };
  document.addEventListener("visibilitychange", turn);
  turn();
  return () => {
    ended = true;
    clearTimeout(timer);
    document.removeEventListener("visibilitychange", turn);
  };
}
