// Sends what a form of a page says, and shows why it was refused without losing the text.
"use strict";

async function send(form, method) {
  const fields = form.elements;
  const output = form.querySelector("output");
  const url = new URL(form.dataset.url, location.href);
  const dry = fields.dry_run?.checked ?? false;
  if (dry) url.searchParams.set("dry_run", "true");
  const response = await fetch(url, {
    method,
    headers: {
      Accept: "application/json",
      "Content-Type": "application/json",
      "X-CSRFToken": fields.csrfmiddlewaretoken.value,
    },
    body: fields.body?.value,
  });
  const text = await response.text();
  output.classList.toggle("refused", !response.ok);
  if (!response.ok || dry) {
    output.textContent = describe(text);
    return;
  }
  location.assign(response.headers.get("Location") ?? form.dataset.after ?? location.href);
}

function describe(text) {
  if (!text) return "✓";
  let answer;
  try {
    answer = JSON.parse(text);
  } catch {
    return text;
  }
  if (!Array.isArray(answer.errors)) return JSON.stringify(answer, null, 4);
  const places = answer.errors.map((each) => `${each.pointer ?? each.parameter ?? ""} ${each.detail}`.trim());
  return [answer.title, answer.detail, ...places].filter((line, at, all) => line && all.indexOf(line) === at).join("\n");
}

for (const form of document.querySelectorAll("form[data-url]")) {
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    send(form, event.submitter.value).catch((error) => {
      form.querySelector("output").textContent = String(error);
    });
  });
}
