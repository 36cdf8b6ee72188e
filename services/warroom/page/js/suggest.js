// @ts-check
// The names of metrics and labels, offered under the place where PromQL is typed.

import { get } from "./api.js";
import { fill, h } from "./dom.js";

const MOST = 12;
const FUNCTIONS = ["rate", "increase", "histogram_quantile", "sum by", "max by", "avg by", "count", "max_over_time", "label_replace"];

/**
 * @param {HTMLTextAreaElement} field in an element that the list may stand in
 * @returns {Promise<() => void>} which ends it
 */
export async function suggesting(field) {
  const names = get("/api/prometheus/label/__name__/values").then(({ data }) => data, () => []);
  /** @type {Promise<Record<string, {type: string, help: string}[]>>} */
  const about = get("/api/prometheus/metadata").then(({ data }) => data, () => ({}));
  /** @type {Map<string, Promise<string[]>>} */
  const values = new Map();
  const list = h("ul", { id: "offered", role: "listbox", "aria-label": "Names", class: "offered", hidden: true });
  field.after(list);
  const told = h("span", { class: "unseen", role: "status" });
  list.after(told);
  field.setAttribute("aria-autocomplete", "list");
  field.setAttribute("aria-controls", "offered");
  let at = -1;
  let turn = 0;

  async function offer() {
    const mine = ++turn;
    const { before, word } = typed();
    const matching = inString(before)
      ? label(before) && (await valuesOf(label(before) ?? "", before))
      : word.length > 1 && [...(await names), ...FUNCTIONS];
    if (mine !== turn) return;
    const low = word.toLowerCase();
    const found = (matching || []).filter((/** @type {string} */ one) => one.toLowerCase().includes(low) && one !== word);
    found.sort((/** @type {string} */ a, /** @type {string} */ b) => rank(a, low) - rank(b, low) || a.localeCompare(b));
    const said = await about;
    at = -1;
    fill(
      list,
      found.slice(0, MOST).map((/** @type {string} */ one, /** @type {number} */ index) =>
        h(
          "li",
          { role: "option", id: `offered-${index}`, "aria-selected": "false", onpointerdown: (/** @type {Event} */ event) => take(event, one) },
          h("code", null, one),
          h("span", { class: "soft small" }, help(said, one)),
        ),
      ),
    );
    open(found.length > 0);
  }

  /** The word before the caret, and all that stands before that. */
  function typed() {
    const text = field.value.slice(0, field.selectionStart);
    const quoted = inString(text);
    const word = text.match(quoted ? /[^"']*$/ : /[a-zA-Z_:][\w:]*$/)?.[0] ?? "";
    return { before: text.slice(0, text.length - word.length), word };
  }

  /** @param {string} name @param {string} before */
  function valuesOf(name, before) {
    const metric = before.match(/([a-zA-Z_:][\w:]*)\{[^{}]*$/)?.[1];
    const key = `${name} ${metric}`;
    const asked = values.get(key) ?? get(`/api/prometheus/label/${name}/values`, { "match[]": metric }).then(({ data }) => data, () => []);
    values.set(key, asked);
    return asked;
  }

  /** @param {Event} event @param {string} name */
  function take(event, name) {
    event.preventDefault();
    const { before } = typed();
    const rest = field.value.slice(field.selectionStart);
    field.value = before + name + rest;
    field.selectionStart = field.selectionEnd = before.length + name.length;
    open(false);
  }

  /** @param {boolean} is */
  function open(is) {
    list.hidden = !is;
    told.textContent = is ? `${list.children.length} names; the arrow keys choose one` : "";
    if (!is) field.removeAttribute("aria-activedescendant");
  }

  /** @param {number} next */
  function choose(next) {
    const all = /** @type {HTMLElement[]} */ ([...list.children]);
    at = (next + all.length) % all.length;
    all.forEach((one, index) => one.setAttribute("aria-selected", String(index === at)));
    all[at].scrollIntoView({ block: "nearest" });
    field.setAttribute("aria-activedescendant", `offered-${at}`);
  }

  /** @param {KeyboardEvent} event */
  function pressed(event) {
    if (list.hidden || event.ctrlKey || event.metaKey) return;
    if (event.key === "ArrowDown") choose(at + 1);
    else if (event.key === "ArrowUp") choose(at - 1);
    else if ((event.key === "Enter" || event.key === "Tab") && at >= 0) {
      take(event, list.children[at].querySelector("code")?.textContent ?? "");
    } else if (event.key === "Escape") open(false);
    else return;
    event.preventDefault();
  }

  const close = () => {
    turn += 1;
    open(false);
  };
  field.addEventListener("input", offer);
  field.addEventListener("keydown", pressed);
  field.addEventListener("blur", close);
  return () => {
    turn += 1;
    list.remove();
    told.remove();
  };
}

/** Whether the text ends inside of quotes. @param {string} text */
function inString(text) {
  return (text.replace(/\\./g, "").match(/"/g)?.length ?? 0) % 2 === 1;
}

/** The label whose value begins where the text ends. @param {string} before */
function label(before) {
  return before.match(/([a-zA-Z_]\w*)\s*(?:=|!=|=~|!~)\s*"[^"]*$/)?.[1];
}

/** @param {string} name @param {string} typed */
function rank(name, typed) {
  const low = name.toLowerCase();
  return low.startsWith(typed) ? 0 : low.includes(`_${typed}`) ? 1 : 2;
}

/** @param {Record<string, {type: string, help: string}[]>} told @param {string} name */
function help(told, name) {
  const [found] = told[name] ?? told[name.replace(/_(bucket|count|sum|total)$/, "")] ?? [];
  return found ? `${found.type}: ${found.help}` : "";
}
