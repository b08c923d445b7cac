"""Filters by what a record refers to, among what the reader may see: to the reader, what is hidden is not there."""

from __future__ import annotations

from functools import partial
from typing import Any

import django_filters
from django.contrib.contenttypes.fields import GenericForeignKey
from django.contrib.contenttypes.models import ContentType
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext as _
from rest_framework.request import Request

from tracker.api import collections
from tracker.api.collections import RecordModel
from tracker.api.column_filters import TextIn, TruthFilter
from tracker.api.problem_types import InvalidParameters


def reference_filters(field: Any) -> dict[str, django_filters.Filter]:
    """The filters for a reference to one record or to many."""
    if isinstance(field, GenericForeignKey):
        found: dict[str, django_filters.Filter] = {field.name: AnyReferenceFilter(field_name=field.name)}
        if field.model._meta.get_field(field.fk_field).null:
            found[f"{field.name}__isnull"] = AnyReferenceIsNull(field_name=field.name)
        return found
    target = field.related_model
    if not hasattr(target, "collection"):
        return {}
    found = {
        field.name: ReferenceFilter(field_name=field.name, model=target),
        f"{field.name}__in": ReferencesIn(field_name=field.name, model=target, distinct=field.many_to_many),
    }
    if field.null or field.many_to_many:
        found[f"{field.name}__isnull"] = ReferenceIsNull(field_name=field.name, model=target)
    return found


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
        unknown = [no_record(slug, self.target) for slug in value if slug not in found]
        if unknown:
            raise InvalidParameters({f"{self.field_name}__in": unknown})
        filtered: models.QuerySet[Any] = super().filter(qs, list(found.values()))
        return filtered


class ReferenceIsNull(TruthFilter):
    """Whether a record refers to any that the reader may see."""

    def __init__(self, *args: Any, model: type[models.Model], **kwargs: Any) -> None:
        self.target = model
        super().__init__(*args, lookup_expr="isnull", **kwargs)

    def filter(self, qs: models.QuerySet[Any], value: bool | None) -> models.QuerySet[Any]:
        if value is None:
            return qs
        seen = _visible(self.target, self.parent.request)
        referring = qs.model._base_manager.filter(**{f"{self.field_name}__in": seen}).values("pk")
        return qs.exclude(pk__in=referring) if value else qs.filter(pk__in=referring)


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


class AnyReferenceIsNull(TruthFilter):
    """Whether a record's generic reference names a record that the reader may see."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, lookup_expr="isnull", **kwargs)

    def filter(self, qs: models.QuerySet[Any], value: bool | None) -> models.QuerySet[Any]:
        if value is None:
            return qs
        field: Any = self.model._meta.get_field(self.field_name)
        nothing = Q(**{f"{field.fk_field}__isnull": True})
        for viewset in collections.viewsets():
            target = collections.model_of(viewset)
            if not target._default_manager.all().everybody_sees_all:
                of_type = Q(**{field.ct_field: ContentType.objects.get_for_model(target)})
                nothing |= of_type & ~Q(**{f"{field.fk_field}__in": _visible(target, self.parent.request)})
        return qs.filter(nothing) if value else qs.exclude(nothing)


def _visible(model: RecordModel, request: Request) -> Any:
    return model._default_manager.all().visible_to(request.user)


def no_record(slug: str, model: RecordModel) -> str:
    values = {"slug": slug[:120], "collection": model.collection}
    return _("There is no record with the slug “%(slug)s” in %(collection)s.") % values
