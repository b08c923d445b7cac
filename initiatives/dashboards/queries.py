"""Saved queries: relative addresses of our own GETs, from a list of those that a widget may show.

A query is taken apart here and put together anew by whoever reads it, so that what a person typed never becomes an
address as it is.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum
from typing import Any

from django.http import QueryDict
from django.urls import reverse
from django.utils.encoding import iri_to_uri
from django.utils.translation import gettext as _

from tracker.api import collections

ADDRESS = re.compile(r"([a-z]+(?:-[a-z]+)*)/(?:([a-z0-9]+(?:-[a-z0-9]+)*)/(?:([a-z]+)/)?)?", re.ASCII)
SEARCH, HAPPINESS = "search", "happiness"
# What pages a list or gives it another form: a widget shows one page, as its display wants it.
NOT_SAVED = ("count", "cursor", "expand", "format", "offset", "omit")
MOST_ROWS = 50
MOST_POINTS = 500
MOST_FIELDS = 10
MOST_VALUES = 40


class QueryRefusedError(ValueError):
    """Why a widget may not be as it is; ``member`` says what of it is wrong."""

    def __init__(self, detail: str, code: str, member: str = "query") -> None:
        super().__init__(detail)
        self.detail, self.code, self.member = detail, code, member


class Kind(Enum):
    """What a query's address answers with."""

    COLLECTION = "collection"
    RECORD = "record"
    SEARCH = "search"
    TOTAL = "total"
    HAPPINESS = "happiness"


# What is no collection of records.
OTHERS = {SEARCH: Kind.SEARCH, HAPPINESS: Kind.HAPPINESS}
# Addresses of a record besides its own, by collection.
PARTS = {
    ("indicators", "total"): Kind.TOTAL,
    **{(collection, HAPPINESS): Kind.HAPPINESS for collection in ("smart-services", "organizations", "pillars")},
}


@dataclass(frozen=True)
class SavedQuery:
    """A query that a widget may save."""

    kind: Kind
    collection: str
    slug: str
    parameters: QueryDict

    @property
    def path(self) -> str:
        """Where it is answered."""
        if self.kind is Kind.SEARCH:
            return reverse(SEARCH)
        if self.kind is Kind.HAPPINESS:
            of = f"{self.collection}/{self.slug}/" if self.slug else ""
            return f"{reverse('api-v1')}{of}{HAPPINESS}/"
        if self.kind is Kind.TOTAL:
            return reverse(f"{self.collection}-total", kwargs={"slug": self.slug})
        if self.kind is Kind.RECORD:
            return reverse(f"{self.collection}-detail", kwargs={"slug": self.slug})
        return reverse(f"{self.collection}-list")

    @property
    def viewset(self) -> Any:
        """The viewset of its collection."""
        return collections.viewset_of(collections.model_named(self.collection))

    def asking(self, **parameters: str | None) -> str:
        """Its parameters for an address, with these set; those that are None are left out."""
        asked = self.parameters.copy()
        for name, value in parameters.items():
            asked.pop(name, None)
            if value is not None:
                asked[name] = value
        return asked.urlencode()

    def names(self, parameter: str) -> list[str]:
        """The values of a parameter that takes several, separated by commas."""
        given = ",".join(self.parameters.getlist(parameter)).split(",")
        return [name.strip() for name in given if name.strip()]

    def limit(self, default: int, most: int) -> str:
        """How many rows it asks for, within what a display shows."""
        given = self.parameters.get("limit", "")
        return str(min(int(given), most)) if given.isascii() and given.isdigit() and len(given) < 10 else str(default)


def parse(text: str) -> SavedQuery:
    """The query that a person typed; raises QueryRefusedError."""
    address, mark, query = text.partition("?")
    match = ADDRESS.fullmatch(address)
    if match is None or (mark and not query):
        raise QueryRefusedError(_not_an_address(), "not_an_address")
    collection, slug, part = (each or "" for each in match.groups())
    found = SavedQuery(_kind(collection, slug, part), collection, slug, _parameters(query))
    for refused in _refusals(found):
        raise refused
    return found


def _not_an_address() -> str:
    return _(
        "Write it as an address of this API without what stands before the collection, for example "
        "“initiatives/?status=active”, “organizations/dubai-municipality/” or “search/?q=water”."
    )


def _kind(collection: str, slug: str, part: str) -> Kind:
    if collection in OTHERS and not slug:
        return OTHERS[collection]
    if collection not in collections.names():
        known = ", ".join([*collections.names(), *OTHERS])
        message = _("Widgets do not show “%(name)s”. Choose from: %(known)s.")
        raise QueryRefusedError(message % {"name": collection[:60], "known": known}, "unknown_collection")
    if not part:
        return Kind.RECORD if slug else Kind.COLLECTION
    kind = PARTS.get((collection, part))
    if kind is None:
        message = _("Widgets do not show “%(name)s” of a record of “%(collection)s”.")
        raise QueryRefusedError(message % {"name": part[:60], "collection": collection}, "unknown_address")
    return kind


def _parameters(query: str) -> QueryDict:
    if "#" in query or any(character.isspace() or not character.isprintable() for character in query):
        raise QueryRefusedError(_("Parameters have no blanks and no “#”: write %%20 or %%23.") % {}, "not_a_query")
    # What people type in Arabic becomes what an address has for it.
    return QueryDict(iri_to_uri(query), encoding="utf-8")


def _refusals(query: SavedQuery) -> Iterator[QueryRefusedError]:
    if sum(len(values) for _name, values in query.parameters.lists()) > MOST_VALUES:
        yield QueryRefusedError(_("There are too many parameters."), "too_many_parameters")
    for name in NOT_SAVED:
        if name in query.parameters:
            message = _("Leave “%(name)s” out: a widget shows the first page, in a form of its own.")
            yield QueryRefusedError(message % {"name": name}, "unknown_parameter")
    limits = query.parameters.getlist("limit")
    given = limits[0] if len(limits) == 1 else ""
    if limits and not (given.isascii() and given.isdigit() and 1 <= int(given[:9]) <= MOST_POINTS and len(given) < 9):
        message = _("“limit” is given once, as a whole number from 1 to %(most)d.")
        yield QueryRefusedError(message % {"most": MOST_POINTS}, "out_of_range")
