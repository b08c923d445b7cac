"""What a change came to in the API's words: which fields of a record or a part, from what to what."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any, NamedTuple

from django.contrib.contenttypes.fields import GenericForeignKey
from django.contrib.contenttypes.models import ContentType
from django.core.exceptions import FieldDoesNotExist
from django.db import models
from rest_framework import serializers

from tracker.api import collections
from tracker.api.fields import AnyReferenceField, LanguageMapField
from tracker.history.change_log import Row, RowChange
from tracker.history.tracking import tracked, tracked_table

# What a reader knows of the record anyway, or what changes with every write.
NEVER_SHOWN = ("id", "url", "created_at", "updated_at")


class Ref(NamedTuple):
    """A row that a value names; ``of_any_type`` where its field says the type too."""

    model: Any
    pk: int
    of_any_type: bool = False


class FieldChange(NamedTuple):
    """One field's values before and after; references are still ``Ref``."""

    field: str
    language: str | None
    before: Any
    after: Any


@dataclass(frozen=True)
class ShownField:
    """A field of the API as it is read from a row of history."""

    name: str
    language: str | None
    read: Callable[[Row], Any]
    told_of_moves_only: bool = False


class Link(NamedTuple):
    """A many-to-many field whose links are rows of a table of their own."""

    field: str
    target: Any
    column: str


def differences(change: RowChange) -> list[FieldChange]:
    """The fields that the change changed; of a new or deleted row those that have a value."""
    each = tracked_table(change.place.table)
    link = link_in(change.place.table)
    if link is not None:
        before, after = (_far_end(link, row) for row in (change.before, change.after))
        return [FieldChange(link.field, None, before, after)] if before != after else []
    found = []
    for shown in shown_fields(each.model) if each else ():
        if shown.told_of_moves_only and change.action != "update":
            continue
        before, after = (None if row is None else shown.read(row) for row in (change.before, change.after))
        if before != after and not (_is_nothing(before) and _is_nothing(after)):
            found.append(FieldChange(shown.name, shown.language, before, after))
    return found


def _is_nothing(value: Any) -> bool:
    return value is None or value == []


@cache
def link_in(table: str) -> Link | None:
    """The field whose links a table holds; None where its rows are more than links."""
    for each in tracked():
        for field in each.model._meta.many_to_many:
            through: Any = field.remote_field.through
            if through._meta.db_table == table:
                return Link(field.name, field.related_model, field.m2m_reverse_name())
    return None


def _far_end(link: Link, row: Row | None) -> Ref | None:
    return None if row is None else Ref(link.target, row[link.column])


@cache
def shown_fields(model: Any) -> tuple[ShownField, ...]:
    """The fields that the API has of a model, in their order, as far as its rows hold them."""
    serializer = _serializers().get(model)
    fields = serializer().fields.items() if serializer else ()
    found = [shown for name, field in fields for shown in _shown(model, name, field)]
    parent = getattr(model, "parent_field", None)
    if parent and parent not in [shown.name for shown in found]:
        found.append(ShownField(parent, None, _reference(model._meta.get_field(parent)), told_of_moves_only=True))
    return tuple(found)


@cache
def _serializers() -> dict[Any, Any]:
    """For each model the serializer that shows its rows: of its own collection, or within a record."""
    own = {collections.model_of(viewset): viewset.serializer_class for viewset in collections.viewsets()}
    nested: dict[Any, Any] = {}
    waiting = list(own.values())
    while waiting:
        for field in waiting.pop()().fields.values():
            if isinstance(field, serializers.ListSerializer):
                child: Any = type(field.child)
                if nested.setdefault(child.Meta.model, child) is child:
                    waiting.append(child)
    return {**nested, **own}


def _shown(model: Any, name: str, field: Any) -> Iterator[ShownField]:
    if name in NEVER_SHOWN:
        return
    if isinstance(field, LanguageMapField):
        for language, column in field.columns.items():
            yield ShownField(name, language, _value(model._meta.get_field(f"{name}_{language}"), column))
        return
    try:
        source = model._meta.get_field(field.source)
    except FieldDoesNotExist:
        return
    if isinstance(field, AnyReferenceField):
        yield ShownField(name, None, _reference_to_any(model, source))
    elif isinstance(source, models.ForeignKey):
        yield ShownField(name, None, _reference(source))
    elif isinstance(source, models.Field) and source.concrete and not source.many_to_many:
        yield ShownField(name, None, _value(source, field))


def _value(source: Any, field: Any) -> Callable[[Row], Any]:
    column = source.column
    python = getattr(source, "output_field", source).to_python

    def read(row: Row) -> Any:
        value = row.get(column)
        return None if value is None else field.to_representation(python(value))

    return read


def _reference(source: Any) -> Callable[[Row], Any]:
    def read(row: Row) -> Any:
        pk = row.get(source.column)
        return None if pk is None else Ref(source.related_model, pk)

    return read


def _reference_to_any(model: Any, source: GenericForeignKey) -> Callable[[Row], Any]:
    type_column = model._meta.get_field(source.ct_field).column
    id_column = model._meta.get_field(source.fk_field).column

    def read(row: Row) -> Any:
        type_id, pk = row.get(type_column), row.get(id_column)
        if type_id is None or pk is None:
            return None
        return Ref(ContentType.objects.get_for_id(type_id).model_class(), pk, of_any_type=True)

    return read
