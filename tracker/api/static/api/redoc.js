// Starts Redoc; apart from its page so that no script stands in the HTML.
"use strict";

const place = document.getElementById("redoc");

window.Redoc.init(
  place.dataset.document,
  {
    nativeScrollbars: true,
    jsonSampleExpandLevel: 3,
    theme: { typography: { fontFamily: "inherit", headings: { fontFamily: "inherit" } } },
  },
  place,
);
