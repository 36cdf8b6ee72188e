// @ts-check
// The dialog that asks for a token.

import { fill, h } from "./dom.js";

/** @type {Promise<boolean> | null} */
let asking = null;

/**
 * One dialog at a time: who asks meanwhile gets the same answer.
 * @param {string} complaint what was wrong with the one before
 * @param {(token: string) => Promise<void>} accept takes it, or throws with what is wrong with it
 * @returns {Promise<boolean>} false if nobody gave one
 */
export function ask(complaint, accept) {
  asking ??= open(complaint, accept).finally(() => (asking = null));
  return asking;
}

/**
 * @param {string} complaint
 * @param {(token: string) => Promise<void>} accept
 * @returns {Promise<boolean>}
 */
function open(complaint, accept) {
  const input = h("input", { id: "token", type: "password", autocomplete: "off", spellcheck: "false", required: true });
  const wrong = h("p", { class: "refusal", role: "alert" }, complaint);
  const form = h(
    "form",
    { method: "dialog" },
    h("h2", { id: "token-asked" }, "Who are you?"),
    h(
      "p",
      null,
      "What changes a drill is done in somebody’s name. ",
      h("code", null, "labctl token team"),
      " prints the team’s token. This tab remembers it until it is closed.",
    ),
    h("label", { for: "token" }, "Token"),
    input,
    wrong,
    h(
      "div",
      { class: "buttons" },
      h("button", { type: "button", class: "plain", onclick: () => dialog.close() }, "Cancel"),
      h("button", { type: "submit" }, "Go on"),
    ),
  );
  const dialog = h("dialog", { "aria-labelledby": "token-asked" }, form);
  return new Promise((resolve) => {
    let given = false;
    form.addEventListener("submit", async (/** @type {Event} */ event) => {
      event.preventDefault();
      try {
        await accept(input.value.trim());
        given = true;
        dialog.close();
      } catch (error) {
        fill(wrong, error instanceof Error ? error.message : String(error));
        input.select();
      }
    });
    dialog.addEventListener("close", () => {
      dialog.remove();
      resolve(given);
    });
    document.body.append(dialog);
    dialog.showModal();
  });
}
