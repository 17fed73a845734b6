// A passkey that was cancelled, or that this device does not have, is said on the page.
(function () {
  "use strict";
  document.addEventListener("allauth.error", function (event) {
    var said = document.querySelector("[data-passkey-error]");
    if (!said) { return; }
    event.preventDefault();
    said.hidden = false;
  });
})();
