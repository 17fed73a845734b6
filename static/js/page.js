// Light, dark or the system's choice: remembered on this device, applied before the page paints.
(function () {
  "use strict";
  var root = document.documentElement, key = "theme";
  function stored() {
    try { return localStorage.getItem(key) || "system"; } catch (error) { return "system"; }
  }
  function apply(choice) {
    if (choice === "light" || choice === "dark") { root.setAttribute("data-theme", choice); }
    else { root.removeAttribute("data-theme"); }
    document.querySelectorAll("[data-theme-choice]").forEach(function (button) {
      button.setAttribute("aria-pressed", String(button.dataset.themeChoice === choice));
    });
  }
  root.classList.add("js");
  apply(stored());
  document.addEventListener("DOMContentLoaded", function () { apply(stored()); });
  document.addEventListener("click", function (event) {
    var button = event.target.closest("[data-theme-choice]");
    if (!button) { return; }
    try { localStorage.setItem(key, button.dataset.themeChoice); } catch (error) { /* private mode */ }
    apply(button.dataset.themeChoice);
  });
  document.addEventListener("click", function (event) {
    var button = event.target.closest("[data-copy]"), word;
    if (!button || !navigator.clipboard) { return; }
    navigator.clipboard.writeText(button.dataset.copy).then(function () {
      word = button.textContent;
      button.textContent = button.dataset.copied;
      setTimeout(function () { button.textContent = word; }, 1500);
    });
  });
  document.addEventListener("focusin", function (event) {
    if (event.target.matches("[data-select]")) { event.target.select(); }
  });
  document.addEventListener("change", function (event) {
    if (event.target.matches("[data-submit]")) { event.target.form.requestSubmit(); }
  });
})();
