// @ts-check
// Choosing the workspace's folder: the war room cannot see it, whoever has it on disk can show it to the browser.

import { fill, h } from "../dom.js";
import { choose, subscribe } from "../workspace.js";
import { many } from "./pieces.js";

/** @param {import("./pieces.js").Ends} ends @returns {HTMLElement} */
export function folder(ends) {
  const refusal = h("p", { class: "refusal", role: "alert" });
  const said = h("p", { class: "soft", role: "status" });
  const input = h("input", {
    type: "file",
    class: "unseen",
    webkitdirectory: true,
    multiple: true,
    tabindex: -1,
    "aria-label": "The workspace’s folder",
    onchange: () => {
      fill(refusal);
      try {
        if (input.files?.length) choose(input.files);
      } catch (error) {
        fill(refusal, error instanceof Error ? error.message : String(error));
      }
      input.value = ""; // the same folder may be chosen again
    },
  });
  ends.push(
    subscribe((entries) => {
      const size = entries.reduce((total, one) => total + one.file.size, 0);
      fill(
        said,
        entries.length
          ? `${many(entries.length, "file")}, ${Math.ceil(size / 1024)} kB. What is packed is what is on disk then.`
          : [
              "The folder that ",
              h("code", null, "labctl drill workspace"),
              " names; it stays on this machine until you deploy.",
            ],
      );
    }),
  );
  return h(
    "div",
    { class: "form" },
    h(
      "div",
      null,
      h("button", { type: "button", class: "plain", onclick: () => input.click() }, "Choose the workspace’s folder"),
      input,
    ),
    said,
    refusal,
  );
}
