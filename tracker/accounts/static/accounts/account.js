/* What the account pages do besides: select what is to be copied, and say when a passkey did not work. */
(function () {
  "use strict";
  document.querySelectorAll("[data-select]").forEach(function (input) {
    input.focus();
    input.select();
  });
  document.addEventListener("allauth.error", function () {
    document.querySelectorAll("[data-passkey-error]").forEach(function (text) {
      text.hidden = false;
    });
  });
})();
