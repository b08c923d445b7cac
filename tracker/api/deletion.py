"""Deleting rows that nobody refers to; who does is named.

Foreign keys protect themselves. Links of many to many would silently go with the row, and generic references are
minded by the database alone, whose refusal knows no addresses.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from django.apps import apps
from django.contrib.contenttypes.fields import GenericForeignKey
from django.contrib.contenttypes.models import ContentType
from django.db import models, router
from django.db.models import ProtectedError
from django.db.models.deletion import Collector


def delete(rows: Sequence[models.Model]) -> None:
    """Delete rows of one model and what is part of them; raises ProtectedError with the rows that refer to any."""
    model = type(rows[0])
    keys = {row.pk for row in rows}
    # Before the links of a table of their own protect themselves: the records at the other ends say more.
    _refuse(row for row in _linked_to(model, keys) if not (type(row) is model and row.pk in keys))
    collector = Collector(using=router.db_for_write(model))
    collector.collect(rows)
    going = {each: {row.pk for row in found} for each, found in collector.data.items()}
    _refuse(
        row
        for each, found in going.items()
        for row in (*_linked_to(each, found), *_speaking_of(each, found))
        if row.pk not in going.get(type(row), ())
    )
    collector.delete()


def _refuse(referrers: Iterator[models.Model]) -> None:
    staying = set(referrers)
    if staying:
        raise ProtectedError("Other rows refer to what was to be deleted.", staying)


def _linked_to(model: type[models.Model], keys: set[Any]) -> Iterator[models.Model]:
    for relation in model._meta.related_objects:
        if relation.many_to_many:
            yield from relation.related_model._base_manager.filter(**{f"{relation.field.name}__in": keys})


def _speaking_of(model: type[models.Model], keys: set[Any]) -> Iterator[models.Model]:
    of_type = ContentType.objects.get_for_model(model)
    for field in _generic_references():
        yield from field.model._base_manager.filter(**{field.ct_field: of_type, f"{field.fk_field}__in": keys})


def _generic_references() -> Iterator[GenericForeignKey]:
    for model in apps.get_models():
        yield from (field for field in model._meta.private_fields if isinstance(field, GenericForeignKey))
