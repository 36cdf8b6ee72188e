// @ts-check
// Markdown as elements, as far as the lab's own texts use it. What it does not know stays the text that it is: nothing
// that somebody has written becomes markup of the page.

import { h } from "./dom.js";

const INLINE = /(`{1,3})(.+?)\1|\*\*(.+?)\*\*|\*(.+?)\*|_\((.+?)\)_|\[([^\]]+)\]\(([^)\s]+)\)|\\([\\`*_[\]<>#|])/;
const ITEM = /^(\s*)(?:[-*]|(\d+)\.)\s+(.*)$/;

/**
 * @param {string} text
 * @param {number} [level] of its largest heading on this page
 * @returns {HTMLElement}
 */
export function markdown(text, level = 2) {
  const lines = text.replace(/\r/g, "").split("\n");
  return h("div", { class: "prose" }, blocks(lines, level));
}

/** @param {string[]} lines @param {number} level @returns {HTMLElement[]} */
function blocks(lines, level) {
  const found = [];
  let at = 0;
  /** @param {(line: string) => boolean} is */
  const take = (is) => {
    const from = at;
    while (at < lines.length && is(lines[at])) at++;
    return lines.slice(from, at);
  };
  while (at < lines.length) {
    const line = lines[at];
    const heading = line.match(/^(#{1,6})\s+(.*)$/);
    if (!line.trim()) at++;
    else if (heading) {
      at++;
      found.push(h(`h${Math.min(6, heading[1].length + level - 1)}`, null, inline(heading[2])));
    } else if (line.startsWith("```")) {
      at++;
      const code = take((one) => !one.startsWith("```"));
      at++;
      found.push(h("pre", { tabindex: 0 }, h("code", null, code.join("\n"))));
    } else if (line.startsWith("|") && /^\|[\s|:-]+\|?\s*$/.test(lines[at + 1] ?? "")) {
      found.push(table(take((one) => one.startsWith("|"))));
    } else if (line.startsWith(">")) {
      const quoted = take((one) => one.startsWith(">")).map((one) => one.replace(/^>\s?/, ""));
      found.push(h("blockquote", null, blocks(quoted, level)));
    } else if (ITEM.test(line)) {
      found.push(
        list(
          take((one) => ITEM.test(one) || /^\s+\S/.test(one)),
          level,
        ),
      );
    } else {
      const paragraph = take((one) => one.trim() !== "" && !/^(#{1,6}\s|```|\||>)/.test(one) && !ITEM.test(one));
      if (paragraph.length) found.push(h("p", null, inline(paragraph.join("\n"))));
      else found.push(h("p", null, inline(lines[at++]))); // a bar that begins no table
    }
  }
  return found;
}

/** @param {string[]} lines @param {number} level */
function list(lines, level) {
  const first = /** @type {RegExpMatchArray} */ (lines[0].match(ITEM));
  const depth = first[1].length;
  /** @type {string[][]} */
  const items = [];
  for (const line of lines) {
    const item = line.match(ITEM);
    if (item && item[1].length <= depth) items.push([item[3]]);
    else items.at(-1)?.push(line.slice(Math.min(depth + 2, line.search(/\S|$/))));
  }
  return h(
    first[2] ? "ol" : "ul",
    first[2] && first[2] !== "1" ? { start: first[2] } : null,
    items.map((one) =>
      h("li", null, one.some((line) => ITEM.test(line)) ? blocks(one, level) : inline(one.join("\n"))),
    ),
  );
}

/** @param {string[]} rows */
function table(rows) {
  const [head, , ...body] = rows.map((row) =>
    row
      .replace(/^\||\|\s*$/g, "")
      .split(/(?<!\\)\|/)
      .map((cell) => cell.trim()),
  );
  return h(
    "div",
    { class: "scrolls", tabindex: 0, role: "region", "aria-label": "Table" },
    h(
      "table",
      null,
      h(
        "thead",
        null,
        h(
          "tr",
          null,
          head.map((cell) => h("th", { scope: "col" }, inline(cell))),
        ),
      ),
      h(
        "tbody",
        null,
        body.map((row) =>
          h(
            "tr",
            null,
            row.map((cell) => h("td", null, inline(cell))),
          ),
        ),
      ),
    ),
  );
}

/** @param {string} text @returns {any[]} */
function inline(text) {
  const found = [];
  let rest = text;
  for (let match = rest.match(INLINE); match; match = rest.match(INLINE)) {
    const [whole, , code, strong, emphasis, aside, name, address, escaped] = match;
    found.push(rest.slice(0, match.index));
    if (code !== undefined) found.push(h("code", null, code));
    else if (strong !== undefined) found.push(h("strong", null, inline(strong)));
    else if (emphasis !== undefined) found.push(h("em", null, inline(emphasis)));
    else if (aside !== undefined) found.push(h("em", null, `(${aside})`));
    else if (escaped !== undefined) found.push(escaped);
    else found.push(/^(https?:\/\/|\/)/.test(address) ? h("a", { href: address, rel: "noopener" }, name) : name);
    rest = rest.slice((match.index ?? 0) + whole.length);
  }
  found.push(rest);
  return found;
}
