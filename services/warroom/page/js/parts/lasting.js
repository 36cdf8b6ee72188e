// @ts-check
// What is to outlive the drill: a line in the team spec, and a guardrail that bites.

import { post } from "../api.js";
import { button, fill, h } from "../dom.js";
import { diff } from "../diff.js";
import * as story from "../story.js";
import { begun, follow } from "../work.js";
import { guardrails, packed, subscribe, text } from "../workspace.js";
import { folder } from "./folder.js";
import { card, mark, many } from "./pieces.js";

/** @param {import("./pieces.js").Ends} ends */
export function lasting(ends) {
  const spec = h("div", { class: "form" });
  const changed = h("div", { class: "form" });
  const choice = h("select", { id: "guardrail" });
  const able = h("div", { class: "form", hidden: true });
  const none = h(
    "p",
    { class: "soft" },
    "There is none in that folder: ",
    h("code", null, "labctl drill guardrail new lint"),
    " begins one.",
  );
  const proof = h("div", { role: "status" });
  const proven = h("div", { class: "form" });
  fill(
    able,
    button("Hand in the team spec", async () => {
      const now = await text("team-spec.md");
      if (!now) throw new Error("There is no team-spec.md in that folder.");
      await post("/api/drill/spec", { text: now });
      await story.refresh();
    }),
    h(
      "div",
      { class: "row" },
      h("div", { class: "field" }, h("label", { for: "guardrail" }, "Guardrail"), choice),
      button("Try whether it bites", async () => {
        if (!choice.value) throw new Error("There is no guardrail in that folder.");
        begun("guardrail", await post(`/api/drill/guardrail?path=${encodeURIComponent(choice.value)}`, await packed()));
      }),
    ),
    none,
  );
  ends.push(
    subscribe((entries) => {
      const found = guardrails(entries);
      able.hidden = !entries.length;
      none.hidden = found.length > 0;
      fill(
        choice,
        found.map((path) => h("option", { value: path }, path)),
      );
    }),
    follow("guardrail", (latest) => {
      if (latest?.running) fill(proof, h("p", null, `${latest.step} …`));
      else
        fill(
          proof,
          latest?.result ? found(latest.result) : latest?.why ? h("p", { class: "critical" }, latest.why) : null,
        );
    }),
    story.subscribe(() => {
      const change = story.of("spec-changed").at(-1);
      fill(
        spec,
        h(
          "p",
          null,
          mark(Boolean(change), "changed", "not changed"),
          change ? ` The team spec has changed in ${many(change.lines, "line")}.` : " The team spec has not changed.",
        ),
      );
      fill(changed, change?.diff ? diff(`${change.diff}\n`, { open: true }) : null);
      const tried = story.of("guardrail-proven");
      fill(
        proven,
        tried.length
          ? tried.map((one) =>
              h(
                "p",
                null,
                mark(one.bites, "bites", "does not bite"),
                " ",
                h("code", null, one.name),
                one.bites ? " bites." : ` does not bite. ${one.found.why ?? ""}`,
                one.release ? ` Tried on ${one.release}.` : "",
              ),
            )
          : h("p", null, mark(false, "", "missing"), " No guardrail has been tried."),
      );
    }),
  );
  return card(
    "What stays",
    h("h3", null, "Team spec"),
    spec,
    changed,
    h("h3", null, "Guardrail"),
    proven,
    folder(ends),
    able,
    proof,
  );
}

/** @param {any} result */
function found(result) {
  const rows = [
    [result.faulty_caught, "the code of that day", result.faulty_caught ? "found" : "not found"],
    [
      result.relatives_caught * 2 > result.relatives,
      "its relatives, unseen",
      `${result.relatives_caught} of ${result.relatives} found`,
    ],
    [result.fix_silent, "your fix", result.fix_silent ? "silent" : "not silent"],
    [result.right_silent === result.right, "other right fixes", `silent on ${result.right_silent} of ${result.right}`],
  ];
  return [
    h(
      "ul",
      { class: "plain-list" },
      rows.map(([good, what, how]) => h("li", null, mark(good), ` ${what}: ${how}`)),
    ),
    h("p", { class: result.bites ? "good" : "critical" }, result.bites ? "It bites." : result.why),
  ];
}
