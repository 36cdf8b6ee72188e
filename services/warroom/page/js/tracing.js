// @ts-check
// What a trace of Jaeger's JSON says: its spans as a tree, in the order of a waterfall. Nothing here draws.

/** @typedef {{key: string, value: any, type?: string}} Tag */
/**
 * @typedef {object} Span
 * @property {string} id
 * @property {string} service
 * @property {string} name
 * @property {number} start µs since the trace began
 * @property {number} duration µs
 * @property {number} self µs in which none of its children ran
 * @property {number} depth
 * @property {boolean} error
 * @property {string} kind client, server, internal, …
 * @property {Tag[]} tags
 * @property {Tag[]} process
 * @property {{at: number, fields: Tag[]}[]} events `at` in µs since the trace began
 * @property {string[]} warnings
 * @property {Span[]} children
 */
/**
 * @typedef {object} Trace
 * @property {string} id of 32 digits
 * @property {number} start µs since the epoch
 * @property {number} duration µs
 * @property {Span[]} spans parents before their children, children by time
 * @property {Span} root the first of those without a parent
 * @property {{name: string, spans: number}[]} services by their first span
 * @property {number} errors spans that failed
 */

/**
 * @param {any} json one of `data` in Jaeger's answer
 * @returns {Trace | null} null where there is no span
 */
export function read(json) {
  if (!json?.spans?.length) return null;
  const begin = Math.min(...json.spans.map((/** @type {any} */ one) => one.startTime));
  const end = Math.max(...json.spans.map((/** @type {any} */ one) => one.startTime + one.duration));
  /** @type {Map<string, Span>} */
  const all = new Map();
  for (const one of json.spans) all.set(one.spanID, span(one, json.processes[one.processID], begin));
  const roots = [];
  for (const one of json.spans) {
    const parent = all.get(parentOf(one));
    const own = /** @type {Span} */ (all.get(one.spanID));
    if (parent && parent !== own) parent.children.push(own);
    else roots.push(own);
  }
  /** @type {Span[]} */
  const spans = [];
  const by = (/** @type {Span} */ a, /** @type {Span} */ b) => a.start - b.start || b.duration - a.duration;
  const stack = roots.sort(by).reverse();
  const seen = new Set();
  while (stack.length) {
    const one = /** @type {Span} */ (stack.pop());
    if (seen.has(one)) continue;
    seen.add(one);
    spans.push(one);
    one.children.sort(by);
    one.self = alone(one);
    for (const child of [...one.children].reverse()) {
      child.depth = one.depth + 1;
      stack.push(child);
    }
  }
  const services = new Map();
  for (const one of spans) services.set(one.service, (services.get(one.service) ?? 0) + 1);
  return {
    id: json.traceID.padStart(32, "0"),
    start: begin,
    duration: end - begin,
    spans,
    root: spans[0],
    services: [...services].map(([name, count]) => ({ name, spans: count })),
    errors: spans.filter((one) => one.error).length,
  };
}

/**
 * Tags as somebody types them, `key=value key="a value"`, as Jaeger takes them.
 * @param {string} text
 * @returns {Record<string, string>}
 */
export function tags(text) {
  const found = [...text.matchAll(/([^\s=]+)=(?:"((?:[^"\\]|\\.)*)"|(\S*))/g)];
  return Object.fromEntries(found.map(([, key, quoted, plain]) => [key, quoted?.replace(/\\(.)/g, "$1") ?? plain]));
}

/**
 * What a span is about, shorter than its name: the statement, the address.
 * @param {Span} of
 */
export function about(of) {
  const value = (/** @type {string} */ key) => of.tags.find((tag) => tag.key === key)?.value;
  return String(value("db.query.text") ?? value("db.statement") ?? value("url.path") ?? value("http.route") ?? "");
}

/** @param {any} json @param {any} process @param {number} begin @returns {Span} */
function span(json, process, begin) {
  const own = json.tags ?? [];
  const value = (/** @type {string} */ key) => own.find((/** @type {Tag} */ tag) => tag.key === key)?.value;
  return {
    id: json.spanID,
    service: process?.serviceName ?? "unknown",
    name: json.operationName,
    start: json.startTime - begin,
    duration: json.duration,
    self: json.duration,
    depth: 0,
    error: value("error") === true || value("error") === "true" || value("otel.status_code") === "ERROR",
    kind: value("span.kind") ?? "internal",
    tags: own,
    process: process?.tags ?? [],
    events: (json.logs ?? []).map((/** @type {any} */ one) => ({ at: one.timestamp - begin, fields: one.fields })),
    warnings: json.warnings ?? [],
    children: [],
  };
}

/** @param {any} json */
function parentOf(json) {
  const own = (json.references ?? []).filter((/** @type {any} */ one) => one.traceID === json.traceID);
  const child = own.find((/** @type {any} */ one) => one.refType === "CHILD_OF") ?? own[0];
  return child?.spanID ?? json.parentSpanID ?? "";
}

/** Of a span's time, that in which none of its children ran. @param {Span} of */
function alone(of) {
  let covered = 0;
  let until = of.start;
  for (const child of of.children) {
    const begins = Math.max(child.start, until);
    const ends = Math.min(child.start + child.duration, of.start + of.duration);
    if (ends > begins) covered += ends - begins;
    until = Math.max(until, ends);
  }
  return of.duration - covered;
}
