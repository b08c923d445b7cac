"""The order of a list: by what its records hold and what its query computes."""

from __future__ import annotations

from typing import Any

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models.functions import Left, NullIf
from django.utils.translation import gettext as _
from rest_framework import filters
from rest_framework.request import Request

from tracker.api.problem_types import InvalidParameters
from tracker.text import Fold

SORTED_CHARACTERS = 200
"""How much of a text counts for its place in the order."""


class StrictOrdering(filters.BaseFilterBackend):
    """Orders a list by `ordering`, texts as readers sort them, unknowns last, and always in one definite order."""

    parameter = "ordering"

    def filter_queryset(self, request: Request, queryset: models.QuerySet[Any], view: Any) -> models.QuerySet[Any]:
        if self.parameter not in request.query_params:
            return queryset.order_by(*queryset.model._meta.ordering, "pk")
        valid = orderings(view)
        given = ",".join(request.query_params.getlist(self.parameter)).split(",")
        unknown = [name for name in given if name.removeprefix("-") not in valid]
        if unknown:
            message = _("Cannot order by “%(name)s”. Choose from: %(valid)s; a “-” before it reverses.")
            values = {"name": ", ".join(unknown)[:100], "valid": ", ".join(valid)}
            raise InvalidParameters({self.parameter: message % values})
        terms = [_term(name, valid[name.removeprefix("-")]) for name in given]
        return queryset.order_by(*terms, "pk")


def orderings(view: Any) -> dict[str, models.Field]:
    """What a collection can be ordered by: its columns and what its query computes."""
    model = view.filterset_class._meta.model
    columns = {
        field.name: getattr(field, "output_field", field)
        for field in model._meta.concrete_fields
        if not field.is_relation and not isinstance(field, ArrayField)
    }
    return {**columns, **getattr(view.filterset_class.Meta, "computed", {})}


def _term(name: str, field: models.Field) -> Any:
    column = name.removeprefix("-")
    is_text = isinstance(field, (models.CharField, models.TextField)) and not field.choices and column != "slug"
    key: Any = models.F(column)
    if is_text:
        # A cursor carries the key in an address, which takes no whole pages of text.
        key = Left(Fold(NullIf(key, models.Value(""))), SORTED_CHARACTERS)
    return key.desc(nulls_last=True) if name.startswith("-") else key.asc(nulls_last=True)
