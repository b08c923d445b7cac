"""The query parameters of an operation in OpenAPI's words: filters, search, ordering, and what to show."""

from __future__ import annotations

from typing import Any

import django_filters
from django.core.exceptions import FieldDoesNotExist
from django.db import models
from django.utils.translation import gettext as _
from drf_spectacular.extensions import OpenApiFilterExtension
from drf_spectacular.openapi import AutoSchema

from tracker.api import collections
from tracker.api.column_filters import LONGEST_VALUE_LIST, BilingualFilter, NumberIn, ValueList, WholeNumberFilter
from tracker.api.ordering import StrictOrdering, orderings
from tracker.api.reference_filters import AnyReferenceFilter, ReferenceFilter
from tracker.api.schema_fields import SLUG, Schema
from tracker.api.search import EXAMPLES, LONGEST, PARAMETER
from tracker.api.selection import expandable

TRUTH = {"type": "boolean"}
# An empty value is refused rather than taken for no filter.
TEXT = {"type": "string", "pattern": r"\S"}
BIGINT = {"type": "integer", "format": "int64"}


def parameter(name: str, schema: Schema, description: str = "") -> Schema:
    """A query parameter; several values go into one, separated by commas."""
    found: Schema = {"name": name, "in": "query", "required": False, "schema": schema}
    if description:
        found["description"] = description
    if schema.get("type") == "array":
        found.update(style="form", explode=False)
    return found


def _listed(items: Schema) -> Schema:
    return {"type": "array", "items": items, "minItems": 1}


# What to show --------------------------------------------------------------------------------------------------------


def selection(view: Any) -> list[Schema]:
    """`fields`, `omit` and `expand` for the records of a view."""
    names = {"type": "string", "enum": list(view.serializer_class().fields)}
    found = [
        parameter("fields", _listed(names), _("Show only these members of each record.")),
        parameter("omit", _listed(names), _("Leave these members of each record out.")),
    ]
    paths = expansions(view.serializer_class)
    if paths:
        described = _("Show these references as whole records.")
        found.append(parameter("expand", _listed({"type": "string", "enum": paths}), described))
    return found


def expansions(serializer_class: Any) -> list[str]:
    """Every path that can be expanded: references, and references of what they name."""
    found = []
    for name, target in expandable(serializer_class).items():
        within = expandable(collections.viewset_of(target).serializer_class)
        found += [name, *(f"{name}.{inner}" for inner in within)]
    return found


def dry_run() -> Schema:
    """What every write may be asked."""
    described = _("Check everything and write nothing.")
    return parameter("dry_run", {**TRUTH, "default": False}, described)


# Filters -------------------------------------------------------------------------------------------------------------


class StrictFilterExtension(OpenApiFilterExtension):
    target_class = "tracker.api.filters.StrictFilterBackend"

    def get_schema_operation_parameters(self, auto_schema: AutoSchema, *args: Any, **kwargs: Any) -> list[Schema]:
        view: Any = auto_schema.view
        filterset = view.filterset_class
        declared = filterset.base_filters.items()
        return [parameter(name, _values(each), describe(filterset, each)) for name, each in declared]


class StrictOrderingExtension(OpenApiFilterExtension):
    target_class = "tracker.api.ordering.StrictOrdering"

    def get_schema_operation_parameters(self, auto_schema: AutoSchema, *args: Any, **kwargs: Any) -> list[Schema]:
        names = [signed for name in orderings(auto_schema.view) for signed in (name, f"-{name}")]
        described = _("Members to order by; a “-” before one reverses it. Unknown values come last.")
        return [parameter(StrictOrdering.parameter, _listed({"type": "string", "enum": names}), described)]


class SearchFilterExtension(OpenApiFilterExtension):
    target_class = "tracker.api.search.SearchFilter"

    def get_schema_operation_parameters(self, auto_schema: AutoSchema, *args: Any, **kwargs: Any) -> list[Schema]:
        described = _(
            "Words in English or in Arabic, which the record's texts must all have; the last may be unfinished. Case, "
            "accents, Arabic vowel marks, letter variants, the article and common endings do not matter. Without "
            "“ordering”, the nearest come first."
        )
        found = parameter(PARAMETER, {**TEXT, "maxLength": LONGEST}, described)
        return [{**found, "examples": {language: {"value": words} for language, words in EXAMPLES.items()}}]


def _values(each: django_filters.Filter) -> Schema:
    """The values that a filter takes."""
    if isinstance(each, ValueList):
        return {**_listed(_single(each)), "maxItems": LONGEST_VALUE_LIST}
    return _single(each)


def _single(each: django_filters.Filter) -> Schema:
    choices = [value for value, _label in each.extra.get("choices") or ()]
    if choices:
        return dict(TRUTH) if set(choices) == {"true", "false"} else {"type": "string", "enum": choices}
    if hasattr(each, "target"):
        return dict(SLUG)
    if isinstance(each, AnyReferenceFilter):
        return {"type": "string", "examples": ["organizations/dubai-municipality"]}
    for kind, schema in TYPES:
        if isinstance(each, kind):
            return dict(schema)
    return dict(TEXT)


TYPES: tuple[tuple[type[django_filters.Filter], Schema], ...] = (
    (WholeNumberFilter, BIGINT),
    (NumberIn, BIGINT),
    (django_filters.NumberFilter, {"type": "number"}),
    (django_filters.IsoDateTimeFilter, {"type": "string", "format": "date-time"}),
    (django_filters.DateFilter, {"type": "string", "format": "date"}),
)


def describe(filterset: type[Any], each: django_filters.Filter) -> str:
    """What a filter does, by the name that people know its column by."""
    named = _label(filterset, each.field_name)
    target: Any = getattr(each, "target", None)
    if isinstance(each, ReferenceFilter):
        template = _("%(field)s: the slug of a record in “%(collection)s”.")
        return template % {"field": named, "collection": target.collection}
    if isinstance(each, AnyReferenceFilter):
        return _("%(field)s: a record of any type, as “<collection>/<slug>”.") % {"field": named}
    if isinstance(each, BilingualFilter):
        return _said(each, _("%(field)s, in either language."), named)
    if isinstance(each, ValueList):
        return _("%(field)s: one of these, separated by commas.") % {"field": named}
    return _said(each, "%(field)s.", named)


def _said(each: django_filters.Filter, plain: str, named: str) -> str:
    templates = {
        "icontains": _("%(field)s contains this text; case, accents and vowel marks do not matter."),
        "lt": _("%(field)s is before or below this."),
        "lte": _("%(field)s is this, before or below."),
        "gt": _("%(field)s is after or above this."),
        "gte": _("%(field)s is this, after or above."),
        "isnull": _("%(field)s is unknown (true) or known (false)."),
    }
    return templates.get(each.lookup_expr, plain) % {"field": named}


def _label(filterset: type[Any], name: str) -> str:
    """What people call the column that a filter is about; what a query computes goes by its plain name."""
    stem = name.split("__", maxsplit=1)[0]
    for candidate in (stem, f"{stem}_en"):
        try:
            field = filterset._meta.model._meta.get_field(candidate)
        except FieldDoesNotExist:
            continue
        verbose = str(getattr(field, "verbose_name", ""))
        plain = verbose.partition(" (")[0] if candidate != stem else verbose
        return _capitalized(plain) if isinstance(field, models.Field) else _capitalized(stem)
    return _capitalized(stem.replace("_", " "))


def _capitalized(text: str) -> str:
    return text[:1].upper() + text[1:]
