"""Search as people spell: words in any order, in both languages, without case, accents, vowel marks or hamza."""

from __future__ import annotations

from typing import Any

from django.db import models
from django.db.models import Case, F, Func, IntegerField, Q, TextField, Value, When
from django.db.models.functions import Length, StrIndex
from django.db.models.lookups import GreaterThan

from initiatives.models.records import Part, Record
from tracker.text import Fold

# What a record is called by, wherever a model has such a field.
OWN_NAMES = ("slug", "code", "version", "format", "locator", "claimed_value", "aliases_en", "aliases_ar")
# Farther than the longest names: found only by what the row is bound to.
FARTHEST = 2**31 - 1


class _JoinedTexts(Func):
    """The texts one after the other; a list counts with all its items, what is missing not at all."""

    function = "concat_ws"
    output_field = TextField()

    def __init__(self, *paths: str) -> None:
        # The empty text: some parts have no names of their own, and nothing cannot be joined.
        super().__init__(Value(" "), Value(""), *(F(path) for path in paths))


def searched_paths(model: type[models.Model]) -> list[str]:
    """Where the words of a search are looked for: the record's own names and those of what it is bound to.

    A record is bound to what it cannot be without, a part to all that it names.
    """
    paths = _own_paths(model)
    for field in _references(model):
        if not field.null or issubclass(model, Part):
            paths += [f"{field.name}__{path}" for path in _own_paths(field.related_model)]
    return paths


def matching(rows: models.QuerySet[Any], paths: list[str], term: str) -> models.QuerySet[Any]:
    """The rows in which every word of ``term`` is found in some of the ``paths``."""
    return rows.filter(_has_words(paths, term))


def distance(model: type[models.Model], term: str) -> Case:
    """How far a row is from being called ``term``: least where its own short names have every word."""
    own = _own_paths(model)
    named = When(_has_words(own, term), then=Length(_JoinedTexts(*own)))
    return Case(named, default=FARTHEST, output_field=IntegerField())


def with_names(rows: models.QuerySet[Any]) -> models.QuerySet[Any]:
    """Fetch with the rows what they show of other rows: no list asks once more for each of its rows."""
    return rows.select_related(*(field.name for field in rows.model._meta.fields if field.many_to_one))


def _has_words(paths: list[str], term: str) -> Q:
    said = Fold(_JoinedTexts(*paths))
    return Q(Value(True), *(GreaterThan(StrIndex(said, Fold(Value(word))), 0) for word in term.split()))


def _own_paths(model: type[models.Model]) -> list[str]:
    names = [field.name for field in model._meta.fields]
    called = [name for name in OWN_NAMES if name in names]
    label = getattr(model, "label", None) if issubclass(model, Record) else _first_text(names)
    if label:
        called += [f"{label}_en", f"{label}_ar"]
    username = getattr(model, "USERNAME_FIELD", None)
    return [*called, username] if username else called


def _first_text(names: list[str]) -> str | None:
    return next((name.removesuffix("_en") for name in names if name.endswith("_en")), None)


def _references(model: type[models.Model]) -> list[Any]:
    fields: list[Any] = list(model._meta.fields)
    return [field for field in fields if field.many_to_one and _own_paths(field.related_model)]
