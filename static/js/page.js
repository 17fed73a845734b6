// Light, dark or the system's choice: remembered on this device, applied before the page paints.
(function () {
  "use strict";
  var root = document.documentElement, key = "theme";
  function stored() {
    var chosen = root.dataset.themeDefault || "system"; // by the person, for devices without one
    try { return localStorage.getItem(key) || chosen; } catch (error) { return chosen; }
  }
  function apply(choice) {
    if (root.hasAttribute("data-theme-fixed")) { return; }
    if (choice === "light" || choice === "dark") { root.setAttribute("data-theme", choice); }
    else { root.removeAttribute("data-theme"); }
    document.querySelectorAll("[data-theme-choice]").forEach(function (button) {
      button.setAttribute("aria-pressed", String(button.dataset.themeChoice === choice));
    });
  }
  root.classList.add("js");
  apply(stored());
  document.addEventListener("DOMContentLoaded", function () {
    apply(stored());
    // A long menu shows where one is.
    var menu = document.querySelector(".sidebar__inner"), here = menu && menu.querySelector("[aria-current]");
    if (here) { menu.scrollTop = here.offsetTop + here.offsetHeight - menu.clientHeight + 48; }
  });
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
  // A colour picker beside its text field: each follows the other.
  document.addEventListener("input", function (event) {
    var picker = event.target, of = picker.dataset.colourOf;
    var text = of && document.getElementById(of);
    if (text) {
      text.value = picker.value.toUpperCase();
      text.dispatchEvent(new Event("input", { bubbles: true }));
    } else if (picker.id && /^#[0-9a-f]{6}$/i.test(picker.value)) {
      var beside = document.querySelector("[data-colour-of='" + picker.id + "']");
      if (beside) { beside.value = picker.value.toLowerCase(); }
    }
  });
  // Links that open in a frame mark the one that is shown.
  document.addEventListener("click", function (event) {
    var link = event.target.closest("[data-frame-tabs] a[target]");
    if (!link) { return; }
    link.closest("[data-frame-tabs]").querySelectorAll("a[target]").forEach(function (one) {
      if (one === link) { one.setAttribute("aria-current", "true"); } else { one.removeAttribute("aria-current"); }
    });
  });
  document.addEventListener("change", function (event) {
    if (event.target.matches("[data-submit]")) { event.target.form.requestSubmit(); }
  });
  // A part that is being fetched says so. Where that fails, what is shown stays, and the page says
  // that it may be old; where the session has ended, the whole page goes by way of the login.
  function stale(is) {
    var told = document.getElementById("stale");
    if (told) { told.hidden = !is; }
  }
  document.addEventListener("htmx:beforeRequest", function (event) {
    event.detail.target.setAttribute("aria-busy", "true");
  });
  document.addEventListener("htmx:afterRequest", function (event) {
    event.detail.target.removeAttribute("aria-busy");
    if (event.detail.successful) { stale(false); }
  });
  ["htmx:responseError", "htmx:sendError", "htmx:timeout"].forEach(function (name) {
    document.addEventListener(name, function () { stale(true); });
  });
  document.addEventListener("htmx:beforeSwap", function (event) {
    var came = new URL(event.detail.xhr.responseURL || window.location.href);
    if (came.pathname.indexOf("/accounts/") === 0 && came.pathname !== window.location.pathname) {
      event.detail.shouldSwap = false;
      window.location.reload();
    }
  });
})();
