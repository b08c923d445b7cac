"""What a strict Content-Security-Policy forbids in a page, found in its HTML."""

from __future__ import annotations

from html.parser import HTMLParser

ADDRESSES = ("href", "src", "action", "formaction", "data", "poster")
RUNNING_SCHEMES = ("javascript:", "vbscript:", "data:")
ALLOWED_SCHEMES = ("data:,", "data:image/")


class Inline(HTMLParser):
    """Collects scripts and styles that stand in a page, and addresses that would run."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if tag == "script" and not given.get("src") and given.get("type") != "application/json":
            self.found.append("<script>")
        if tag in ("style", "base", "iframe", "object", "embed"):
            self.found.append(f"<{tag}>")
        for name, value in attrs:
            scheme = (value or "").strip().lower()
            if name.startswith("on") or name == "style":
                self.found.append(f"<{tag} {name}>")
            if name in ADDRESSES and scheme.startswith(RUNNING_SCHEMES) and not scheme.startswith(ALLOWED_SCHEMES):
                self.found.append(f"<{tag} {name}={value}>")


def inline_in(html: str) -> list[str]:
    """What a page has of it; nothing, it is hoped."""
    parser = Inline()
    parser.feed(html)
    parser.close()
    return parser.found


def directives(policy: str) -> dict[str, set[str]]:
    """A policy by its directives."""
    parts = [each.split() for each in policy.split(";") if each.strip()]
    return {name: set(values) for name, *values in parts}
