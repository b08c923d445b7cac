"""Filters of a collection, made from its model: every column and every reference, by the names of the contract.

django-filter ignores parameters that it does not know, so that a typing error returns everything; here an unknown
parameter, a repeated one and a value that is not valid are refused with what would be.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator
from functools import partial
from typing import Any, ClassVar

import django_filters
from django import forms
from django.contrib.contenttypes.fields import GenericForeignKey
from django.contrib.contenttypes.models import ContentType
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext as _
from rest_framework import filters
from rest_framework.request import Request

from tracker.api import collections
from tracker.api.collections import RecordModel
from tracker.api.fields import LANGUAGES
from tracker.api.problem_types import InvalidParameters, UnknownParameter
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


class ReferenceFilter(django_filters.ModelChoiceFilter):
    """A reference by the slug of the record that it names, among those that the reader may see."""

    def __init__(self, *args: Any, model: type[models.Model], **kwargs: Any) -> None:
        self.target = model
        super().__init__(*args, queryset=partial(_visible, model), to_field_name="slug", **kwargs)


class ReferencesIn(TextIn):
    """References by the slugs of several records, of which one must match; each is one that the reader may see."""

    def __init__(self, *args: Any, model: type[models.Model], **kwargs: Any) -> None:
        self.target = model
        super().__init__(*args, **kwargs)

    def filter(self, qs: models.QuerySet[Any], value: list[str]) -> models.QuerySet[Any]:
        if not value:
            return qs
        seen = _visible(self.target, self.parent.request).filter(slug__in=value)
        found = dict(seen.values_list("slug", "pk"))
        unknown = [_no_record(slug, self.target) for slug in value if slug not in found]
        if unknown:
            raise InvalidParameters({f"{self.field_name}__in": unknown})
        filtered: models.QuerySet[Any] = super().filter(qs, list(found.values()))
        return filtered


class ReferenceIsNull(TruthFilter):
    """Whether a record refers to any that the reader may see: to all others, what is hidden is not there."""

    def __init__(self, *args: Any, model: type[models.Model], **kwargs: Any) -> None:
        self.target = model
        super().__init__(*args, lookup_expr="isnull", **kwargs)

    def filter(self, qs: models.QuerySet[Any], value: bool | None) -> models.QuerySet[Any]:
        if value is None:
            return qs
        seen = _visible(self.target, self.parent.request)
        referring = qs.model._base_manager.filter(**{f"{self.field_name}__in": seen}).values("pk")
        return qs.exclude(pk__in=referring) if value else qs.filter(pk__in=referring)


def _visible(model: RecordModel, request: Request) -> Any:
    return model._default_manager.all().visible_to(request.user)


def _no_record(slug: str, model: RecordModel) -> str:
    values = {"slug": slug[:120], "collection": model.collection}
    return _("There is no record with the slug “%(slug)s” in %(collection)s.") % values


class AnyReferenceFilter(django_filters.CharFilter):
    """A generic reference, as `<collection>/<slug>`."""

    def filter(self, qs: models.QuerySet[Any], value: str) -> models.QuerySet[Any]:
        if not value:
            return qs
        collection, _slash, slug = value.partition("/")
        target = collections.model_named(collection)
        found = target and target._default_manager.all().visible_to(self.parent.request.user).filter(slug=slug).first()
        if found is None:
            reason = _("There is no record “%(value)s”. Say “<collection>/<slug>”.") % {"value": value[:200]}
            raise InvalidParameters({self.field_name: reason})
        field = self.model._meta.get_field(self.field_name)
        of_type = ContentType.objects.get_for_model(found)
        return qs.filter(**{field.ct_field: of_type, field.fk_field: found.pk})


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
                found.update(_column_filters(name, field))
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
    if isinstance(field, GenericForeignKey):
        return {field.name: AnyReferenceFilter(field_name=field.name)}
    if any(field.name in (f.ct_field, f.fk_field) for f in generic):
        return {}
    if field.is_relation:
        return _reference_filters(field)
    filters_found = _column_filters(field.name, getattr(field, "output_field", field))
    stem, _underscore, language = field.name.rpartition("_")
    if language == "en" and not isinstance(field, ArrayField):
        filters_found[stem] = BilingualFilter(field_name=stem, lookup_expr="exact")
        filters_found[f"{stem}__icontains"] = BilingualFilter(field_name=stem, lookup_expr="icontains")
    return filters_found


def _reference_filters(field: Any) -> dict[str, django_filters.Filter]:
    target = field.related_model
    if not hasattr(target, "collection"):
        return {}
    found: dict[str, django_filters.Filter] = {
        field.name: ReferenceFilter(field_name=field.name, model=target),
        f"{field.name}__in": ReferencesIn(field_name=field.name, model=target, distinct=field.many_to_many),
    }
    if field.null or field.many_to_many:
        found[f"{field.name}__isnull"] = ReferenceIsNull(field_name=field.name, model=target)
    return found


def _column_filters(name: str, field: models.Field) -> dict[str, django_filters.Filter]:
    """The filters for a plain column, by its type."""
    found: dict[str, django_filters.Filter] = {}
    if isinstance(field, ArrayField):
        # A JSON `fields` list is the reader's selection, and has the parameter's name.
        return {} if name == "fields" else {name: _ArrayHolds(field_name=name, base=field.base_field)}
    if field.choices:
        found[name] = django_filters.ChoiceFilter(field_name=name, choices=field.choices)
        found[f"{name}__in"] = _ChoicesIn(field_name=name, choices=field.choices)
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


class WholeNumberFilter(django_filters.NumberFilter):
    """A whole number that a bigint column can be compared with."""

    field_class = forms.IntegerField

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, min_value=-(2**63), max_value=2**63 - 1, **kwargs)

    def get_max_validator(self) -> None:
        return None


class NumberIn(ValueList, WholeNumberFilter):
    pass


class _ChoicesIn(ValueList, django_filters.ChoiceFilter):
    pass


class _ArrayHolds(django_filters.CharFilter):
    """A list column that holds this element."""

    def __init__(self, *args: Any, base: models.Field, **kwargs: Any) -> None:
        self.base = base
        super().__init__(*args, **kwargs)
        if base.choices:
            self.field_class = forms.ChoiceField
            self.extra["choices"] = base.choices

    def filter(self, qs: models.QuerySet[Any], value: str) -> models.QuerySet[Any]:
        return qs.filter(**{f"{self.field_name}__contains": [value]}) if value else qs


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
        return [_no_record(str(filterset.data[name]), each.target)]
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
    expression = models.F(column)
    key = Fold(models.functions.NullIf(expression, models.Value(""))) if is_text else expression
    return key.desc(nulls_last=True) if name.startswith("-") else key.asc(nulls_last=True)
