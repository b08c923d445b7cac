"""Exporting the registry: every record in the form in which files hold it and the API takes it."""

from __future__ import annotations

from pathlib import Path
from typing import Any, cast

from django.contrib.auth.models import User
from django.db import models
from rest_framework import serializers

from initiatives.api import urls as _urls  # noqa: F401 (registers the collections)
from initiatives.models import Citation
from tracker.api import collections
from tracker.api.fields import AnyReferenceField, LanguageMapField, ReferenceField
from tracker.api.loading import for_reading
from tracker.api.serializers import default_of

from . import files

# Sees everything; it is nobody's account.
EXPORTER = User(username="exporter", is_staff=True, is_active=True)


def export(path: Path) -> int:
    """Write all records to a folder, one file per collection; how many there were."""
    nested = _nested_models()
    records: dict[str, list[dict[str, Any]]] = {}
    for viewset in collections.viewsets():
        model = collections.model_of(viewset)
        if model in nested:
            continue
        serializer = viewset.serializer_class(context={"registry": True})
        rows = for_reading(model._default_manager.all(), serializer, EXPORTER).order_by("slug")
        records[model.collection] = [written_form(serializer, row) for row in rows]
    files.write(path, records)
    return sum(len(rows) for rows in records.values())


def _nested_models() -> set[type[models.Model]]:
    """The record types that stand inside their parents' files."""
    return {
        cast("Any", field).child.Meta.model
        for viewset in collections.viewsets()
        for field in viewset.serializer_class().fields.values()
        if isinstance(field, serializers.ListSerializer)
    }


def written_form(serializer: Any, instance: Any, place: int | None = None) -> dict[str, Any]:
    """A record or part as one would write it; what is unknown, or as it is by default, is left out."""
    form: dict[str, Any] = {}
    for name, field in serializer.fields.items():
        if field.read_only or name == "id":
            continue
        value = _value(field, instance)
        if not _goes_without_saying(serializer, name, field, instance, value, place):
            form[name] = value
    return form


def _goes_without_saying(serializer: Any, name: str, field: Any, instance: Any, value: Any, place: int | None) -> bool:
    if value is None or value in ({}, []):
        return True
    if name == "slug":
        return isinstance(instance, Citation) and bool(value == instance.plain_slug())
    if name == "position" and place is not None:
        return bool(value == place)
    if field.required or isinstance(field, (LanguageMapField, serializers.ListSerializer)):
        return False
    if isinstance(field, (serializers.ManyRelatedField, AnyReferenceField, ReferenceField)):
        return False
    return bool(getattr(instance, field.source) == default_of(serializer.Meta.model, field.source))


def _value(field: Any, instance: Any) -> Any:
    if isinstance(field, LanguageMapField):
        return {language: text for language, text in field.to_representation(instance).items() if text}
    value = getattr(instance, field.source)
    if isinstance(field, serializers.ListSerializer):
        return [written_form(field.child, part, place) for place, part in enumerate(value.all(), start=1)]
    if isinstance(field, serializers.ManyRelatedField):
        return sorted(row.slug for row in value.all())
    if value is None:
        return None
    if isinstance(field, AnyReferenceField):
        return f"{type(value).collection}/{value.slug}"
    if isinstance(field, ReferenceField):
        return value.slug
    return field.to_representation(value)
