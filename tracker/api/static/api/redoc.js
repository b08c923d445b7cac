// Starts Redoc; apart from its page so that no script stands in the HTML.
"use strict";

// Redoc would fetch a logo from its maker's host; the page's policy forbids that, and here it is not even tried.
const image = HTMLImageElement.prototype;
const source = Object.getOwnPropertyDescriptor(image, "src");
const setAttribute = image.setAttribute;

function isForeign(element, value) {
  const url = new URL(value, location.href);
  if (!url.protocol.startsWith("http") || url.origin === location.origin) return false;
  // As if it could not be loaded: Redoc then draws nothing in its place.
  setTimeout(() => element.dispatchEvent(new Event("error")));
  return true;
}

image.setAttribute = function (name, value) {
  if (name !== "src" || !isForeign(this, value)) setAttribute.call(this, name, value);
};
Object.defineProperty(image, "src", {
  ...source,
  set(value) {
    if (!isForeign(this, value)) source.set.call(this, value);
  },
});

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
