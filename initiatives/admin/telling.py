"""Revisions in a curator's words: whose fields went from what to what, with the labels and values of the forms."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from difflib import SequenceMatcher
from functools import cache
from typing import Any

from django.contrib.admin.utils import display_for_value
from django.core.exceptions import FieldDoesNotExist
from django.db import models
from django.http import HttpRequest
from django.urls import NoReverseMatch, reverse
from django.utils.dateparse import parse_date
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.text import capfirst
from django.utils.translation import gettext as _

from tracker.history.api.accounts import Account, revisions_numbered
from tracker.history.api.atom import in_language
from tracker.history.change_log import Place, Row, RowChange, changes_at
from tracker.history.models import Change
from tracker.history.naming import Names, referred
from tracker.history.readers import Reader
from tracker.history.tracking import tracked

from .columns import NOTHING
from .languages import language_attributes
from .references import LABELS

WORD = re.compile(r"\S+|\s+")
# Texts that have less than this in common are shown as they are: marks on every other word would only confuse.
ALIKE = 0.4
# Comparing takes the product of both texts' words.
MOST_PAIRS = 4_000_000


@dataclass(frozen=True)
class ToldField:
    """A field, from what to what."""

    name: str
    label: str
    before: SafeString
    after: SafeString


@dataclass(frozen=True)
class ToldChange:
    """What became of one row."""

    model: type[models.Model]
    pk: int
    action: str
    heading: SafeString
    fields: list[ToldField]


@dataclass(frozen=True)
class ToldRevision:
    """Who, when, why and what."""

    number: int
    at: datetime
    actor: str
    reason: str
    changes: list[ToldChange]

    def is_end_of(self, model: type[models.Model], pk: int) -> bool:
        """Whether it deleted the row."""
        return any((each.model, each.pk, each.action) == (model, pk, Change.Action.DELETE) for each in self.changes)


def names_of(model: Any, rows: Mapping[int, Row], request: HttpRequest) -> dict[int, str]:
    """What people call rows of a model, also where they are gone; by their ids."""
    names = Names(Reader(request.user), request)
    names.load(ref for row in rows.values() for ref in referred(model, row))
    return {pk: in_language(names.label(model, row)) or row.get("slug") or str(pk) for pk, row in rows.items()}


def tell_revisions(places: Iterable[Place], request: HttpRequest) -> list[ToldRevision]:
    """The revisions of these places, newest first."""
    by_number: dict[int, list[Place]] = defaultdict(list)
    for place in places:
        by_number[place.number].append(place)
    revisions = revisions_numbered(by_number)
    account = _account(changes_at(place for found in by_number.values() for place in found), request)
    return [
        ToldRevision(number, revision.at, revision.actor, revision.reason, _told(account, number))
        for number, revision in sorted(revisions.items(), reverse=True)
    ]


def tell_changes(changes: Sequence[RowChange], request: HttpRequest) -> list[ToldChange]:
    """Changes that are all of one revision, or that lead to one."""
    return _told(_account(changes, request), changes[0].place.number) if changes else []


def _account(changes: Sequence[RowChange], request: Any) -> Account:
    return Account(changes, Reader(request.user), request)


def _told(account: Account, number: int) -> list[ToldChange]:
    found = []
    for document in account.of(number, with_records=False):
        model, pk = _models()[document["on"]["type"]], document["on"]["id"]
        fields = [_field(model, each) for each in document["fields"]]
        heading = _heading(model, pk, document["action"], in_language(document["on"]["label"]))
        found.append(ToldChange(model, pk, document["action"], heading, fields))
    return found


@cache
def _models() -> dict[str, type[models.Model]]:
    return {str(each.model._meta.model_name): each.model for each in tracked()}


def _heading(model: type[models.Model], pk: int, action: str, name: str) -> SafeString:
    words = {
        "action": Change.Action(action).label,
        "kind": model._meta.verbose_name,
        "name": name or pk,
    }
    text = _("%(action)s: %(kind)s “%(name)s”") % words
    try:
        page = reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_history", args=[pk])
    except NoReverseMatch:
        return format_html("{}", text)
    return format_html('<a href="{}">{}</a>', page, text)


def _field(model: type[models.Model], document: Mapping[str, Any]) -> ToldField:
    name = "_".join(filter(None, (document["field"], document["language"])))
    field = _field_of(model, name)
    # Django names a generic reference by itself, in no language.
    label = LABELS.get(name) or getattr(field, "verbose_name", None) or name
    before, after = _values(field, name, document["from"], document["to"])
    return ToldField(name, capfirst(str(label)), before, after)


def _field_of(model: type[models.Model], name: str) -> Any:
    try:
        return model._meta.get_field(name)
    except FieldDoesNotExist:
        return None


def _values(field: Any, name: str, before: Any, after: Any) -> tuple[SafeString, SafeString]:
    texts = _text(field, before), _text(field, after)
    marked = _marked(*texts)
    attributes = "".join(f' {key}="{value}"' for key, value in language_attributes(name).items()) or ' dir="auto"'
    one, other = (format_html("<div{}>{}</div>", SafeString(attributes), each) for each in marked)
    return one, other


def _text(field: Any, value: Any) -> str:
    if value is None:
        return NOTHING
    if isinstance(value, Mapping):
        texts = next((each for each in value.values() if isinstance(each, Mapping) and set(each) == {"en", "ar"}), None)
        return in_language(texts) or str(value.get("slug", NOTHING))
    if isinstance(value, list):
        return "\n".join(_text(getattr(field, "base_field", None), each) for each in value) or NOTHING
    choices = dict(getattr(field, "flatchoices", None) or ())
    if value in choices:
        return str(choices[value])
    day = parse_date(value) if isinstance(field, models.DateField) and isinstance(value, str) else None
    return str(display_for_value(value if day is None else day, NOTHING, boolean=False))


def _marked(before: str, after: str) -> tuple[SafeString, SafeString]:
    """Both texts, with the words that differ marked as taken out and put in."""
    one, other = WORD.findall(before), WORD.findall(after)
    matcher = SequenceMatcher(None, one, other, autojunk=False)
    if NOTHING in (before, after) or len(one) * len(other) > MOST_PAIRS or matcher.quick_ratio() < ALIKE:
        return format_html("{}", before), format_html("{}", after)
    steps = matcher.get_opcodes()
    return (
        _with_marks("del", [("".join(one[a:b]), tag != "equal") for tag, a, b, _c, _d in steps]),
        _with_marks("ins", [("".join(other[c:d]), tag != "equal") for tag, _a, _b, c, d in steps]),
    )


def _with_marks(mark: str, pieces: Iterable[tuple[str, bool]]) -> SafeString:
    opening, closing = SafeString(f"<{mark}>"), SafeString(f"</{mark}>")
    shown = ((opening if is_marked else "", text, closing if is_marked else "") for text, is_marked in pieces if text)
    return format_html_join("", "{}{}{}", shown)
