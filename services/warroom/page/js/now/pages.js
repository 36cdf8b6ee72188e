// @ts-check
// The pager's cards: what fires, what somebody has acknowledged, and what is over.

import { onWho } from "../api.js";
import { button, empty, fill, h, loading, say } from "../dom.js";
import { iso, time } from "../format.js";
import { snapshot, subscribe } from "../live.js";
import { acknowledge, mayAcknowledge, soundButton } from "../pager.js";

const BEFORE_MS = 300_000; // of what a dashboard shows before the alert began
const SEVERITIES = new Set(["critical", "warning"]);

/** @typedef {import("../pager.js").Page} Page */

/**
 * @param {import("./ends.js").Ends} ends
 * @returns {HTMLElement}
 */
export function pages(ends) {
  const open = h("div", { class: "feed" }, loading("Asking the war room who is paged …"));
  const trouble = h("p", { class: "refusal", role: "status" });
  const over = h("div", { class: "feed" });
  const earlier = h("details", { class: "earlier", hidden: true }, h("summary"), over);
  const sound = soundButton();
  ends.push(sound.ends);
  let shown = "";
  const show = () => {
      /** @type {Page[] | {error: string} | undefined} */
      const all = snapshot("pages");
      if (!all) return;
      say(trouble, Array.isArray(all) ? "" : `What fires is not known: ${all.error}`);
      if (!Array.isArray(all)) {
        if (!shown) fill(open, empty("Nobody knows whether anything fires"));
        return;
      }
      const now = JSON.stringify([all, mayAcknowledge()]);
      if (now === shown) return; // what is being read, or has the focus, stays where it is
      shown = now;
      const firing = all.filter((page) => page.status === "firing");
      const resolved = all.filter((page) => page.status !== "firing");
      fill(open, firing.length ? firing.map(card) : empty("All quiet", "Nothing is firing. This page updates itself."));
      fill(over, resolved.map(card));
      earlier.hidden = resolved.length === 0;
      fill(/** @type {HTMLElement} */ (earlier.querySelector("summary")), `Resolved: ${resolved.length}`);
  };
  ends.push(subscribe("pages", show), onWho(show));
  return h(
    "section",
    { class: "pager", "aria-labelledby": "pager" },
    h("div", { class: "row" }, h("h2", { id: "pager" }, "Pages"), h("span", { class: "end" }, sound.element)),
    trouble,
    open,
    earlier,
  );
}

/** @param {Page} page */
function card(page) {
  const firing = page.status === "firing";
  const tone = SEVERITIES.has(page.severity) ? page.severity : "";
  const facts = h(
    "p",
    { class: "facts" },
    h("span", { class: `tag ${firing ? tone : "soft"}` }, firing ? page.severity || "page" : "resolved"),
    h("span", null, page.service),
    h("span", null, page.alertname),
    h("span", null, page.id),
    moment("since", page.starts_at),
    moment("paged", page.delivered_at),
    page.resolved_at ? moment("resolved", page.resolved_at) : null,
  );
  return h(
    "article",
    { class: `page ${firing ? tone : "resolved"}`, "aria-label": `${page.id}, ${page.status}` },
    facts,
    h("h3", null, page.summary || page.alertname),
    firing && page.description ? h("p", null, page.description) : null,
    h(
      "div",
      { class: "foot" },
      outside("Runbook", page.runbook_url),
      outside("Dashboard", ranged(page)),
      page.acknowledged_at ? h("span", { class: "good end" }, "✓ ", moment("acknowledged", page.acknowledged_at)) : null,
      firing && !page.acknowledged_at && !mayAcknowledge() ? h("span", { class: "soft end" }, "waits for the team") : null,
      firing && !page.acknowledged_at && mayAcknowledge()
        ? h("span", { class: "end" }, button("Acknowledge", () => acknowledge(page.id)))
        : null,
    ),
  );
}

/**
 * @param {string} label
 * @param {string} at
 */
function moment(label, at) {
  return h("time", { datetime: at, title: iso(at) }, `${label} ${time(at)}`);
}

/**
 * Texts of pages come from outside: only addresses of the web are links.
 * @param {string} text
 * @param {string} url
 */
function outside(text, url) {
  if (!/^https?:\/\//.test(url)) return null;
  return h("a", { href: url, target: "_blank", rel: "noopener" }, text);
}

/** The dashboard from some minutes before the alert began until it was over. @param {Page} page */
function ranged(page) {
  if (!/^https?:\/\//.test(page.dashboard_url)) return "";
  const url = new URL(page.dashboard_url);
  url.searchParams.set("from", String(new Date(page.starts_at).getTime() - BEFORE_MS));
  url.searchParams.set("to", page.resolved_at ? String(new Date(page.resolved_at).getTime() + BEFORE_MS / 5) : "now");
  return url.href;
}
