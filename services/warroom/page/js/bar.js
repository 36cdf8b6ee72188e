// @ts-check
// The bar at the top of every view: phase, clock, gate, pages, who, and whether any of it is still true.

import { askToken, forget, onWho } from "./api.js";
import { fill, h } from "./dom.js";
import { phaseName, status, times, timed } from "./drill.js";
import { clock, zone } from "./format.js";
import { subscribe } from "./live.js";
import { LINKS } from "./routes.js";
import { onShown } from "./router.js";
import { count } from "./tray.js";

const GAPS_BEFORE = new Set(["/cause", "/history"]); // what looks, what answers, what is looked back on
const CONNECTION = { connecting: "connecting", live: "live", lost: "no connection" };

/**
 * @param {HTMLElement} bar
 * @param {HTMLElement} views
 */
export function begin(bar, views) {
  const facts = {
    phase: fact("Phase"),
    elapsed: fact("Since the page"),
    remaining: fact("Left"),
    gate: fact("AI"),
    pages: fact("Pages"),
  };
  const tray = h("a", { class: "fact end", href: "/cause", title: "What is kept to be handed in as evidence" });
  const connection = h("span", { class: "dot", role: "status" }, CONNECTION.connecting);
  const person = h("span");
  fill(
    bar,
    h("a", { class: "brand", href: "/" }, "War room"),
    Object.values(facts).map((one) => one.element),
    tray,
    h("span", { class: "fact small soft", title: "Every time on this page is in this zone" }, zone()),
    person,
    h("button", { type: "button", class: "quiet", "data-toggle-theme": true, title: "Dark or light" }, "Light/dark"),
    connection,
  );

  const tell = () => {
    const now = status();
    const { elapsed, remaining } = times();
    const paused = now?.paused ? ", paused" : "";
    facts.phase.say(now ? `${phaseName(now)}${paused}${now.preparing ? `: ${now.preparing}` : ""}` : null, false, now?.error);
    facts.elapsed.say(elapsed === null ? null : clock(elapsed));
    facts.remaining.say(remaining === null ? null : clock(remaining), remaining !== null && remaining < 60);
    facts.gate.say(now && timed(now) ? (now.gate ? "shut" : "open") : null, false, now?.gate);
  };
  subscribe("status", tell);
  setInterval(tell, 1000);
  subscribe("pages", (pages) => {
    if (!Array.isArray(pages)) return facts.pages.say("not known", true, pages.error);
    const open = pages.filter((/** @type {any} */ page) => page.status === "firing");
    const waiting = open.filter((/** @type {any} */ page) => !page.acknowledged_at).length;
    facts.pages.say(`${open.length}${waiting ? `, ${waiting} to acknowledge` : ""}`, waiting > 0);
  });
  subscribe("connection", (/** @type {keyof typeof CONNECTION} */ now) => {
    fill(connection, CONNECTION[now]);
    connection.className = `dot ${{ connecting: "soft", live: "good", lost: "critical lost" }[now]}`;
    document.body.classList.toggle("lost", now === "lost");
    tell();
  });
  onWho((who) => {
    fill(
      person,
      who ? h("span", { class: "tag" }, who === "team" ? "Team" : "Instructor") : null,
      who
        ? h("button", { type: "button", class: "quiet", onclick: forget, title: "Forget the token" }, "Leave")
        : h("button", { type: "button", class: "quiet", onclick: () => askToken() }, "Enter a token"),
    );
    links(views, who);
  });
  const evidence = () => fill(tray, `Evidence: ${count()}`);
  window.addEventListener("tray", evidence);
  evidence();
  onShown((path) => mark(views, path));
}

/** @param {string} name */
function fact(name) {
  const value = h("span", { class: "value" });
  const element = h("span", { class: "fact", hidden: true }, h("span", { class: "name" }, name), value);
  return {
    element,
    /**
     * @param {string | null} text null: there is nothing to say
     * @param {boolean} [urgent]
     * @param {string} [title]
     */
    say(text, urgent = false, title = "") {
      element.hidden = text === null;
      if (value.textContent !== (text ?? "")) value.textContent = text ?? "";
      value.classList.toggle("warning", urgent);
      if (element.title !== title) element.title = title;
    },
  };
}

/**
 * @param {HTMLElement} views
 * @param {string} who
 */
function links(views, who) {
  const shown = LINKS.filter(({ path }) => path !== "/instructor" || who === "instructor");
  fill(
    views,
    shown.map(({ path, name }) => [
      GAPS_BEFORE.has(path) ? h("span", { class: "gap" }) : null,
      h("a", { href: path }, name),
    ]),
  );
  mark(views, window.location.pathname);
}

/**
 * @param {HTMLElement} views
 * @param {string} path
 */
function mark(views, path) {
  for (const anchor of views.querySelectorAll("a")) {
    const its = anchor.getAttribute("href") ?? "";
    const here = its === "/" ? path === "/" : path === its || path.startsWith(`${its}/`);
    if (!here) {
      anchor.removeAttribute("aria-current");
      continue;
    }
    anchor.setAttribute("aria-current", "page");
    // Not scrollIntoView, which also scrolls the page.
    const beyond = anchor.offsetLeft + anchor.offsetWidth - views.scrollLeft - views.clientWidth;
    if (beyond > 0 || anchor.offsetLeft < views.scrollLeft) views.scrollLeft += beyond;
  }
}
