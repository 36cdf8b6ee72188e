// @ts-check
// All views. Each is loaded when it is first looked at.

import { route } from "./router.js";

/** @type {[string, string, string | undefined, () => Promise<{mount: import("./router.js").Mount}>][]} */
const VIEWS = [
  ["/", "Now", "Now", () => import("./views/now.js")],
  ["/boards", "Dashboards", "Dashboards", () => import("./views/dashboards.js")],
  ["/boards/:uid", "Dashboards", undefined, () => import("./views/dashboards.js")],
  ["/metrics", "Metrics", "Metrics", () => import("./views/metrics.js")],
  ["/traces", "Traces", "Traces", () => import("./views/traces.js")],
  ["/traces/:id", "Trace", undefined, () => import("./views/trace.js")],
  ["/logs", "Logs", "Logs", () => import("./views/logs.js")],
  ["/cause", "Root cause", "Root cause", () => import("./views/cause.js")],
  ["/mend", "Fix", "Fix", () => import("./views/mend.js")],
  ["/review", "Review", "Review", () => import("./views/review.js")],
  ["/postmortem", "Post-mortem", "Post-mortem", () => import("./views/postmortem.js")],
  ["/history", "History", "History", () => import("./views/history.js")],
  ["/instructor", "Instructor", "Instructor", () => import("./views/instructor.js")],
];

/** The links at the top: path and name. @type {{path: string, name: string}[]} */
export const LINKS = VIEWS.flatMap(([path, , name]) => (name ? [{ path, name }] : []));

for (const [pattern, title, nav, load] of VIEWS) {
  route(pattern, { title, nav, mount: async (el, params, query) => (await load()).mount(el, params, query) });
}
