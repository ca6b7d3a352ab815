// Light or dark: the system's choice until somebody chooses. A classic script, for pages that open from disk: browsers
// refuse modules there.
"use strict";

const Theme = (() => {
  const SUN = '<svg viewBox="0 0 24 24" fill="none" stroke="currentColor" stroke-width="2" stroke-linecap="round"><circle cx="12" cy="12" r="4.5"/><path d="M12 2v2.5M12 19.5V22M2 12h2.5M19.5 12H22M4.9 4.9l1.8 1.8M17.3 17.3l1.8 1.8M4.9 19.1l1.8-1.8M17.3 6.7l1.8-1.8"/></svg>';
  const MOON = '<svg viewBox="0 0 24 24" fill="none" stroke="currentColor" stroke-width="2" stroke-linejoin="round"><path d="M20 14.5A8.5 8.5 0 0 1 9.5 4a8.5 8.5 0 1 0 10.5 10.5z"/></svg>';
  const system = matchMedia("(prefers-color-scheme: dark)");

  const current = () => localStorage.getItem("theme") ?? (system.matches ? "dark" : "light");

  function show() {
    document.documentElement.dataset.theme = current();
    document.getElementById("theme").innerHTML = current() === "dark" ? SUN : MOON;
  }

  function next() {
    localStorage.setItem("theme", current() === "dark" ? "light" : "dark");
    show();
  }

  system.addEventListener("change", show);

  return { show, next };
})();
