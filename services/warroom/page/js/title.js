// @ts-check
// The tab's title: what is shown, and before it how many pages wait, flashing while they do.

const BLINK_MS = 1000;

let view = "";
let waiting = 0;
let timer = 0;

/** @param {string} title */
export function setView(title) {
  view = title;
  write(false);
}

/** @param {number} count pages that nobody has acknowledged */
export function setWaiting(count) {
  if (count === waiting) return;
  waiting = count;
  clearInterval(timer);
  let bright = true;
  write(bright);
  if (count) timer = window.setInterval(() => write((bright = !bright)), BLINK_MS);
}

/** @param {boolean} bright */
function write(bright) {
  const mark = waiting ? `(${waiting}) ${bright ? "PAGE · " : ""}` : "";
  document.title = `${mark}${view ? `${view} · ` : ""}War room`;
}
