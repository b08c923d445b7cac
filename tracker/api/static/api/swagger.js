// Starts Swagger UI; apart from its page so that no script stands in the HTML.
"use strict";

const place = document.getElementById("swagger-ui");

function cookie(name) {
  const found = document.cookie.split("; ").find((each) => each.startsWith(`${name}=`));
  return found ? decodeURIComponent(found.slice(name.length + 1)) : "";
}

window.SwaggerUIBundle({
  url: place.dataset.document,
  domNode: place,
  deepLinking: true,
  docExpansion: "none",
  defaultModelsExpandDepth: -1,
  filter: true,
  // Drawing thousands of lines of JSON in colour takes longer than reading them.
  syntaxHighlight: { activated: true, theme: "arta" },
  // The badge would send the document's address to a host that is not ours.
  validatorUrl: null,
  requestInterceptor: (request) => {
    if (!["GET", "HEAD"].includes((request.method || "GET").toUpperCase())) {
      request.headers["X-CSRFToken"] = cookie("csrftoken");
    }
    return request;
  },
});
