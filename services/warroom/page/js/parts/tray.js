// @ts-check
// The evidence tray as the form shows it: what is handed in, in which order, and what is typed in by hand.

import { fill, h } from "../dom.js";
import { link } from "../router.js";
import { items, kind, KINDS, move, remove, useAsEvidence } from "../tray.js";

export const MOST = 8; // pieces that may be handed in together

const FORMS = {
  sql: "SELECT … (by the role that can only read)",
  metric: "one selector, also through rate, increase, histogram_quantile, sum by (…)",
  trace: "its id",
  log: "SERVICE:TRACE",
  probe: "pr-1",
};

/**
 * @param {import("./pieces.js").Ends} ends
 * @param {Set<string>} left what of the tray is not handed in; changed by its boxes
 * @param {() => void} changed called when somebody has ticked a box
 * @param {() => void} shown called when there is another tray
 */
export function tray(ends, left, changed, shown) {
  const list = h("ol", { class: "tray" });
  const place = h("div", null);
  const show = () => {
    const all = items();
    const focused = /** @type {HTMLElement | null} */ (document.activeElement)?.dataset?.is;
    fill(
      list,
      all.map((one, at) => row(one, at, all.length, left, changed)),
    );
    fill(
      place,
      all.length
        ? list
        : h(
            "p",
            { class: "soft" },
            "Nothing yet. “Use as evidence” stands beside traces, charts and log lines; a query of yours is typed in below.",
          ),
    );
    // A piece that moves takes the focus along.
    if (focused) /** @type {HTMLElement | null} */ (list.querySelector(`[data-is="${CSS.escape(focused)}"]`))?.focus();
    shown();
  };
  const heard = () => show();
  window.addEventListener("tray", heard);
  ends.push(() => window.removeEventListener("tray", heard));
  show();
  return h(
    "fieldset",
    { class: "field" },
    h("legend", null, `Evidence: two pieces or more, of different kinds, ${MOST} at most`),
    place,
    typed(),
  );
}

/**
 * @param {import("../tray.js").Item} one
 * @param {number} at
 * @param {number} of
 * @param {Set<string>} left
 * @param {() => void} changed
 */
function row(one, at, of, left, changed) {
  const name = one.label || one.ref;
  const box = h("input", {
    type: "checkbox",
    checked: !left.has(one.ref),
    "aria-label": `Hand in ${name}`,
    onchange: (/** @type {Event} */ event) => {
      const { checked } = /** @type {HTMLInputElement} */ (event.target);
      if (checked) left.delete(one.ref);
      else left.add(one.ref);
      changed();
    },
  });
  /** @param {string} sign @param {string} label @param {() => void} work @param {boolean} able */
  const control = (sign, label, work, able = true) =>
    h(
      "button",
      {
        type: "button",
        class: "quiet",
        "aria-label": `${label}: ${name}`,
        "data-is": `${label} ${one.ref}`,
        "aria-disabled": able ? null : "true",
        onclick: work,
      },
      sign,
    );
  return h(
    "li",
    { "data-ref": one.ref },
    box,
    h("span", { class: "tag" }, kind(one.ref)),
    h(
      "span",
      { class: "what" },
      one.label ? h("span", null, one.label) : null,
      h("code", { class: "ref" }, reference(one.ref)),
    ),
    h(
      "span",
      { class: "moves" },
      control("↑", "Earlier", () => move(one.ref, -1), at > 0),
      control("↓", "Later", () => move(one.ref, 1), at < of - 1),
      control("✕", "Remove", () => remove(one.ref)),
    ),
  );
}

/** With a link to where it can be looked at again. @param {string} ref */
function reference(ref) {
  const value = ref.slice(ref.indexOf(":") + 1);
  switch (kind(ref)) {
    case "trace":
      return link(`/traces/${encodeURIComponent(value)}`, ref);
    case "metric":
      return link(`/metrics?q=${encodeURIComponent(value)}`, ref);
    case "log":
      return link(`/logs?trace=${encodeURIComponent(value.slice(value.indexOf(":") + 1))}`, ref);
    default:
      return ref;
  }
}

function typed() {
  const refusal = h("span", { class: "refusal", role: "alert" });
  const value = h("textarea", { rows: 2, "aria-label": "Reference", placeholder: FORMS.sql, spellcheck: "false" });
  const choice = h(
    "select",
    {
      "aria-label": "Kind of evidence",
      onchange: () => (value.placeholder = FORMS[/** @type {keyof typeof FORMS} */ (choice.value)]),
    },
    ["sql", ...KINDS.filter((one) => one !== "sql")].map((one) => h("option", { value: one }, `${one}:`)),
  );
  const add = () => {
    const text = value.value.trim().replace(/\s*\n\s*/g, " ");
    const ref = KINDS.some((one) => text.startsWith(`${one}:`)) ? text : `${choice.value}:${text}`;
    const refused = useAsEvidence(ref);
    fill(refusal, refused);
    if (!refused) value.value = "";
  };
  return h(
    "div",
    { class: "typed" },
    choice,
    value,
    h("button", { type: "button", class: "plain", onclick: add }, "Add to the tray"),
    refusal,
  );
}
