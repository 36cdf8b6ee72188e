// @ts-check
// Requests that the lab sends to the company for the team, and records: with what came of them they can be evidence.

import { post } from "../api.js";
import { button, fill, h } from "../dom.js";
import { format } from "../format.js";
import { keep, kept } from "../kept.js";
import { link } from "../router.js";
import * as story from "../story.js";
import { evidenceButton } from "../tray.js";
import { card, many } from "./pieces.js";

const PROBED = ["billing", "processor", "checkout", "inventory", "promotions", "orders", "partner"];
const SHOWN = 2000; // characters of an answer

/** @param {import("./pieces.js").Ends} ends */
export function probes(ends) {
  const draft = kept("probe", { service: "checkout", method: "GET", path: "/", headers: "", body: "" });
  const field = (/** @type {keyof typeof draft} */ name, /** @type {HTMLInputElement} */ input) => {
    input.value = draft[name];
    input.addEventListener("input", () => {
      draft[name] = input.value;
      keep("probe", draft);
    });
    return input;
  };
  const service = field(
    "service",
    h(
      "select",
      { id: "probe-service" },
      PROBED.map((one) => h("option", null, one)),
    ),
  );
  const method = field(
    "method",
    h(
      "select",
      { id: "probe-method" },
      ["GET", "POST"].map((one) => h("option", null, one)),
    ),
  );
  const path = field("path", h("input", { id: "probe-path", type: "text", spellcheck: "false", autocomplete: "off" }));
  const headers = field(
    "headers",
    h("textarea", { id: "probe-headers", rows: 1, spellcheck: "false", placeholder: "Idempotency-Key: inv-1" }),
  );
  const body = field(
    "body",
    h("textarea", { id: "probe-body", rows: 2, spellcheck: "false", placeholder: '{"cart_id": "c-0017"}' }),
  );
  const list = h("div", { class: "probes" });
  ends.push(
    story.subscribe(() => {
      const all = story.of("probed").reverse();
      fill(list, all.length ? [h("h3", null, many(all.length, "probe")), all.map(shown)] : null);
    }),
  );
  return card(
    "Probe a service",
    h(
      "p",
      { class: "soft" },
      "The lab sends the request and keeps what came of it. What it saw itself it need not be told.",
    ),
    h(
      "div",
      { class: "form" },
      h(
        "div",
        { class: "row" },
        h("div", { class: "field" }, h("label", { for: "probe-service" }, "Service"), service),
        h("div", { class: "field" }, h("label", { for: "probe-method" }, "Method"), method),
        h("div", { class: "field grows" }, h("label", { for: "probe-path" }, "Path"), path),
      ),
      h("div", { class: "field" }, h("label", { for: "probe-headers" }, "Headers, one a line"), headers),
      h("div", { class: "field" }, h("label", { for: "probe-body" }, "Body, as JSON"), body),
      button("Send it", async () => {
        await post("/api/drill/probes", request(service.value, method.value, path.value, headers.value, body.value));
        await story.refresh();
      }),
    ),
    list,
  );
}

/**
 * @param {string} service
 * @param {string} method
 * @param {string} path
 * @param {string} headers
 * @param {string} body
 */
function request(service, method, path, headers, body) {
  const lines = headers.split("\n").filter((line) => line.trim());
  const wrong = lines.find((line) => !line.includes(":"));
  if (wrong) throw new Error(`${wrong.slice(0, 60)} is no header: write it as Idempotency-Key: inv-1.`);
  const pairs = lines.map((line) => [
    line.slice(0, line.indexOf(":")).trim(),
    line.slice(line.indexOf(":") + 1).trim(),
  ]);
  /** @type {Record<string, any>} */
  const wanted = { service, method, path: path.trim(), headers: Object.fromEntries(pairs) };
  if (body.trim()) {
    try {
      wanted.body = JSON.parse(body);
    } catch {
      throw new Error('The body is no JSON; write it as {"cart_id": "c-0017"}.');
    }
  }
  return wanted;
}

/** @param {any} one */
function shown(one) {
  const ref = `probe:${one.probe}`;
  const said = one.answer.length > SHOWN ? `${one.answer.slice(0, SHOWN)} …` : one.answer;
  return h(
    "details",
    { "data-probe": one.probe },
    h(
      "summary",
      null,
      h("strong", null, one.probe),
      ` ${one.method} ${one.service}${one.path.slice(0, 80)} `,
      h("span", { class: "tag" }, one.status || "no answer"),
      ` ${format(one.seconds, "s")}`,
    ),
    h(
      "p",
      { class: "row" },
      evidenceButton(ref, `${one.method} ${one.service}${one.path}`.slice(0, 120)),
      link(`/traces/${one.trace_id}`, "Its trace"),
    ),
    one.body ? h("pre", { tabindex: 0 }, one.body.slice(0, SHOWN)) : null,
    h("pre", { tabindex: 0 }, said || "(nothing)"),
  );
}
