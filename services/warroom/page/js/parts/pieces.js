// @ts-check
// What the views of the drill have in common: a mark that is a word too, a reason that is asked for, files to download.

import { button, h } from "../dom.js";

/** @typedef {(() => void)[]} Ends what is called when a view ends */

/**
 * @param {boolean} good
 * @param {string} yes
 * @param {string} no
 */
export function mark(good, yes = "passed", no = "failed") {
  return h(
    "span",
    { class: `mark ${good ? "good" : "critical"}` },
    h("span", { "aria-hidden": "true" }, good ? "✓" : "✗"),
    h("span", { class: "unseen" }, good ? yes : no),
  );
}

/**
 * A section with its heading.
 * @param {any} title
 * @param {...any} children
 */
export function card(title, ...children) {
  return h("section", { class: "card" }, h("h2", null, title), children);
}

/**
 * A button that asks for a reason before it does something.
 * @param {string} label
 * @param {string} question
 * @param {(why: string) => Promise<unknown>} work
 */
export function withReason(label, question, work) {
  const why = h("input", {
    type: "text",
    maxlength: 500,
    required: true,
    autocomplete: "off",
    dir: "auto",
    "aria-label": question,
    placeholder: question,
  });
  const details = h(
    "details",
    { class: "reason" },
    h("summary", { class: "button plain" }, label),
    h(
      "div",
      { class: "row" },
      why,
      button(label, async () => {
        if (!why.value.trim()) {
          why.focus();
          throw new Error("Say why; it is in the report.");
        }
        await work(why.value.trim());
        why.value = "";
        details.open = false;
      }),
    ),
  );
  details.addEventListener("toggle", () => details.open && why.focus());
  return details;
}

/**
 * @param {string} name
 * @param {string} text
 * @param {string} type
 */
export function download(name, text, type) {
  const url = URL.createObjectURL(new Blob([text], { type }));
  const anchor = h("a", { href: url, download: name });
  document.body.append(anchor);
  anchor.click();
  anchor.remove();
  setTimeout(() => URL.revokeObjectURL(url), 10_000);
}

/** How many, with the word for one or several. @param {number} count @param {string} one @param {string} [several] */
export function many(count, one, several = `${one}s`) {
  return `${count} ${count === 1 ? one : several}`;
}
