"""Which joins and prefetches a response needs, read off its serializer: as many queries for a thousand rows as for one.

What a reader may not see is left out on the way: hidden parts are not in the list, a reference to a hidden record is
null.
"""

from __future__ import annotations

from typing import Any

from django.contrib.contenttypes.fields import GenericRelation
from django.contrib.contenttypes.prefetch import GenericPrefetch
from django.db import models
from django.db.models import Prefetch
from rest_framework import serializers

from tracker.api.collections import RecordModel
from tracker.api.fields import AnyReferenceField


def for_reading(queryset: models.QuerySet[Any], serializer: Any, user: Any) -> models.QuerySet[Any]:
    """The rows with all that ``serializer`` is going to show of them to ``user``."""
    joins: list[str] = []
    fetches: list[Any] = []
    for field in serializer.fields.values():
        source = field.source
        if field.write_only or source == "*":
            continue
        if isinstance(field, AnyReferenceField):
            fetches.append(_any_record(queryset.model, source, user))
        elif isinstance(field, serializers.ListSerializer):
            fetches.append(_parts(queryset.model, field, user))
        elif isinstance(field, serializers.ModelSerializer):
            fetches.append(Prefetch(source, _rows(related(queryset.model, source), field, user)))
        elif isinstance(field, serializers.ManyRelatedField):
            fetches.append(Prefetch(source, visible(related(queryset.model, source), user)))
        elif isinstance(field, serializers.RelatedField):
            target = related(queryset.model, source)
            if target._default_manager.all().everybody_sees_all:
                joins.append(source)
            else:
                fetches.append(Prefetch(source, visible(target, user)))
    if joins:
        queryset = queryset.select_related(*joins)
    return queryset.prefetch_related(*fetches)


def related(model: RecordModel, source: str) -> RecordModel:
    """The model at the other end of a relation."""
    return model._meta.get_field(source).related_model


def visible(model: RecordModel, user: Any) -> Any:
    """The rows of a model that a user may see."""
    return model._default_manager.all().visible_to(user)


def _rows(model: RecordModel, serializer: Any, user: Any) -> models.QuerySet[Any]:
    return for_reading(visible(model, user).with_computed(), serializer, user)


def _parts(model: RecordModel, field: Any, user: Any) -> Prefetch:
    target = related(model, field.source)
    if isinstance(model._meta.get_field(field.source), GenericRelation):
        # Whoever sees a record sees its citations; to ask that of every record type again is dear.
        return Prefetch(field.source, for_reading(target._default_manager.all().with_computed(), field.child, user))
    return Prefetch(field.source, _rows(target, field.child, user))


def _any_record(model: RecordModel, source: str, user: Any) -> GenericPrefetch:
    """The records that a generic reference names, whatever their types; of a part, also what it is a part of."""
    querysets = []
    for target in referable(model):
        parent = getattr(target, "parent_field", None)
        seen = visible(target, user)
        # Of all other types, Django fetches the rows as they are.
        if parent or not seen.everybody_sees_all:
            querysets.append(seen.select_related(parent) if parent else seen)
    return GenericPrefetch(source, querysets)


def referable(model: RecordModel) -> list[RecordModel]:
    """The models that a generic reference may name: records and their parts, of the same app."""
    models_of_app = model._meta.app_config.get_models()
    return [each for each in models_of_app if hasattr(each, "collection") or hasattr(each, "parent_field")]
