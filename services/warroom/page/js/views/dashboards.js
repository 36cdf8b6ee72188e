// @ts-check
// The dashboards of dashboards/json, panel for panel, over one range of time and with one cursor.

import { get } from "../api.js";
import { crosshair } from "../crosshair.js";
import { tone } from "../colours.js";
import { fill, h, silent } from "../dom.js";
import { known, panel } from "../panels.js";
import { period } from "../period.js";
import { aligned, over } from "../prometheus.js";
import { filled, marks, options, picked } from "../promql.js";
import { address, read } from "../range.js";
import { replace } from "../router.js";
import { setView } from "../title.js";

const MARKS_S = 15; // events are looked for as often

/** @type {import("../router.js").Mount} */
export async function mount(el, { uid = "overview" }, query) {
  const asked = ["/api/dashboards", `/api/dashboards/${encodeURIComponent(uid)}`, "/api/links"];
  const [all, board, { grafana }] = await Promise.all(asked.map((path) => get(path)));
  setView(board.title);
  const variables = board.templating.list ?? [];
  /** @type {Record<string, string[]>} */
  const chosen = Object.fromEntries(
    variables.map((/** @type {any} */ one) => {
      const offered = options(one);
      return [one.name, query.getAll(`var-${one.name}`).filter((value) => offered.includes(value))];
    }),
  );
  /** @type {import("../chart.js").Mark[]} */
  let events = [];
  let lookedAt = -Infinity;

  const bar = period(read(query), refresh, seconds(board.refresh));
  const context = {
    bounds: bar.bounds,
    range: bar.range,
    variables: () => Object.fromEntries(variables.map((/** @type {any} */ one) => [one.name, picked(one, chosen[one.name])])),
    marks: () => events,
    crosshair: crosshair(),
    onZoom: bar.zoom,
  };
  const grid = h("div", { class: "grid" });
  const drawn = board.panels.map((/** @type {any} */ json) => (json.type === "row" ? heading(grid, json) : one(grid, json)));
  const others = h("nav", { class: "tabs", "aria-label": "Dashboards" });
  el.append(
    h("header", { class: "title" }, h("h1", null, board.title), h("p", { class: "soft" }, board.description)),
    h("div", { class: "controls" }, others, bar.el),
    ...variables.map((/** @type {any} */ each) => choice(each, chosen[each.name], () => again(true))),
    grid,
  );

  /** @param {HTMLElement} place @param {any} json */
  function one(place, json) {
    if (known(json)) return panel(place, json, context);
    throw new Error(`The panel ${json.title} is a ${json.type}, which this page cannot draw; open it in Grafana.`);
  }

  /** @param {boolean} changed */
  async function refresh(changed) {
    if (changed) state();
    if (changed || Date.now() - lookedAt > MARKS_S * 1000) await look();
    await Promise.all(drawn.map((/** @type {any} */ each) => each.refresh()));
  }

  /** @param {boolean} changed */
  function again(changed) {
    if (changed) state();
    bar.refresh();
  }

  /** The address says what is seen, so that it can be sent to somebody. */
  function state() {
    const { from, to } = bar.range();
    const vars = Object.fromEntries(Object.entries(chosen).map(([name, values]) => [`var-${name}`, values]));
    replace(address(`/boards/${uid}`, { from, to, ...vars }));
    const links = all.map((/** @type {any} */ each) =>
      h("a", { href: address(`/boards/${each.uid}`, { from, to }), "aria-current": each.uid === uid ? "page" : null }, each.title),
    );
    const there = grafana && h("a", { href: address(`${grafana.replace(/\/$/, "")}/d/${uid}`, { from, to, ...vars }) }, "In Grafana");
    fill(others, links, there);
  }

  async function look() {
    lookedAt = Date.now();
    const bounds = bar.bounds();
    const { step } = aligned(bounds);
    const asked = board.annotations.list.filter((/** @type {any} */ each) => each.enable && each.expr);
    try {
      const found = await Promise.all(asked.map((/** @type {any} */ each) => over(filled(each.expr, context.variables()), bounds)));
      events = found
        .flatMap((series, index) => marks(asked[index], series, step))
        .map(({ at, label, color }) => ({ at, label, tone: tone(color) }))
        .sort((a, b) => a.at - b.at);
    } catch (error) {
      if (!silent(error)) events = []; // the panels say what is wrong with Prometheus
    }
  }

  bar.start();
  return () => {
    bar.stop();
    drawn.forEach((/** @type {any} */ each) => each.destroy());
  };
}

/** @param {HTMLElement} grid @param {any} json */
function heading(grid, json) {
  const { y, h: rows } = json.gridPos;
  grid.append(h("h2", { style: { "--x": "1", "--y": String(y + 1), "--w": "24", "--h": String(rows) } }, json.title));
  return { refresh() {}, destroy() {} };
}

/**
 * What of a variable is picked: none means all.
 * @param {any} variable
 * @param {string[]} chosen changed in place
 * @param {() => void} changed
 */
function choice(variable, chosen, changed) {
  const place = h("div", { class: "row", role: "group", "aria-label": variable.label });
  const button = (/** @type {string} */ name, /** @type {boolean} */ is, /** @type {() => void} */ press) =>
    h("button", { type: "button", class: "chip", "aria-pressed": String(is), onclick: press }, name);
  const show = () => {
    const focused = [...place.querySelectorAll("button")].indexOf(/** @type {any} */ (document.activeElement));
    fill(
      place,
      h("span", { class: "soft small" }, variable.label),
      button("All", !chosen.length, () => press(() => chosen.splice(0))),
      options(variable).map((name) =>
        button(name, chosen.includes(name), () =>
          press(() => (chosen.includes(name) ? chosen.splice(chosen.indexOf(name), 1) : chosen.push(name))),
        ),
      ),
    );
    if (focused >= 0) place.querySelectorAll("button")[focused].focus();
  };
  const press = (/** @type {() => void} */ change) => {
    change();
    show();
    changed();
  };
  show();
  return place;
}

/** @param {string} text such as 5s */
function seconds(text) {
  return Number.parseInt(text, 10) || 5;
}
