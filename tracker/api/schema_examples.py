"""Examples of what one sends and what one gets, both from one declaration: ``examples`` of a viewset.

An example is a body as one would POST it, by collection. What is read is made of it: references are looked up among
the examples, unknown members are null. Members that the database computes may be in the declaration as well.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from rest_framework import serializers

from tracker.api import collections
from tracker.api.fields import AnyReferenceField, LanguageMapField, ReferenceField
from tracker.api.serializers import default_of

HOST = "https://registry.example"
WRITTEN_AT = "2026-11-23T08:30:00.000000Z"

Body = Mapping[str, Any]
Examples = Mapping[str, tuple[Body, ...]]


def operation_examples(view: Any, direction: str) -> dict[str, Any]:
    """The examples of an operation's body, or of its answer, under the slugs of the records that they show."""
    serializer = view.get_serializer()
    collection = serializer.Meta.model.collection
    bodies = view.examples.get(collection, ())
    if direction == "request":
        partial = view.action == "partial_update"
        return {b["slug"]: {"value": (patch_form if partial else write_form)(serializer, b)} for b in bodies}
    if view.action == "list":
        records = [read_form(serializer, body, view.examples) for body in bodies]
        page = {"count": len(records), "next": None, "previous": None, "results": records}
        return {collection: {"value": page}}
    return {b["slug"]: {"value": read_form(serializer, b, view.examples)} for b in bodies}


def write_form(serializer: Any, body: Body) -> dict[str, Any]:
    """An example as one sends it."""
    found: dict[str, Any] = {}
    for name, value in body.items():
        field = serializer.fields[name]
        if isinstance(field, serializers.ListSerializer):
            found[name] = [write_form(field.child, item) for item in value]
        elif not field.read_only:
            found[name] = value
    return found


def patch_form(serializer: Any, body: Body) -> dict[str, Any]:
    """The smallest change worth showing: one member and its new value."""
    whole = write_form(serializer, body)
    name = next(name for name in whole if name != "slug")
    return {name: whole[name]}


def read_form(serializer: Any, body: Body, examples: Examples, number: int | None = None) -> dict[str, Any]:
    """An example as one reads it."""
    model = serializer.Meta.model
    of_record = hasattr(model, "collection")
    slug = body.get("slug")
    pk = number or (_number_of(model.collection, slug, examples) if of_record else 1)
    found: dict[str, Any] = {}
    for name, field in serializer.fields.items():
        if name == "id":
            found[name] = pk
        elif name == "slug":
            found[name] = slug or f"{model._meta.model_name}-{pk}"
        elif name == "url":
            found[name] = _address(model.collection, found["slug"])
        elif name in ("created_at", "updated_at"):
            found[name] = WRITTEN_AT
        else:
            found[name] = _read(model, field, body.get(name), examples)
    return found


def _read(model: Any, field: Any, given: Any, examples: Examples) -> Any:
    if isinstance(field, serializers.ListSerializer):
        children = enumerate(given or (), start=1)
        return [read_form(field.child, {"position": n, **item}, examples, n) for n, item in children]
    if isinstance(field, serializers.ManyRelatedField):
        target = model._meta.get_field(field.source).related_model
        return [_reference(target.collection, slug, examples) for slug in given or ()]
    if isinstance(field, LanguageMapField):
        blank: Any = [] if any(isinstance(c, serializers.ListField) for c in field.columns.values()) else None
        return {language: (given or {}).get(language, blank) for language in field.columns}
    if given is None:
        return _default(model, field)
    if isinstance(field, AnyReferenceField):
        collection, _slash, slug = given.partition("/")
        return {"collection": collection, **_reference(collection, slug, examples)}
    if isinstance(field, ReferenceField):
        return _reference(model._meta.get_field(field.source).related_model.collection, given, examples)
    return _as_read(field, given)


def _default(model: Any, field: Any) -> Any:
    """What a member holds of which the example says nothing."""
    names = {each.name for each in model._meta.get_fields()}
    value = default_of(model, field.source) if field.source in names else None
    return _as_read(field, value) if value not in ("", None) else None


def _as_read(field: Any, value: Any) -> Any:
    if isinstance(field, serializers.DecimalField):
        return str(Decimal(value).quantize(Decimal(1).scaleb(-(field.decimal_places or 0))))
    return str(value) if isinstance(field, serializers.ChoiceField) else value


def _number_of(collection: str, slug: Any, examples: Examples) -> int:
    slugs = [body["slug"] for body in examples.get(collection, ())]
    return slugs.index(slug) + 1 if slug in slugs else len(slugs) + 1


def _reference(collection: str, slug: str, examples: Examples) -> dict[str, Any]:
    body = next(body for body in examples[collection] if body["slug"] == slug)
    model: Any = collections.model_named(collection)
    named = {model.label: {"en": None, "ar": None, **body[model.label]}} if model.label else {}
    pk = _number_of(collection, slug, examples)
    return {"id": pk, "slug": slug, "url": _address(collection, slug), **named}


def _address(collection: str, slug: str) -> str:
    model: Any = collections.model_named(collection)
    return f"{HOST}{collections.path_of(model)}{slug}/"
