// @ts-check
// The page: its bar, its pager, and the view that the address names.

import { recall } from "./api.js";
import * as bar from "./bar.js";
import * as live from "./live.js";
import * as pager from "./pager.js";
import * as router from "./router.js";
import { setView } from "./title.js";

const part = (/** @type {string} */ id) => /** @type {HTMLElement} */ (document.getElementById(id));

live.begin();
bar.begin(part("bar"), part("views"));
pager.begin(part("notice"));
let first = true;
router.onShown((_, title) => {
  setView(title);
  if (!first) part("main").focus({ preventScroll: true }); // a screen reader reads on from there
  first = false;
});
await recall();
router.begin(part("main"));
