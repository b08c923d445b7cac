"""Filters of a collection, made from its model: every column and every reference, by the names of the contract.

django-filter ignores parameters that it does not know, so that a typing error returns everything; here an unknown
parameter, a repeated one and a value that is not valid are refused with what would be.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator
from typing import Any, ClassVar

import django_filters
from django.contrib.contenttypes.fields import GenericForeignKey
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils.translation import gettext as _
from rest_framework import filters
from rest_framework.request import Request

from tracker.api.column_filters import LONGEST_VALUE_LIST, BilingualFilter, ValueList, column_filters
from tracker.api.problem_types import InvalidParameters, UnknownParameter
from tracker.api.reference_filters import ReferenceFilter, no_record, reference_filters


class RecordFilterSet(django_filters.FilterSet):
    """All filters that a record's model gives, and those for ``Meta.computed``, the columns that a query computes."""

    class Meta:
        model: type[models.Model]
        computed: ClassVar[dict[str, models.Field]] = {}

    @classmethod
    def get_filters(cls) -> dict[str, django_filters.Filter]:
        model = getattr(cls._meta, "model", None)
        found: dict[str, django_filters.Filter] = OrderedDict()
        if model is not None:
            for field in _filterable(model):
                found.update(_filters_of(model, field))
            for name, field in getattr(cls.Meta, "computed", {}).items():
                found.update(column_filters(name, field))
        found.update(cls.declared_filters)
        return found

    def __init__(self, data: Any, queryset: models.QuerySet[Any], *, request: Request) -> None:
        """Make only the filters that the query names: copying a hundred for each request costs more than the query."""
        self.is_bound = True
        self.data = data
        self.queryset = queryset
        self.request = request
        self.form_prefix = None
        self.filters = OrderedDict((name, _copy(self.base_filters[name])) for name in data if name in self.base_filters)
        for each in self.filters.values():
            each.parent = self
            each.model = queryset.model


def _copy(each: django_filters.Filter) -> django_filters.Filter:
    kwargs = {**each.extra}
    twin = each.__class__.__new__(each.__class__)
    twin.__dict__.update(each.__dict__, extra=kwargs)
    twin.__dict__.pop("_field", None)
    return twin


def _filterable(model: type[models.Model]) -> Iterator[Any]:
    yield from model._meta.concrete_fields
    yield from model._meta.many_to_many
    yield from (field for field in model._meta.private_fields if isinstance(field, GenericForeignKey))


def _filters_of(model: type[models.Model], field: Any) -> dict[str, django_filters.Filter]:
    """The filters for one column, relation, or pair of columns in two languages."""
    generic = [f for f in model._meta.private_fields if isinstance(f, GenericForeignKey)]
    if any(field.name in (f.ct_field, f.fk_field) for f in generic):
        return {}
    if field.is_relation:
        return reference_filters(field)
    filters_found = column_filters(field.name, getattr(field, "output_field", field))
    stem, _underscore, language = field.name.rpartition("_")
    if language == "en" and not isinstance(field, ArrayField):
        filters_found[stem] = BilingualFilter(field_name=stem, lookup_expr="exact")
        filters_found[f"{stem}__icontains"] = BilingualFilter(field_name=stem, lookup_expr="icontains")
    return filters_found


class StrictFilterBackend(filters.BaseFilterBackend):
    """Filters a list by a view's ``filterset_class`` and refuses what it does not know."""

    def filter_queryset(self, request: Request, queryset: models.QuerySet[Any], view: Any) -> models.QuerySet[Any]:
        filterset_class = view.filterset_class
        known = set(filterset_class.base_filters) | view.known_parameters()
        unknown = [name for name in request.query_params if name not in known]
        if unknown:
            raise UnknownParameter(unknown, known)
        repeated = [
            n
            for n in request.query_params
            if len(request.query_params.getlist(n)) > 1 and n in filterset_class.base_filters
        ]
        if repeated:
            message = _("Give “%(name)s” once; for several values use “%(name)s__in” with commas.")
            raise InvalidParameters({name: message % {"name": name} for name in repeated})
        _refuse_empty(request, filterset_class)
        filterset = filterset_class(request.query_params, queryset, request=request)
        if not filterset.is_valid():
            raise InvalidParameters(
                {name: _explained(filterset, name, errors) for name, errors in filterset.errors.items()}
            )
        filtered: models.QuerySet[Any] = filterset.qs
        return filtered


def _refuse_empty(request: Request, filterset_class: type[RecordFilterSet]) -> None:
    """A filter without a value would find everything, and be taken for one that found it all fitting."""
    refused = {}
    value: Any
    for name, value in request.query_params.items():
        each = filterset_class.base_filters.get(name)
        if each is not None and not value.strip():
            refused[name] = _("Give “%(name)s” a value.") % {"name": name}
        if isinstance(each, ValueList) and value.count(",") >= LONGEST_VALUE_LIST:
            refused[name] = _("Give “%(name)s” at most %(most)d values.") % {"name": name, "most": LONGEST_VALUE_LIST}
    if refused:
        raise InvalidParameters(refused)


def _explained(filterset: RecordFilterSet, name: str, errors: list[str]) -> list[str]:
    """The refusals of a filter; of one with choices, with the values that there are."""
    each = filterset.filters[name]
    if isinstance(each, ReferenceFilter):
        return [no_record(str(filterset.data[name]), each.target)]
    choices = dict(each.extra.get("choices", ()))
    if not choices:
        return [str(error) for error in errors]
    return [
        _("“%(value)s” is not valid. Choose from: %(choices)s.")
        % {
            "value": str(filterset.data[name])[:100],
            "choices": ", ".join(map(str, choices)),
        }
    ]
