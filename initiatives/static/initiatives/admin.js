"use strict";
{
  const $ = django.jQuery;

  // Lists of fixed choices get the same control as the references that are chosen by search.
  const enhance = (root) => {
    const selects = $(root).find("select.choose-many").not('[name*="__prefix__"]');
    // A page without such lists does not load the control.
    if (selects.length) {
      selects.select2({ theme: "admin-autocomplete", dir: document.documentElement.dir });
    }
  };

  // A new row comes last; the server does the same where this does not run.
  const place = (row) => {
    const position = row.querySelector('input[name$="-position"]');
    if (!position || position.value) return;
    const group = row.closest(".inline-group");
    const taken = [...group.querySelectorAll('input[name$="-position"]')].map((input) => Number(input.value) || 0);
    position.value = Math.max(0, ...taken) + 1;
  };

  $(() => enhance(document));
  document.addEventListener("formset:added", (event) => {
    enhance(event.target);
    place(event.target);
  });
}
