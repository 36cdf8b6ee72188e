// @ts-check
// Where the drill is: phase, clock, what is left of it, and what it asks of the team next.

import { post } from "../api.js";
import { button, field, fill, h, loading } from "../dom.js";
import { phaseName, running, status, times, timed } from "../drill.js";
import { clock } from "../format.js";
import { draft, keep, kept } from "../kept.js";
import { subscribe } from "../live.js";

const ORDER = ["alerting", "dark-room", "ai-fix", "post-mortem"];

/**
 * @param {import("./ends.js").Ends} ends
 * @param {{watching?: boolean}} [options] who watches is asked for nothing
 * @returns {HTMLElement}
 */
export function phase(ends, { watching = false } = {}) {
  const elapsed = h("span", { class: "huge" });
  const remaining = h("span", { class: "soft" });
  const bar = h("ol", { class: "phases" });
  const paused = h("div");
  const said = h("div", { class: "next" }, loading("Asking the war room …"));
  // What is being written is in nothing that is refilled.
  const form = h("div", { hidden: true });
  let of = ""; // the drill that it is about
  const time = h("p", { class: "clock", hidden: true }, elapsed, remaining);
  let shown = "";
  const tell = () => {
    const now = status();
    if (!now) return;
    const { elapsed: since, remaining: left } = times();
    time.hidden = since === null;
    elapsed.textContent = since === null ? "" : clock(since);
    remaining.textContent = left === null ? "" : `${clock(left)} left of this phase`;
    remaining.className = left !== null && left < 60 ? "warning" : "soft";
  };
  const timer = setInterval(tell, 1000);
  ends.push(() => clearInterval(timer));
  ends.push(
    subscribe("status", (now) => {
      tell();
      const key = JSON.stringify({ ...now, elapsed_s: 0, remaining_s: 0, cooldown_s: 0 });
      if (key === shown) return; // what is being written stays
      shown = key;
      if (now.error) return void fill(said, h("p", { class: "critical" }, `Where the drill is, is not known: ${now.error}`));
      fill(bar, ORDER.map((name) => step(name, now.phase)));
      bar.hidden = !running(now);
      fill(paused, now.paused ? h("p", { class: "warning" }, "Paused by the instructor: the clock stands.") : null);
      fill(said, watching && timed(now) ? null : asked(now));
      // Where alerting ended without it, it is still owed.
      form.hidden = watching || !timed(now) || now.assessed;
      if (form.hidden) return;
      if (of !== now.id) {
        of = now.id;
        fill(form, assess(ends));
      }
      const [send] = form.getElementsByClassName("assess");
      send.textContent = now.phase === "alerting" ? "Leave the alerting phase" : "Say it, late";
    }),
  );
  return h("section", { class: "card", "aria-labelledby": "drill" }, h("h2", { id: "drill" }, "Drill"), bar, time, paused, said, form);
}

/**
 * @param {string} name
 * @param {string} current
 */
function step(name, current) {
  const [at, now] = [ORDER.indexOf(name), ORDER.indexOf(current)];
  const props = at === now ? { "aria-current": "step" } : at < now ? { class: "done" } : {};
  return h("li", props, phaseName({ phase: name }));
}

/** @param {Record<string, any>} now */
function asked(now) {
  switch (now.phase) {
    case "idle":
      return h("p", { class: "soft" }, "No drill is under way. The pager, the charts and everything else work all the same.");
    case "armed":
      return h("p", null, now.preparing ? `The lab is made as new: ${now.preparing}.` : "Armed. The pager tells when it begins.");
    case "alerting":
      return null; // the form
    case "dark-room":
      return [
        now.guided ? h("p", null, "The drill is guided now: the causal chain is shown with the root cause.") : null,
        h("p", null, "Limit the harm, and find the root cause. AI stays out until it is accepted."),
        h("a", { class: "button", href: "/cause" }, "Hand in a root cause"),
      ];
    case "ai-fix":
      return [
        h("p", null, now.gate ? `AI: ${now.gate}` : "The root cause is accepted, and AI may help with the fix."),
        h("a", { class: "button", href: "/mend" }, "To the fix"),
      ];
    case "post-mortem":
      return [owed(now.owed), h("a", { class: "button", href: "/postmortem" }, "To the post-mortem")];
    case "closed":
      return [
        h("p", null, `Drill ${now.id} of team `, h("bdi", null, now.team), ` is closed: ${now.outcome}.`),
        owed(now.owed),
        h("a", { href: "/postmortem" }, "Post-mortem and debrief"),
      ];
    default:
      return h("p", null, `Drill ${now.id} was aborted: `, h("bdi", null, now.why));
  }
}

/** @param {string[]} what */
function owed(what) {
  return what.length ? h("p", null, `Owed: ${what.join(", ")}.`) : h("p", { class: "good" }, "Nothing is owed any more.");
}

/** What is asked for in the alerting phase. @param {import("./ends.js").Ends} ends */
function assess(ends) {
  const choices = [
    ["critical", "Critical: customers are hurt now"],
    ["warning", "Warning: they will be, or few are"],
    ["none", "None: nobody is hurt"],
  ];
  const hurt = h("input", { type: "text", maxlength: 500, autocomplete: "off", dir: "auto" });
  const forget = draft(hurt, "hurt", ends);
  const judged = kept("severity", "");
  const form = h("form", { class: "form" });
  fill(
    form,
    h(
      "fieldset",
      { class: "choices" },
      h("legend", null, "How bad is it?"),
      choices.map(([value, text]) =>
        h("label", { class: "choice" }, h("input", { type: "radio", name: "severity", value, checked: value === judged, onchange: () => keep("severity", value) }), text),
      ),
    ),
    field("Who is hurt, in one line", hurt),
    button(
      "Leave the alerting phase",
      async () => {
        const severity = new FormData(form).get("severity");
        if (!severity) throw new Error("Say how bad it is.");
        if (!hurt.value.trim()) throw new Error("Say who is hurt.");
        await post("/api/drill/assess", { severity, hurt: hurt.value });
        forget();
        keep("severity", undefined);
      },
      { type: "submit", class: "assess" },
    ),
  );
  form.addEventListener("submit", (/** @type {Event} */ event) => event.preventDefault());
  return form;
}
