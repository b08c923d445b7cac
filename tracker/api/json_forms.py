"""What each field of a serializer becomes when PostgreSQL writes it: the same JSON as its ``to_representation``.

A field is known by the method that would represent it, so that one which overrides that is not mistaken for what it
derives from. A field of one's own says by ``as_json(source, model, user)`` which expression writes it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

from django.contrib.contenttypes.fields import GenericRelation
from django.db import models
from django.db.models import Case, F, OuterRef, TextField, Value, When
from rest_framework import serializers
from rest_framework.settings import api_settings

from tracker.api import collections
from tracker.api.collections import RecordModel
from tracker.api.fields import (
    LANGUAGES,
    AddressField,
    AnyReferenceField,
    LanguageMapField,
    NullableChoiceField,
    NullableTextField,
    ReferenceField,
)
from tracker.api.json_text import (
    Json,
    JsonAddress,
    JsonList,
    JsonMember,
    JsonNumber,
    JsonObject,
    JsonOrNull,
    JsonTime,
)
from tracker.api.loading import referable, related, visible
from tracker.content_types import TypeId

Expression: TypeAlias = Any
Form: TypeAlias = Callable[[Any, str, RecordModel, Any], Expression]

NULL = Value("null", output_field=TextField())


class NotCompilableError(TypeError):
    """PostgreSQL cannot be told to write this field; says which, and what to do."""

    def __init__(self, field: Any) -> None:
        self.field = field
        parent = type(field.parent).__name__ if field.parent is not None else "?"
        kind = f"{type(field).__module__}.{type(field).__qualname__}"
        super().__init__(f"{parent}.{field.field_name} is a {kind}, which PostgreSQL cannot be told to write.")

    remedy = (
        "Declare a field whose value is a column or an annotation of with_computed(), or give its class a method "
        "as_json(source, model, user) that returns an expression of JSON text (tracker.api.json_text)."
    )


def object_of(serializer: Any, user: Any) -> JsonObject:
    """The JSON of one row of a serializer's model, its members in the order in which they are declared."""
    model = serializer.Meta.model
    fields = {name: field for name, field in serializer.fields.items() if not field.write_only}
    return JsonObject({name: form_of(field, field.source, model, user) for name, field in fields.items()})


def form_of(field: Any, source: str, model: RecordModel, user: Any) -> Expression:
    """What writes a field whose value is ``source`` of a row of ``model``; raises NotCompilableError."""
    if hasattr(field, "as_json"):
        return field.as_json(source, model, user)
    form = FORMS.get(type(field).to_representation)
    if form is None:
        raise NotCompilableError(field)
    return form(field, source, model, user)


# Values of a row ------------------------------------------------------------------------------------------------------


def _value(field: Any, source: str, model: RecordModel, user: Any) -> Expression:
    return Json(F(source))


def _text_or_null(field: Any, source: str, model: RecordModel, user: Any) -> Expression:
    return JsonOrNull(F(source))


def _whole_number(field: Any, source: str, model: RecordModel, user: Any) -> Expression:
    if getattr(field, "coerce_to_string", api_settings.COERCE_BIGINT_TO_STRING):
        raise NotCompilableError(field)
    return Json(F(source))


def _number(field: Any, source: str, model: RecordModel, user: Any) -> Expression:
    if field.max_digits is None or field.decimal_places is None or not getattr(field, "coerce_to_string", True):
        raise NotCompilableError(field)
    return JsonNumber(F(source), digits=field.max_digits, places=field.decimal_places)


def _day(field: Any, source: str, model: RecordModel, user: Any) -> Expression:
    _refuse_format(field)
    return Json(F(source))


def _time(field: Any, source: str, model: RecordModel, user: Any) -> Expression:
    _refuse_format(field)
    return JsonTime(F(source))


def _refuse_format(field: Any) -> None:
    if hasattr(field, "format"):
        raise NotCompilableError(field)


def _list(field: Any, source: str, model: RecordModel, user: Any) -> Expression:
    if FORMS.get(type(field.child).to_representation) is not _value:
        raise NotCompilableError(field.child)
    return Json(F(source))


def _address(field: Any, source: str, model: RecordModel, user: Any) -> Expression:
    return JsonAddress(F("slug"), path=collections.path_of(model))


def _language_map(field: Any, source: str, model: RecordModel, user: Any) -> Expression:
    return JsonObject(
        {
            language: form_of(column, f"{field.field_name}_{language}", model, user)
            for language, column in field.columns.items()
        }
    )


# Other rows -----------------------------------------------------------------------------------------------------------


def reference_members(model: RecordModel, prefix: str = "") -> dict[str, Expression]:
    """A record as others refer to it (``tracker.api.fields.reference_to``); ``prefix`` leads to it from a part."""
    members: dict[str, Expression] = {
        "id": Json(F(f"{prefix}id")),
        "slug": Json(F(f"{prefix}slug")),
        "url": JsonAddress(F(f"{prefix}slug"), path=collections.path_of(model)),
    }
    if model.label:
        texts = {language: JsonOrNull(F(f"{prefix}{model.label}_{language}")) for language in LANGUAGES}
        members[model.label] = JsonObject(texts)
    return members


def _reference(field: Any, source: str, model: RecordModel, user: Any) -> Expression:
    rows = _rows_at(model, source, user)
    return JsonMember(projected(rows, JsonObject(reference_members(rows.model))))


def _references(field: Any, source: str, model: RecordModel, user: Any) -> Expression:
    if FORMS.get(type(field.child_relation).to_representation) is not _reference:
        raise NotCompilableError(field.child_relation)
    rows = _rows_at(model, source, user)
    return JsonList(projected(rows, JsonObject(reference_members(rows.model))))


def _record(field: Any, source: str, model: RecordModel, user: Any) -> Expression:
    return JsonMember(projected(_rows_at(model, source, user).with_computed(), object_of(field, user)))


def _records(field: Any, source: str, model: RecordModel, user: Any) -> Expression:
    return JsonList(projected(_rows_at(model, source, user).with_computed(), object_of(field.child, user)))


def _any_reference(field: Any, source: str, model: RecordModel, user: Any) -> Expression:
    generic: Any = model._meta.get_field(source)
    found = [
        When(
            **{generic.ct_field: TypeId(target)},
            then=JsonMember(
                projected(visible(target, user).filter(pk=OuterRef(generic.fk_field)), _named_with_collection(target))
            ),
        )
        for target in referable(model)
    ]
    return Case(*found, default=NULL, output_field=TextField())


def _named_with_collection(model: RecordModel) -> JsonObject:
    parent = getattr(model, "parent_field", None)
    record = related(model, parent) if parent else model
    members: dict[str, Expression] = {"collection": _constant(record.collection)}
    members |= reference_members(record, f"{parent}__" if parent else "")
    if parent:
        members["part"] = JsonObject({"type": _constant(model._meta.model_name), "id": Json(F("id"))})
    return JsonObject(members)


def _constant(text: str | None) -> Value:
    return Value(f'"{text}"', output_field=TextField())


def _rows_at(model: RecordModel, source: str, user: Any) -> Any:
    """The rows at the other end of a relation, of those that the user may see, for each row of ``model``."""
    relation: Any = model._meta.get_field(source)
    target = relation.related_model
    if isinstance(relation, GenericRelation):
        # Whoever sees a record sees its citations; to ask that of every record type again is dear.
        of_type = {relation.content_type_field_name: TypeId(model)}
        return target._default_manager.filter(**of_type, **{relation.object_id_field_name: OuterRef("pk")})
    rows = visible(target, user)
    if relation.many_to_many:
        return rows.filter(**{relation.related_query_name(): OuterRef("pk")})
    if relation.one_to_many:
        return rows.filter(**{relation.field.name: OuterRef("pk")})
    return rows.filter(pk=OuterRef(relation.attname))


def projected(rows: models.QuerySet[Any], body: Expression) -> Any:
    """The texts of some rows, in the order of their model."""
    return rows.order_by(*rows.model._meta.ordering).values(projected=body)


FORMS: dict[Callable[..., Any], Form] = {
    serializers.CharField.to_representation: _value,
    serializers.ChoiceField.to_representation: _value,
    serializers.IntegerField.to_representation: _value,
    serializers.BigIntegerField.to_representation: _whole_number,
    serializers.BooleanField.to_representation: _value,
    serializers.DateField.to_representation: _day,
    serializers.DateTimeField.to_representation: _time,
    serializers.DecimalField.to_representation: _number,
    serializers.ListField.to_representation: _list,
    NullableTextField.to_representation: _text_or_null,
    NullableChoiceField.to_representation: _text_or_null,
    AddressField.to_representation: _address,
    LanguageMapField.to_representation: _language_map,
    ReferenceField.to_representation: _reference,
    serializers.ManyRelatedField.to_representation: _references,
    AnyReferenceField.to_representation: _any_reference,
    serializers.Serializer.to_representation: _record,
    serializers.ListSerializer.to_representation: _records,
}
