// @ts-check
// Dark, or light for a viewer who chose that here; before anything is drawn.
// A classic script on purpose: modules run too late for that.

(function () {
  const KEPT = "theme";
  const root = document.documentElement;
  try {
    if (localStorage.getItem(KEPT) === "light") root.dataset.theme = "light";
  } catch {
    // no storage: dark
  }

  document.addEventListener("click", (event) => {
    if (!(event.target instanceof Element && event.target.closest("[data-toggle-theme]"))) return;
    const next = root.dataset.theme === "light" ? "dark" : "light";
    root.dataset.theme = next;
    try {
      localStorage.setItem(KEPT, next);
    } catch {
      // it holds until the page is loaded anew
    }
  });
})();
