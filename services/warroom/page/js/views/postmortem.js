// @ts-check
// The post-mortem: what the lab knows is there, what only people know is written here and saves itself.

import { get, post } from "../api.js";
import { button, failed, fill, h, loading } from "../dom.js";
import { running } from "../drill.js";
import { duration } from "../format.js";
import { subscribe } from "../live.js";
import { markdown } from "../markdown.js";
import * as story from "../story.js";
import { lasting } from "../parts/lasting.js";
import { card, download, many } from "../parts/pieces.js";
import { plots } from "../parts/plots.js";
import { behindToken, notYet, standing } from "../parts/standing.js";
import { timeline } from "../parts/timeline.js";
import { written } from "../parts/written.js";

// Of these the lab's own part is made anew; what people write is told by the log.
const TURNS = ["written", "asked", "answered", "probed"];

/** @param {HTMLElement} el */
export function mount(el) {
  return behindToken(el, "Post-mortem", (place, ends) => {
    const known = h("div", { class: "stack" }, loading("Asking the lab what it knows …"));
    const parts = h("div", { class: "stack" });
    const debrief = h("div", null);
    fill(
      place,
      standing(ends, where),
      debrief,
      h("div", { class: "halves" }, parts, h("div", { class: "stack" }, closing(ends), lasting(ends))),
      known,
    );
    filled(known, parts, ends);
    told(debrief, ends);
  });
}

/** @param {Record<string, any>} now */
function where(now) {
  if (now.phase === "idle" || now.phase === "armed") return notYet(now);
  if (!running(now))
    return h(
      "p",
      null,
      now.phase === "aborted" ? ["The drill was aborted: ", h("bdi", null, now.why)] : `The drill is closed: ${now.outcome}.`,
    );
  const owed = now.owed.length
    ? h("p", null, "Still owed: ", now.owed.join(", "), ".")
    : h("p", { class: "good" }, "Nothing is owed any more.");
  return [
    now.phase === "post-mortem"
      ? null
      : h("p", { class: "soft" }, "What people write can be begun at any time after the page."),
    owed,
  ];
}

/**
 * @param {HTMLElement} known
 * @param {HTMLElement} parts
 * @param {import("../parts/pieces.js").Ends} ends
 */
function filled(known, parts, ends) {
  /** @type {import("../parts/pieces.js").Ends} */
  let drawn = [];
  let count = -1;
  let built = false;
  let asked = 0;
  const begin = async () => {
    const mine = ++asked;
    if (!story.of("paged").length)
      return fill(known, h("p", { class: "soft" }, "There is nothing to write up before the page."));
    try {
      const found = await get("/api/drill/postmortem");
      if (mine !== asked) return;
      for (const end of drawn) end();
      drawn = [];
      const paged = Date.parse(story.of("paged")[0]?.at ?? "") / 1000;
      fill(
        known,
        card(
          "Timeline",
          found.timeline.length ? timeline(found.timeline) : h("p", { class: "soft" }, "Nothing so far."),
        ),
        card("What it looked like", Number.isFinite(paged) ? plots(found.plots, paged, drawn) : null),
      );
      if (!built) fill(parts, form(found.parts, ends));
      built = true;
    } catch (error) {
      fill(known, failed(error, begin));
    }
  };
  ends.push(
    story.subscribe((events) => {
      const now = events.filter((one) => !TURNS.includes(one.what.kind)).length;
      if (now !== count) begin();
      count = now;
    }),
    () => {
      asked++;
      for (const end of drawn) end();
    },
  );
}

/**
 * @param {Record<string, string>} parts
 * @param {import("../parts/pieces.js").Ends} ends
 */
function form(parts, ends) {
  const left = h("p", { class: "soft", role: "status" });
  ends.push(
    story.subscribe(() => {
      const latest = Object.fromEntries(story.of("written").map((one) => [one.part, one.text]));
      const missing = Object.keys(parts).filter((part) => !latest[part]?.trim()).length;
      fill(
        left,
        missing
          ? `${many(missing, "part")} to be written. Each saves itself.`
          : "Every part is written. Each saves itself.",
      );
    }),
  );
  return card(
    "What only people know",
    left,
    h(
      "div",
      { class: "form" },
      Object.entries(parts).map(([part, question]) => written(part, question, ends)),
    ),
  );
}

/** @param {import("../parts/pieces.js").Ends} ends */
function closing(ends) {
  const preview = h("div", null);
  const close = h("div", { class: "form" });
  const owing = h("p", { class: "soft", role: "status" });
  let id = "";
  ends.push(
    subscribe("status", (now) => {
      if (now.error) return;
      id = now.id ?? "";
      close.hidden = now.phase !== "post-mortem";
      const said = now.owed?.length
        ? `It will be closed as ${now.guided ? "guided" : "incomplete"}, owing ${now.owed.join(", ")}.`
        : "Nothing is owed.";
      if (owing.textContent !== said) owing.textContent = said;
    }),
  );
  fill(
    close,
    owing,
    button("Close the drill", () => post("/api/drill/close")),
  );
  const take = async (/** @type {"markdown" | "html"} */ kind) => {
    const found = await get("/api/drill/postmortem");
    if (kind === "markdown") download(`postmortem-${id}.md`, found.markdown, "text/markdown");
    else download(`postmortem-${id}.html`, found.html, "text/html");
  };
  return card(
    "The document",
    h(
      "div",
      { class: "row" },
      button("Markdown", () => take("markdown"), { class: "plain" }),
      button("HTML with plots", () => take("html"), { class: "plain" }),
      button(
        "Preview",
        async () => {
          if (preview.firstChild) return fill(preview);
          fill(preview, h("div", { class: "preview" }, markdown((await get("/api/drill/postmortem")).markdown, 3)));
        },
        { class: "plain" },
      ),
    ),
    preview,
    close,
  );
}

/**
 * The answer, when the drill is over.
 * @param {HTMLElement} place
 * @param {import("../parts/pieces.js").Ends} ends
 */
function told(place, ends) {
  let shown = "";
  const begin = async () => {
    try {
      const found = await get("/api/drill/debrief");
      fill(
        place,
        card(
          "Debrief",
          h("details", null, h("summary", null, `${found.scenario}: the answer`), markdown(found.text, 3)),
          dated(found.chain),
        ),
      );
    } catch (error) {
      fill(place, failed(error, begin));
    }
  };
  ends.push(
    subscribe("status", (now) => {
      if (now.error) return;
      const over = now.page && !running(now) ? now.id : ""; // before its page a drill keeps its answer
      if (over === shown) return;
      shown = over;
      if (over) begin();
      else fill(place);
    }),
  );
}

/** When each link first showed, and when the team first had it. @param {any[]} chain */
function dated(chain) {
  const names = ["Link", "First shown, after the load turned", "First had as evidence, after the page"];
  return h(
    "div",
    { class: "wide", tabindex: 0, role: "region", "aria-label": "The causal chain" },
    h(
      "table",
      null,
      h(
        "thead",
        null,
        h(
          "tr",
          null,
          names.map((name) => h("th", { scope: "col" }, name)),
        ),
      ),
      h(
        "tbody",
        null,
        chain.map((one) =>
          h(
            "tr",
            null,
            h("td", { class: "sentence" }, one.link),
            h("td", null, one.why ? h("span", { class: "soft" }, one.why) : duration(one.shown_s)),
            h("td", null, one.had_s === null ? "–" : duration(one.had_s)),
          ),
        ),
      ),
    ),
  );
}
