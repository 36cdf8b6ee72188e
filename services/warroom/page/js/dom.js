// @ts-check
// Builds elements. Text is only ever put in as text: no string becomes markup anywhere in this page.

const SVG = "http://www.w3.org/2000/svg";

/** @typedef {Node | string | number | null | undefined | false | void | any[]} Child an array holds children too */
/** @typedef {Record<string, any>} Props attributes; `class`, `style` (an object), `dataset` (an object), `on…` (a listener) */

/**
 * @param {string} tag
 * @param {Props | null} [props]
 * @param {...Child} children
 * @returns {any} the element; its type follows from the tag
 */
export function h(tag, props, ...children) {
  return made(document.createElement(tag), props, children);
}

/**
 * The same for SVG.
 * @param {string} tag
 * @param {Props | null} [props]
 * @param {...Child} children
 * @returns {any}
 */
export function svg(tag, props, ...children) {
  return made(document.createElementNS(SVG, tag), props, children);
}

/**
 * @template {Element} E
 * @param {E} element
 * @param {...Child} children what it holds from now on
 * @returns {E}
 */
export function fill(element, ...children) {
  element.replaceChildren(...nodes(children));
  return element;
}

/**
 * The same for elements that may be there already: those stay as they are, with the focus and whatever is being pressed.
 * @param {Element} element
 * @param {Element[]} children
 */
export function arrange(element, children) {
  const wanted = new Set(children);
  for (const child of [...element.children]) if (!wanted.has(child)) child.remove();
  let here = element.firstElementChild;
  for (const child of children) {
    if (child === here) here = here.nextElementSibling;
    else element.insertBefore(child, here);
  }
}

/**
 * What is said at the moment. A screen reader hears of it once, not whenever somebody looked.
 * @param {Element} element
 * @param {string} text
 */
export function say(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

/**
 * What there is to see when there is nothing.
 * @param {string} text
 * @param {Child} [hint] what makes something appear
 */
export function empty(text, hint) {
  return h("div", { class: "state empty" }, h("p", { class: "said" }, text), hint ? h("p", null, hint) : null);
}

/** @param {string} text one sentence on what is awaited */
export function loading(text) {
  return h("div", { class: "state loading", role: "status" }, h("p", null, text));
}

/**
 * @param {unknown} error
 * @param {(() => unknown) | null} [retry]
 */
export function failed(error, retry) {
  const said = error instanceof Error ? error.message : String(error);
  return h(
    "div",
    { class: "state failed", role: "alert" },
    h("p", { class: "said" }, said),
    retry ? h("button", { type: "button", class: "plain", onclick: retry }, "Try again") : null,
  );
}

/**
 * A button that cannot be pressed twice: it waits for what it began, and says beside itself why that was refused.
 * @param {Child} label
 * @param {(event: MouseEvent) => unknown} work
 * @param {Props} [props]
 * @returns {HTMLElement}
 */
export function button(label, work, props = {}) {
  const refusal = h("span", { class: "refusal", role: "alert" });
  const pressed = h("button", { type: "button", ...props }, label);
  pressed.addEventListener("click", async (/** @type {MouseEvent} */ event) => {
    if (pressed.getAttribute("aria-busy") === "true") return;
    // Not `disabled`, which would take the focus away.
    pressed.setAttribute("aria-busy", "true");
    fill(refusal);
    try {
      await work(event);
    } catch (error) {
      if (!silent(error)) fill(refusal, error instanceof Error ? error.message : String(error));
    } finally {
      pressed.removeAttribute("aria-busy");
    }
  });
  return h("span", { class: "action" }, pressed, refusal);
}

let fields = 0;

/**
 * A control with its name above it.
 * @param {string} label
 * @param {any} control
 * @param {string} [hint]
 */
export function field(label, control, hint = "") {
  fields += 1;
  control.id ||= `field-${fields}`;
  if (hint) control.setAttribute("aria-describedby", `${control.id}-hint`);
  return h(
    "div",
    { class: "field" },
    h("label", { for: control.id }, label),
    control,
    hint ? h("span", { id: `${control.id}-hint`, class: "small soft" }, hint) : null,
  );
}

/**
 * Somebody changed their mind: nothing to tell.
 * @param {unknown} error
 */
export function silent(error) {
  return error instanceof Error && error.name === "AbortError";
}

/**
 * @param {any} element
 * @param {Props | null | undefined} props
 * @param {Child[]} children
 */
function made(element, props, children) {
  for (const [name, value] of Object.entries(props ?? {})) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith("on") && typeof value === "function") element.addEventListener(name.slice(2), value);
    else if (name === "style") style(element, value);
    else if (name === "dataset") Object.assign(element.dataset, value);
    else if (name === "value" && "value" in element && element.localName !== "li") element.value = value;
    else element.setAttribute(name, value === true ? "" : String(value));
  }
  element.append(...nodes(children));
  // A select takes its value from options that are in it.
  if (props && "value" in props && element.localName === "select") element.value = props.value;
  return element;
}

/**
 * @param {any} element
 * @param {Record<string, string>} rules
 */
function style(element, rules) {
  for (const [name, value] of Object.entries(rules)) {
    if (name.startsWith("--")) element.style.setProperty(name, value);
    else element.style[name] = value;
  }
}

/**
 * @param {Child[]} children
 * @returns {(Node | string)[]}
 */
function nodes(children) {
  return children
    .flat(Infinity)
    .filter((child) => child !== null && child !== undefined && child !== false)
    .map((child) => (child instanceof Node ? child : String(child)));
}
