"""Filters by the values of columns: texts as readers compare them, choices, numbers, dates, lists."""

from __future__ import annotations

from typing import Any

import django_filters
from django import forms
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q

from tracker.api.fields import LANGUAGES
from tracker.text import Fold

COMPARISONS = ("exact", "lt", "lte", "gt", "gte")
LONGEST_VALUE_LIST = 1_000
TRUTH = {"true": True, "false": False}


class ValueList(django_filters.BaseInFilter):
    """Several values, separated by commas, of which one must match."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs.setdefault("lookup_expr", "in")
        super().__init__(*args, **kwargs)


class TruthFilter(django_filters.TypedChoiceFilter):
    """`true` or `false`; django-filter's own takes anything else for no filter at all."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        choices = [(word, word) for word in TRUTH]
        super().__init__(*args, choices=choices, coerce=TRUTH.__getitem__, **kwargs)


class TextIn(ValueList, django_filters.CharFilter):
    pass


class BilingualFilter(django_filters.CharFilter):
    """A text in either language; ``icontains`` compares as readers do (``tracker.text.fold``)."""

    def filter(self, qs: models.QuerySet[Any], value: str) -> models.QuerySet[Any]:
        if value in (None, ""):
            return qs
        columns = [f"{self.field_name}_{language}" for language in LANGUAGES]
        if self.lookup_expr == "exact":
            matches = [Q(**{column: value}) for column in columns]
        else:
            matches = [Q(ContainsFolded(Fold(column), Fold(models.Value(value)))) for column in columns]
        return qs.filter(matches[0] | matches[1])


class FoldedTextFilter(django_filters.CharFilter):
    """A column that contains a text, compared as readers do."""

    def filter(self, qs: models.QuerySet[Any], value: str) -> models.QuerySet[Any]:
        if value in (None, ""):
            return qs
        return qs.filter(ContainsFolded(Fold(self.field_name), Fold(models.Value(value))))


class ContainsFolded(models.Func):
    """Whether one folded text occurs in another; unlike LIKE it has no wildcards to escape."""

    template = "(strpos(%(expressions)s) > 0)"
    arity = 2
    output_field = models.BooleanField()
    conditional = True


class WholeNumberFilter(django_filters.NumberFilter):
    """A whole number that a bigint column can be compared with."""

    field_class = forms.IntegerField

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, min_value=-(2**63), max_value=2**63 - 1, **kwargs)

    def get_max_validator(self) -> None:
        return None


class NumberIn(ValueList, WholeNumberFilter):
    pass


class ChoicesIn(ValueList, django_filters.ChoiceFilter):
    pass


class ArrayHolds(django_filters.CharFilter):
    """A list column that holds this element."""

    def __init__(self, *args: Any, base: models.Field, **kwargs: Any) -> None:
        self.base = base
        super().__init__(*args, **kwargs)
        if base.choices:
            self.field_class = forms.ChoiceField
            self.extra["choices"] = base.choices

    def filter(self, qs: models.QuerySet[Any], value: str) -> models.QuerySet[Any]:
        return qs.filter(**{f"{self.field_name}__contains": [value]}) if value else qs


def column_filters(name: str, field: models.Field) -> dict[str, django_filters.Filter]:
    """The filters for a plain column, by its type."""
    found: dict[str, django_filters.Filter] = {}
    if isinstance(field, ArrayField):
        # A JSON `fields` list is the reader's selection, and has the parameter's name.
        return {} if name == "fields" else {name: ArrayHolds(field_name=name, base=field.base_field)}
    if field.choices:
        found[name] = django_filters.ChoiceFilter(field_name=name, choices=field.choices)
        found[f"{name}__in"] = ChoicesIn(field_name=name, choices=field.choices)
    elif isinstance(field, (models.CharField, models.TextField)):
        found[name] = django_filters.CharFilter(field_name=name)
        found[f"{name}__icontains"] = FoldedTextFilter(field_name=name, lookup_expr="icontains")
        if name == "slug":
            found[f"{name}__in"] = TextIn(field_name=name)
    elif isinstance(field, models.BooleanField):
        found[name] = TruthFilter(field_name=name)
    else:
        filter_class = _comparable(field)
        for lookup in COMPARISONS:
            parameter = name if lookup == "exact" else f"{name}__{lookup}"
            found[parameter] = filter_class(field_name=name, lookup_expr=lookup)
        if name == "id":
            found["id__in"] = NumberIn(field_name="id")
    if field.null:
        found[f"{name}__isnull"] = TruthFilter(field_name=name, lookup_expr="isnull")
    return found


def _comparable(field: models.Field[Any, Any]) -> Any:
    if isinstance(field, models.DateTimeField):
        return django_filters.IsoDateTimeFilter
    if isinstance(field, models.DateField):
        return django_filters.DateFilter
    return WholeNumberFilter if isinstance(field, models.IntegerField) else django_filters.NumberFilter
