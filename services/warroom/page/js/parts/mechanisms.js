// @ts-check
// The closed list of mechanisms, to search in and choose from.

import { get } from "../api.js";
import { failed, fill, h, loading } from "../dom.js";

/** The list does not change while a page lives. @type {Record<string, string> | null} */
let list = null;

/**
 * @param {string} chosen
 * @param {(name: string) => void} choose
 * @returns {HTMLElement}
 */
export function mechanisms(chosen, choose) {
  const found = h("div", { class: "mechanisms", role: "radiogroup", "aria-label": "Mechanism" });
  const said = h("p", { class: "soft small", role: "status" });
  const search = h("input", {
    type: "search",
    "aria-label": "Search the mechanisms",
    placeholder: "Search: cache, twice, time-out, …",
    autocomplete: "off",
    spellcheck: "false",
    oninput: () => show(),
  });
  let mine = chosen;
  const show = () => {
    const words = search.value.toLowerCase().split(/\s+/).filter(Boolean);
    const all = Object.entries(list ?? {});
    const fitting = all.filter(([name, text]) =>
      words.every((/** @type {string} */ word) => `${name} ${text}`.toLowerCase().includes(word)),
    );
    // What is chosen stays in sight.
    const shown = all.filter(([name]) => name === mine && !fitting.some(([one]) => one === name)).concat(fitting);
    fill(
      found,
      shown.map(([name, text]) => choice(name, text, name === mine, pick)),
    );
    fill(said, `${fitting.length} of ${all.length}`);
  };
  /** @param {string} name */
  const pick = (name) => {
    mine = name;
    choose(name);
  };
  const begin = async () => {
    if (!list) fill(found, loading("Fetching the list …"));
    try {
      list ??= await get("/api/drill/mechanisms");
      show();
    } catch (error) {
      fill(found, failed(error, begin));
    }
  };
  begin();
  return h("fieldset", { class: "field" }, h("legend", null, "Mechanism"), search, found, said);
}

/** @param {string} name @param {string} text @param {boolean} checked @param {(name: string) => void} pick */
function choice(name, text, checked, pick) {
  const input = h("input", { type: "radio", name: "mechanism", value: name, checked, onchange: () => pick(name) });
  return h("label", { class: "choice" }, input, h("span", null, h("strong", null, name), `: ${text}`));
}
