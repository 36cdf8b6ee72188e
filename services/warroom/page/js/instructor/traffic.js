// @ts-check
// What is asked of AI and what it answers, as it passes the gate; and the switch that shuts it.

import { empty, fill, h } from "../dom.js";
import { subscribe } from "../live.js";
import { stream } from "../stream.js";

const KEPT = 30; // exchanges
const UNDER_WAY = "under way";
const LONGEST = 100_000; // characters that are shown of one answer

/**
 * @param {import("../now/ends.js").Ends} ends
 * @returns {HTMLElement}
 */
export function traffic(ends) {
  const gate = h("p", { role: "status" });
  const trouble = h("p", { class: "refusal", role: "status" });
  const list = h("div", { class: "feed" });
  const nothing = empty("Nobody has asked AI anything since this view was opened", "What was asked before is among what happened.");
  fill(list, nothing);
  /** @type {Map<number, ReturnType<typeof exchange>>} */
  const shown = new Map();
  let process = "";
  const heard = (/** @type {string} */ name, /** @type {any} */ data) => {
    if (name === "asked") {
      const made = exchange(data);
      shown.get(data.number)?.element.remove();
      shown.set(data.number, made);
      nothing.remove();
      list.prepend(made.element);
      for (const [number, old] of [...shown].slice(0, -KEPT)) {
        old.element.remove();
        shown.delete(number);
      }
    } else if (name === "watching") {
      // Another process of the war room: what an earlier one had under way has no answer, and numbers begin anew.
      if (process && data.process !== process) {
        for (const old of shown.values()) old.lose();
        shown.clear();
      }
      process = data.process;
    } else if (name === "passed") shown.get(data.number)?.add(data.text);
    else if (name === "ended") shown.get(data.number)?.end(data);
  };
  ends.push(stream("/api/drill/ai/live", heard, (problem) => fill(trouble, problem || null)));
  ends.push(
    subscribe("status", (now) => {
      const text = now.error ? `Whether the gate is open is not known: ${now.error}` : now.gate ? `The gate is shut. ${now.gate}` : "The gate is open.";
      if (gate.textContent !== text) gate.textContent = text;
    }),
  );
  return h(
    "section",
    { class: "card", "aria-labelledby": "traffic" },
    h("h2", { id: "traffic" }, "What is asked of AI"),
    gate,
    trouble,
    list,
  );
}

/** @param {{number: number, who: string, path: string, prompt: string, answer: string}} asked */
function exchange(asked) {
  const state = h("span", { class: "tag" }, UNDER_WAY);
  const text = document.createTextNode(words(asked.answer));
  let rest = "";
  return {
    element: h(
      "article",
      { class: "page", "aria-label": `Exchange ${asked.number}` },
      h("p", { class: "facts" }, h("span", null, `No. ${asked.number}`), h("span", null, asked.who), h("code", null, asked.path), state),
      h("details", null, h("summary", null, "Asked"), h("pre", { tabindex: 0 }, pretty(asked.prompt))),
      h("pre", { class: "answer", tabindex: 0, "aria-label": "Answer" }, text),
    ),
    /** @param {string} chunk */
    add(chunk) {
      // An event may come in two pieces.
      const whole = (rest + chunk).split("\n");
      rest = whole.pop() ?? "";
      text.appendData(words(`${whole.join("\n")}\n`));
      if (text.length > LONGEST) text.deleteData(0, text.length - LONGEST);
    },
    /** The war room was killed before the end, if it had not come. @returns {boolean} */
    lose() {
      if (state.textContent !== UNDER_WAY) return false;
      state.textContent = "unanswered";
      state.className = "tag warning";
      return true;
    },
    /** @param {{status: number, refused: string}} found */
    end(found) {
      text.appendData(words(rest));
      state.textContent = found.refused ? `${found.status}: ${found.refused}` : `ended with ${found.status}`;
      state.className = `tag ${found.refused || found.status >= 400 ? "warning" : "good"}`;
    },
  };
}

/**
 * The words in what passed: of a stream's events the text that they add, anything else as it is.
 * @param {string} passed
 */
function words(passed) {
  if (!/^(event|data):/m.test(passed)) return passed.trim() ? pretty(passed) : "";
  return passed
    .split("\n")
    .filter((line) => line.startsWith("data:"))
    .map((line) => added(line.slice(5).trim()))
    .join("");
}

/** @param {string} data */
function added(data) {
  try {
    const found = JSON.parse(data);
    const delta = found.delta ?? found.choices?.[0]?.delta ?? {};
    if (typeof delta === "string") return delta;
    return delta.text ?? delta.content ?? delta.partial_json ?? (found.error ? `\n${found.error.message ?? data}` : "");
  } catch {
    return "";
  }
}

/** @param {string} text */
function pretty(text) {
  try {
    return JSON.stringify(JSON.parse(text), null, 2);
  } catch {
    return text;
  }
}
