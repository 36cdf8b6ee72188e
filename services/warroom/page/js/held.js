// @ts-check
// Whether something is being pressed: until that is over, what it is in stays as it is, or the press would be lost.

const ENDS = ["pointerup", "pointercancel", "blur"]; // wherever it ends

/**
 * @param {HTMLElement} el
 * @param {() => void} over called when a press has ended, and its click is done
 */
export function holding(el, over) {
  let held = false;
  const release = () => {
    if (!held) return;
    // The click that a press becomes comes after its end.
    setTimeout(() => {
      held = false;
      over();
    });
  };
  el.addEventListener("pointerdown", (/** @type {PointerEvent} */ event) => (held = event.button === 0));
  for (const one of ENDS) window.addEventListener(one, release);
  return {
    held: () => held,
    destroy() {
      for (const one of ENDS) window.removeEventListener(one, release);
    },
  };
}
