// @ts-check
// A unified diff, file by file, with line numbers and a sign on each line that is coloured as well.

import { empty, h } from "./dom.js";

const SHOWN = 1500; // lines of a file that are built before somebody asks for the others
const CLASSES = { "+": "added", "-": "removed", "@": "hunk", "\\": "said" };

/** @typedef {{sign: string, text: string, old: number | null, now: number | null}} Line */
/** @typedef {{path: string, fate: string, added: number, removed: number, lines: Line[]}} File */

/**
 * @param {string} text
 * @returns {File[]}
 */
export function parse(text) {
  /** @type {File[]} */
  const files = [];
  let [old, now, oldLeft, nowLeft] = [0, 0, 0, 0];
  let from = "";
  for (const line of text.split("\n")) {
    const file = files.at(-1);
    if (oldLeft <= 0 && nowLeft <= 0) {
      if (line.startsWith("--- ")) {
        from = line.slice(4);
        continue;
      }
      if (line.startsWith("+++ ")) {
        files.push(begun(from, line.slice(4)));
        continue;
      }
      const hunk = line.match(/^@@ -(\d+)(?:,(\d+))? \+(\d+)(?:,(\d+))? @@/);
      if (hunk && file) {
        [old, now] = [Number(hunk[1]), Number(hunk[3])];
        [oldLeft, nowLeft] = [Number(hunk[2] ?? 1), Number(hunk[4] ?? 1)];
      }
      if (file && (hunk || line.startsWith("@@") || line.startsWith("\\"))) file.lines.push(aside(line));
      continue;
    }
    if (!file) continue;
    const sign = line.slice(0, 1) || " ";
    if (sign === "\\") {
      file.lines.push(aside(line));
      continue;
    }
    const [gone, come] = [sign !== "+", sign !== "-"];
    file.lines.push({ sign, text: line.slice(1), old: gone ? old++ : null, now: come ? now++ : null });
    if (gone) oldLeft--;
    if (come) nowLeft--;
    if (sign === "+") file.added++;
    if (sign === "-") file.removed++;
  }
  return files;
}

/**
 * @param {string} text
 * @param {{none?: string, open?: boolean}} [options] `none` is said where nothing differs
 * @returns {HTMLElement}
 */
export function diff(text, options = {}) {
  const files = parse(text);
  if (!files.length) return empty(options.none ?? "Nothing differs.");
  const open = options.open ?? files.length <= 6;
  return h(
    "div",
    { class: "diff" },
    files.map((file) => shown(file, open)),
  );
}

/** @param {File} file @param {boolean} open */
function shown(file, open) {
  const body = h("tbody", null);
  const more = h("p", { class: "soft", hidden: true });
  const details = h(
    "details",
    { open },
    h(
      "summary",
      null,
      h("code", null, file.path),
      file.fate ? ` ${file.fate}` : null,
      h("span", { class: "added" }, ` +${file.added}`),
      h("span", { class: "removed" }, ` −${file.removed}`),
    ),
    h(
      "div",
      { class: "hunks", tabindex: 0, role: "region", "aria-label": `Changes of ${file.path}` },
      h("table", null, body),
    ),
    more,
  );
  let built = 0;
  const build = () => {
    const next = file.lines.slice(built, built + SHOWN);
    body.append(...next.map(row));
    built += next.length;
    const left = file.lines.length - built;
    more.hidden = left === 0;
    more.replaceChildren(
      left ? h("button", { type: "button", class: "plain", onclick: build }, `${left} more lines`) : "",
    );
  };
  if (open) build();
  else details.addEventListener("toggle", () => built || build(), { once: true });
  return details;
}

/** @param {Line} line */
function row(line) {
  return h(
    "tr",
    { class: CLASSES[/** @type {keyof typeof CLASSES} */ (line.sign)] ?? null },
    h("td", { class: "number" }, line.old),
    h("td", { class: "number" }, line.now),
    h("td", { class: "sign" }, "+-".includes(line.sign) ? line.sign : ""),
    h("td", { class: "code" }, line.text),
  );
}

/** @param {string} text @returns {Line} */
function aside(text) {
  return { sign: text.slice(0, 1), text: text.replace(/^\\ /, ""), old: null, now: null };
}

/** @param {string} before @param {string} after @returns {File} */
function begun(before, after) {
  const [a, b] = [before, after].map((one) => one.split("\t")[0]);
  const fate = a === "/dev/null" ? "new" : b === "/dev/null" ? "removed" : "";
  const path = (b === "/dev/null" ? a : b).replace(/^[ab]\//, "");
  return { path, fate, added: 0, removed: 0, lines: [] };
}
