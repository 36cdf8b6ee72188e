// @ts-check
// The war room's API, which is also labctl's. A token is kept by this tab until it is closed.

import { h } from "./dom.js";
import { ask } from "./token.js";

const KEPT = "token";

/** What the war room refused, or could not do, in its own words. */
export class ApiError extends Error {
  /**
   * @param {number} status 0 where no answer came
   * @param {string} detail
   */
  constructor(status, detail) {
    super(detail);
    this.name = "ApiError";
    this.status = status;
    this.detail = detail;
  }
}

/** @type {"" | "team" | "instructor"} */
let whose = "";
/** @type {Set<(who: string) => void>} */
const listeners = new Set();

/** Whose token this tab has. */
export function who() {
  return whose;
}

/**
 * @param {(who: string) => void} listener called now and when it changes
 * @returns {() => void} which ends that
 */
export function onWho(listener) {
  listeners.add(listener);
  listener(whose);
  return () => listeners.delete(listener);
}

/** The header that says who asks. @returns {Record<string, string>} */
export function credentials() {
  const token = sessionStorage.getItem(KEPT);
  return token ? { Authorization: `Bearer ${token}` } : {};
}

/** Asks whose the token is that the tab may have kept. */
export async function recall() {
  const token = sessionStorage.getItem(KEPT);
  if (!token) return;
  try {
    become((await answer("GET", "/api/who", {})).who);
  } catch (error) {
    if (error instanceof ApiError && error.status) forget();
    else become("team"); // the war room is away; it will say so itself
  }
}

export function forget() {
  sessionStorage.removeItem(KEPT);
  become("");
}

/**
 * Opens the dialog until there is a token that is somebody's.
 * @param {string} [complaint] why it is asked for again
 * @returns {Promise<string>} whose it is; "" if the dialog was cancelled
 */
export async function askToken(complaint = "") {
  const given = await ask(complaint, async (token) => {
    const found = await answer("GET", "/api/who", { headers: { Authorization: `Bearer ${token}` } });
    sessionStorage.setItem(KEPT, token);
    become(found.who);
  });
  return given ? whose : "";
}

/**
 * Never asks for a token by itself: who only looks is not interrupted; see locked().
 * @param {string} path
 * @param {Record<string, any>} [params] what is undefined, null or "" is left out; an array gives one pair for each
 * @param {{signal?: AbortSignal}} [options]
 * @returns {Promise<any>}
 */
export function get(path, params, options = {}) {
  return answer("GET", path + query(params), options);
}

/**
 * Asks for a token, once, where one is needed and none is there or it is of another lab.
 * @param {string} path
 * @param {any} [body] a Blob is sent as it is, anything else as JSON
 * @param {{signal?: AbortSignal}} [options]
 * @returns {Promise<any>}
 */
export function post(path, body = {}, options = {}) {
  const octets = body instanceof Blob;
  const headers = { "Content-Type": octets ? "application/octet-stream" : "application/json" };
  return asking({ ...options, body: octets ? body : JSON.stringify(body), headers }, path);
}

/**
 * What stands where a token is needed to see anything.
 * @param {string} text one sentence on what is behind it
 * @param {() => unknown} retry
 */
export function locked(text, retry) {
  const enter = async () => {
    if (await askToken()) await retry();
  };
  return h(
    "div",
    { class: "state empty" },
    h("p", { class: "said" }, text),
    h("button", { type: "button", onclick: enter }, "Enter a token"),
  );
}

/**
 * @param {any} options
 * @param {string} path
 */
async function asking(options, path) {
  try {
    return await answer("POST", path, options);
  } catch (error) {
    const unknown = error instanceof ApiError && (error.status === 401 || (error.status === 403 && !whose));
    if (!unknown) throw error;
    if (error.status === 403) forget();
    if (!(await askToken(error.status === 403 ? error.detail : ""))) throw new DOMException("cancelled", "AbortError");
    return answer("POST", path, options);
  }
}

/**
 * @param {string} method
 * @param {string} path
 * @param {any} options
 * @returns {Promise<any>}
 */
async function answer(method, path, options) {
  let response;
  try {
    const headers = { ...credentials(), ...options.headers };
    response = await fetch(path, { cache: "no-store", ...options, method, headers });
  } catch (error) {
    if (error instanceof Error && error.name === "AbortError") throw error;
    throw new ApiError(0, "The war room does not answer; this page goes on when it is back.");
  }
  const text = await response.text();
  if (!response.ok) throw new ApiError(response.status, detail(text, response.status));
  try {
    return text ? JSON.parse(text) : null;
  } catch {
    throw new ApiError(response.status, "The war room's answer is no JSON; is this its address?");
  }
}

/**
 * @param {string} text
 * @param {number} status
 */
function detail(text, status) {
  try {
    const said = JSON.parse(text).detail;
    if (typeof said === "string" && said) return said;
  } catch {
    // no problem+json
  }
  return `The war room refused it with ${status}; see labctl logs warroom.`;
}

/** @param {"" | "team" | "instructor"} now */
function become(now) {
  whose = now;
  for (const listener of listeners) listener(now);
}

/** @param {Record<string, any>} [params] */
function query(params = {}) {
  const pairs = new URLSearchParams();
  for (const [name, value] of Object.entries(params)) {
    for (const one of Array.isArray(value) ? value : [value]) {
      if (one !== undefined && one !== null && one !== "") pairs.append(name, String(one));
    }
  }
  const text = pairs.toString();
  return text ? `?${text}` : "";
}
