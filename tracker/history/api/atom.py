"""Revisions as an Atom feed, for people who follow the registry in a feed reader."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from django.utils.feedgenerator import Atom1Feed
from django.utils.text import capfirst
from django.utils.translation import get_language, ngettext
from django.utils.translation import gettext as _
from rest_framework.renderers import BaseRenderer

from tracker.history.models import Change
from tracker.history.tracking import tracked

# How many fields an entry spells out.
MOST_LINES = 30
LONGEST_VALUE = 200
# What XML 1.0 cannot hold.
CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")


class AtomRenderer(BaseRenderer):
    """Writes a list of revisions as the entries of a feed, in the reader's language."""

    media_type = "application/atom+xml"
    format = "atom"
    charset = "utf-8"
    describes = False

    def render(
        self, data: Any, accepted_media_type: str | None = None, renderer_context: Mapping[str, Any] | None = None
    ) -> str:
        request = (renderer_context or {})["request"]
        address = request.build_absolute_uri()
        feed = Atom1Feed(
            title=_clean(self.title(renderer_context or {})),
            link=request.build_absolute_uri(request.path),
            description="",
            language=get_language(),
            feed_url=address,
            feed_guid=address,
            author_name=_("Smart city transformation registry"),
        )
        for entry in data["results"]:
            feed.add_item(
                title=_clean(title_of(entry["changes"])),
                link=entry["url"],
                description="\n".join(map(_clean, lines_of(entry))),
                unique_id=entry["url"],
                updateddate=entry["at"],
                author_name=_clean(entry["actor"] or _("Smart city transformation registry")),
            )
        return feed.writeString("utf-8")

    def title(self, context: Mapping[str, Any]) -> str:
        """What the feed is of: the record at whose address it is, or everything."""
        slug = context.get("kwargs", {}).get("slug")
        return _("History: %(name)s") % {"name": slug} if slug else _("Changes of the registry")


def title_of(changes: list[dict[str, Any]]) -> str:
    """One line on a revision: what became of its first row, and how many more there are."""
    if not changes:
        return _("Nothing that is shown was changed")
    first = _headline(changes[0])
    others = len(changes) - 1
    if not others:
        return first
    more = ngettext("and %(count)d more change", "and %(count)d more changes", others) % {"count": others}
    return f"{first}, {more}"


def _headline(change: Mapping[str, Any]) -> str:
    values = {
        "action": Change.Action(change["action"]).label,
        "kind": _kind(change["on"]["type"]),
        "name": in_language(change["on"]["label"]) or change["on"]["id"],
    }
    return _("%(action)s: %(kind)s “%(name)s”") % values


def _kind(model_name: str) -> str:
    names = (each.model._meta.verbose_name for each in tracked() if each.model._meta.model_name == model_name)
    return str(next(names, model_name))


def lines_of(entry: Mapping[str, Any]) -> Iterable[str]:
    """The reason, and which fields from what to what."""
    if entry["reason"]:
        yield entry["reason"]
    lines = [line for change in entry["changes"] for line in _lines(change)]
    yield from lines[:MOST_LINES]
    if len(lines) > MOST_LINES:
        yield "…"


def _lines(change: Mapping[str, Any]) -> Iterable[str]:
    yield _headline(change)
    for each in change["fields"]:
        name = capfirst(each["field"].replace("_", " "))
        language = f" ({each['language']})" if each["language"] else ""
        yield f"  {name}{language}: {_shown(each['from'])} → {_shown(each['to'])}"


def _shown(value: Any) -> str:
    if value is None:
        return "–"
    if isinstance(value, Mapping):
        texts = next((each for each in value.values() if isinstance(each, Mapping)), None)
        return in_language(texts) or str(value.get("slug"))
    text = ", ".join(map(str, value)) if isinstance(value, list) else str(value)
    return text if len(text) <= LONGEST_VALUE else f"{text[:LONGEST_VALUE]}…"


def in_language(texts: Mapping[str, str | None] | None) -> str:
    """A text in the reader's language, or in the other."""
    wanted = "ar" if (get_language() or "").startswith("ar") else "en"
    found = texts or {}
    return found.get(wanted) or next((text for text in found.values() if text), "")


def _clean(text: str) -> str:
    return CONTROL.sub("\ufffd", text)
