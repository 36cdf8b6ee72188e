// @ts-check
// Which view is shown: by the path, without asking the server for another page.

import { failed, fill, h, loading } from "./dom.js";

/**
 * @typedef {(el: HTMLElement, params: Record<string, string>, query: URLSearchParams) =>
 *   void | (() => void) | Promise<void | (() => void)>} Mount fills an element; what it gives back ends it
 * @typedef {{pattern: string, title: string, nav?: string, mount: Mount}} Route
 */

/** @type {Route[]} */
const routes = [];
/** @type {() => void} */
let unmount = () => {};
let shown = 0;
let at = ""; // the path and the query of what is shown
/** @type {Set<(path: string, title: string) => void>} */
const listeners = new Set();

/**
 * @param {string} pattern such as /traces/:id
 * @param {{title: string, nav?: string, mount: Mount}} what `nav` is its name among the links at the top, if it has one
 */
export function route(pattern, what) {
  routes.push({ pattern, ...what });
}

/** @param {(path: string, title: string) => void} listener called whenever a view begins */
export function onShown(listener) {
  listeners.add(listener);
}

/** @param {string} path with its query */
export function go(path) {
  history.pushState(null, "", path);
  show();
}

/** The address alone: the view stays as it is. @param {string} path */
export function replace(path) {
  history.replaceState(null, "", path);
  at = window.location.pathname + window.location.search;
}

/**
 * @param {string} path
 * @param {any} text
 * @param {Record<string, any>} [props]
 */
export function link(path, text, props = {}) {
  return h("a", { href: path, ...props }, text);
}

/**
 * Shows what the address says, now and whenever it changes.
 * @param {HTMLElement} main
 */
export function begin(main) {
  place = main;
  // The link that skips to the view's content changes what is behind # alone, and that is no other view.
  window.addEventListener("popstate", () => {
    if (window.location.pathname + window.location.search !== at) show();
  });
  document.addEventListener("click", followed);
  show();
}

/** @type {HTMLElement} */
let place;

async function show() {
  const mine = ++shown;
  const { pathname, search } = window.location;
  at = pathname + search;
  const found = match(pathname);
  unmount();
  unmount = () => {};
  const view = h("div", { class: "view" }, loading("One moment …"));
  fill(place, view);
  for (const listener of listeners) listener(pathname, found?.route.title ?? "Not found");
  if (!found) {
    fill(view, h("h1", null, "There is no such page"), h("p", null, link("/", "To what is going on now")));
    return;
  }
  // What a view asks for while somebody has gone on to the next is nothing to it any longer.
  const inner = h("div", { class: "view" });
  try {
    const ends = await found.route.mount(inner, found.params, new URLSearchParams(search));
    if (mine !== shown) return ends?.();
    unmount = ends ?? (() => {});
    view.replaceWith(inner);
    scrollTo(0, 0);
  } catch (error) {
    console.error(error);
    if (mine === shown) fill(view, h("h1", null, found.route.title), failed(error, show));
  }
}

/** @param {string} path */
function match(path) {
  for (const one of routes) {
    const names = [...one.pattern.matchAll(/:(\w+)/g)].map((found) => found[1]);
    const found = path.match(new RegExp(`^${one.pattern.replace(/:\w+/g, "([^/]+)")}/?$`));
    if (!found) continue;
    try {
      return { route: one, params: Object.fromEntries(names.map((name, index) => [name, decodeURIComponent(found[index + 1])])) };
    } catch {
      return null; // a % that begins nothing
    }
  }
  return null;
}

/** @param {MouseEvent} event */
function followed(event) {
  if (event.defaultPrevented || event.button || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
  const anchor = /** @type {Element} */ (event.target).closest?.("a");
  if (!anchor || anchor.hasAttribute("target") || anchor.hasAttribute("download")) return;
  const address = new URL(anchor.getAttribute("href") ?? "", window.location.href);
  const here = address.origin === window.location.origin && match(address.pathname);
  if (!here || (address.hash && address.pathname === window.location.pathname)) return;
  event.preventDefault();
  go(address.pathname + address.search);
}
