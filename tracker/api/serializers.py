"""Serializers of records and their parts: one declaration for reading, for strict writing and for the schema.

A serializer names its model's fields; columns in two languages become language maps, relations become references by
slug, generic relations references by collection and slug. Parts are declared as nested serializers with ``many=True``
and are written with their record in one transaction (``tracker.api.parts``).
"""

from __future__ import annotations

from collections.abc import Mapping
from copy import copy
from types import MappingProxyType
from typing import Any, ClassVar, cast

from django.contrib.contenttypes.fields import GenericForeignKey
from django.contrib.postgres.fields import ArrayField
from django.core.exceptions import FieldDoesNotExist
from django.db import models
from django.utils.translation import gettext as _
from rest_framework import serializers
from rest_framework.validators import UniqueValidator

from tracker.api import collections
from tracker.api.collections import RecordModel
from tracker.api.constraints import broken, columns_of
from tracker.api.fields import (
    LANGUAGES,
    AddressField,
    AnyReferenceField,
    LanguageMapField,
    ListedChoiceField,
    NullableChoiceField,
    NullableTextField,
    NumberField,
    ReferenceField,
    TextField,
)
from tracker.api.parts import PartListSerializer, write_parts


class RecordSerializer(serializers.ModelSerializer):
    """The JSON form of a record: its own fields, its parts, its citations."""

    serializer_related_field = ReferenceField
    serializer_choice_field = NullableChoiceField

    common_before: ClassVar[tuple[str, ...]] = ("id", "slug", "url")
    common_after: ClassVar[tuple[str, ...]] = ("citations", "replaced_by", "created_at", "updated_at")

    parts_go_with_record: ClassVar[bool] = False
    """Whether whoever may write the record may write its parts, without a permission for these."""

    expand: Mapping[str, Any] = MappingProxyType({})

    url: Any = AddressField()

    @property
    def model(self) -> RecordModel:
        """The model whose rows it shows and writes."""
        return self.Meta.model

    # Declaration -----------------------------------------------------------------------------------------------------

    def get_field_names(self, declared_fields: Mapping[str, Any], info: Any) -> list[str]:
        return [
            *self.common_before,
            *self.Meta.fields,
            *(name for name in self.common_after if name in self._available()),
        ]

    def _available(self) -> set[str]:
        """The names in ``common_after`` that this model or this serializer has."""
        fields = {field.name for field in self.model._meta.get_fields()}
        return (fields - {"citations"}) | set(self._declared_fields)

    def get_extra_kwargs(self) -> dict[str, Any]:
        kwargs = super().get_extra_kwargs()
        for name in ("replaced_by", "created_at", "updated_at"):
            kwargs.setdefault(name, {})["read_only"] = True
        kwargs.setdefault("slug", {})["required"] = False
        return kwargs

    def get_fields(self) -> dict[str, serializers.Field]:
        fields = super().get_fields()
        for name, field in fields.items():
            # Conflicts are the database's to find (409), not a look-up's that another writer may outrun.
            field.validators = [v for v in field.validators if not isinstance(v, UniqueValidator)]
            if name in self.expansion:
                fields[name] = expanded(self.model, field, name, self.expansion[name])
        return self._thinned(fields)

    @property
    def is_top(self) -> bool:
        """Whether this is what the request asked for, rather than a part or a reference inside it."""
        parent: Any = self.parent
        return parent is None or (parent.parent is None and isinstance(parent, serializers.ListSerializer))

    @property
    def expansion(self) -> Mapping[str, Any]:
        """The references to be shown as whole records, by name, each with those to be expanded in it."""
        return self.context.get("expand", {}) if self.is_top else self.expand

    def _thinned(self, fields: dict[str, serializers.Field]) -> dict[str, serializers.Field]:
        """Only the fields that the reader asked for; parts and writers have them all."""
        only, without = self.context.get("fields"), self.context.get("omit", frozenset())
        if not self.is_top or (only is None and not without):
            return fields
        return {name: f for name, f in fields.items() if (only is None or name in only) and name not in without}

    def get_validators(self) -> list[Any]:
        """None of DRF's look-ups for uniqueness: the database finds conflicts."""
        return []

    def get_uniqueness_extra_kwargs(
        self, field_names: Any, declared_fields: Any, extra_kwargs: dict[str, Any]
    ) -> tuple[dict[str, Any], dict[str, Any]]:
        return extra_kwargs, {}

    def build_field(
        self, field_name: str, info: Any, model_class: type[models.Model], nested_depth: int
    ) -> tuple[type[serializers.Field], dict[str, Any]]:
        try:
            field = model_class._meta.get_field(field_name)
        except FieldDoesNotExist:
            return self._build_language_map(field_name, info, model_class)
        if isinstance(field, GenericForeignKey):
            optional = model_class._meta.get_field(field.fk_field).null
            return AnyReferenceField, {"required": not optional, "allow_null": optional}
        if isinstance(field, models.GeneratedField):
            output: Any = copy(field.output_field)
            output.name, output.verbose_name, output.model = field.name, field.verbose_name, model_class
            column, kwargs = self.build_standard_field(field_name, output)
            known = {k: v for k, v in kwargs.items() if k in ("choices", "max_digits", "decimal_places")}
            return column, {**known, "read_only": True, "allow_null": output.null}
        return super().build_field(field_name, info, model_class, nested_depth)

    def _build_language_map(
        self, field_name: str, info: Any, model_class: type[models.Model]
    ) -> tuple[type[serializers.Field], dict[str, Any]]:
        columns: dict[str, serializers.Field] = {}
        for language in LANGUAGES:
            column: Any = model_class._meta.get_field(f"{field_name}_{language}")
            column_class, kwargs = self.build_standard_field(column.name, column)
            columns[language] = column_class(**{**kwargs, "required": False})
        name = f"{model_class._meta.model_name}_{field_name}_required"
        one_needed = any(constraint.name == name for constraint in model_class._meta.constraints)
        return LanguageMapField, {"columns": columns, "one_needed": one_needed}

    def build_standard_field(
        self, field_name: str, model_field: models.Field
    ) -> tuple[type[serializers.Field], dict[str, Any]]:
        column, kwargs = super().build_standard_field(field_name, model_field)
        if isinstance(model_field, ArrayField):
            kwargs.update(allow_empty=True)
        elif column is serializers.CharField:
            column = NullableTextField if model_field.blank else TextField
        elif column is serializers.DecimalField:
            column = NumberField
        elif column in (serializers.URLField, serializers.EmailField) and model_field.blank:
            column = NULLABLE_TEXTS[column]
        elif column is NullableChoiceField and not model_field.blank:
            column = ListedChoiceField
        return column, kwargs

    def build_relational_field(
        self, field_name: str, relation_info: Any
    ) -> tuple[type[serializers.Field], dict[str, Any]]:
        if relation_info.has_through_model:
            # DRF refuses to write through a model of one's own; these hold nothing but the two ends.
            relation_info = relation_info._replace(has_through_model=False)
        column, kwargs = super().build_relational_field(field_name, relation_info)
        kwargs.pop("view_name", None)
        if relation_info.to_many:
            kwargs["allow_empty"] = True
        return column, kwargs

    # Reading a request -----------------------------------------------------------------------------------------------

    def to_internal_value(self, data: Any) -> Any:
        if not isinstance(data, Mapping):
            return super().to_internal_value(data)
        errors = self._unwritable(data)
        values: dict[str, Any] = {}
        try:
            values = super().to_internal_value(data)
        except serializers.ValidationError as refused:
            errors = {**(refused.detail if isinstance(refused.detail, dict) else {}), **errors}
        if errors:
            raise serializers.ValidationError(errors)
        if self.instance is not None and not getattr(self.root, "partial", False):
            self._reset_unnamed(data, values)
        return values

    def _unwritable(self, data: Mapping[str, Any]) -> dict[str, Any]:
        """A refusal for each name in the body that is no field, or one that can only be read."""
        writable = [name for name, field in self.fields.items() if not field.read_only]
        errors = {}
        for name in data:
            if name in self.fields and name not in writable:
                errors[name] = serializers.ErrorDetail(_("This field can only be read."), "read_only")
            elif name not in writable:
                message = _("Unknown field. The fields are: %(fields)s.") % {"fields": ", ".join(writable)}
                errors[str(name)] = serializers.ErrorDetail(message, "unknown_field")
        return errors

    def _reset_unnamed(self, data: Mapping[str, Any], values: dict[str, Any]) -> None:
        """A PUT replaces the record: what it does not name goes back to its default. Slugs stay, lists give places."""
        field: Any
        for name, field in self._writable_by_name().items():
            if name in data or field.required or name in ("id", "slug"):
                continue
            if name == "position" and not self.is_top:
                continue
            source = field.source
            if isinstance(field, LanguageMapField):
                values.update(field.empty())
            elif isinstance(field, (serializers.ListSerializer, serializers.ManyRelatedField)):
                values[source] = []
            else:
                values[source] = default_of(self.model, source)

    def _writable_by_name(self) -> dict[str, Any]:
        return {name: field for name, field in self.fields.items() if not field.read_only}

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """Check constraints of one row early, so that the refusal can point at the field."""
        candidate = self.model()
        for field in candidate._meta.concrete_fields:
            if self.instance is not None:
                setattr(candidate, field.attname, getattr(self.instance, field.attname))
        columns = {field.name for field in candidate._meta.get_fields()}
        _parts, _relations, values = self.sorted_by_kind(attrs)
        for name, value in values.items():
            if name in columns:
                setattr(candidate, name, value)
        written = {name for name in values if name in columns and not self._is_generic(name)}
        written |= self._generic_columns([name for name in values if name in columns])
        errors: dict[str, Any] = {}
        for constraint in broken(candidate, self._decidable(), written):
            code = constraint.violation_error_code or "invalid"
            refusal = serializers.ErrorDetail(str(constraint.get_violation_error_message()), code)
            errors.setdefault(self._field_to_blame(constraint, attrs), []).append(refusal)
        if errors:
            raise serializers.ValidationError(errors)
        return attrs

    def _decidable(self) -> list[models.CheckConstraint]:
        """Those that the row alone decides: a part is checked before it knows its record, a slug may yet be made."""
        undecided = {"slug", getattr(self.model, "parent_field", None)}
        constraints = self.model._meta.constraints
        checks = [each for each in constraints if isinstance(each, models.CheckConstraint)]
        return [each for each in checks if undecided.isdisjoint(columns_of(each))]

    def _field_to_blame(self, constraint: models.CheckConstraint, attrs: Mapping[str, Any]) -> str:
        """Of the constraint's fields, the first that the request names, or else the first."""
        fields = [name[:-3] if name[-3:] in ("_en", "_ar") else name for name in columns_of(constraint)]
        known = [name for name in fields if name in self.fields]
        named = [name for name in known if name in attrs or f"{name}_en" in attrs]
        return (named or known or ["non_field_errors"])[0]

    # Writing ---------------------------------------------------------------------------------------------------------

    def create(self, validated_data: dict[str, Any]) -> Any:
        parts, relations, columns = self.sorted_by_kind(validated_data)
        instance = self.model(**columns)
        instance.save(force_insert=True)
        self.instance = instance
        self._write_relations(instance, relations)
        write_parts(self, instance, parts)
        return instance

    def update(self, instance: Any, validated_data: dict[str, Any]) -> Any:
        """Write the columns that differ, and only those: two requests that name different fields both last."""
        parts, relations, columns = self.sorted_by_kind(validated_data)
        changed = [name for name, value in columns.items() if self._holds_other(instance, name, value)]
        for name in changed:
            setattr(instance, name, columns[name])
        related = self._write_relations(instance, relations)
        within = write_parts(self, instance, parts)
        if changed or related or within:
            written = {name for name in changed if not self._is_generic(name)} | self._generic_columns(changed)
            instance.save(update_fields=[*written, "updated_at"])
        self.changed = bool(changed or related or within)
        return instance

    def _holds_other(self, instance: Any, name: str, value: Any) -> bool:
        field = instance._meta.get_field(name)
        if isinstance(field, models.ForeignKey):
            # The record that it refers to need not be read to tell.
            return bool(getattr(instance, field.attname) != (None if value is None else value.pk))
        return bool(getattr(instance, name) != value)

    def sorted_by_kind(self, values: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any], dict[str, Any]]:
        """The values of parts, of many-to-many relations, and of columns."""
        many = {field.name for field in self.model._meta.many_to_many}
        lists = {f.source for f in self.fields.values() if isinstance(f, serializers.ListSerializer)}
        parts = {name: value for name, value in values.items() if name in lists}
        relations = {name: value for name, value in values.items() if name in many}
        columns = {
            n: v for n, v in values.items() if n not in parts and n not in relations and n not in ("matched", "id")
        }
        return parts, relations, columns

    def _is_generic(self, name: str) -> bool:
        return isinstance(self.model._meta.get_field(name), GenericForeignKey)

    def _generic_columns(self, changed: list[str]) -> set[str]:
        generic = [self.model._meta.get_field(name) for name in changed if self._is_generic(name)]
        return {column for field in generic for column in (field.ct_field, field.fk_field)}

    def _write_relations(self, instance: Any, relations: Mapping[str, Any]) -> bool:
        changed = False
        for name, wanted in relations.items():
            manager = getattr(instance, name)
            if {row.pk for row in manager.all()} != {row.pk for row in wanted}:
                manager.set([row.pk for row in wanted])
                changed = True
        return changed


class PartSerializer(RecordSerializer):
    """The JSON form of a part inside its record; ``id`` tells which existing part an item of a written list means."""

    common_before = ("id",)
    common_after: ClassVar[tuple[str, ...]] = ("citations", "created_at", "updated_at")

    id = serializers.IntegerField(required=False)
    url = None

    class Meta:
        list_serializer_class = PartListSerializer
        fields: tuple[str, ...] = ()

    def get_extra_kwargs(self) -> dict[str, Any]:
        kwargs = super().get_extra_kwargs()
        # A part that is not given a place takes the one that it has in the list.
        kwargs.setdefault("position", {})["required"] = False
        return kwargs


class NestedRecordSerializer(RecordSerializer):
    """A record with an address of its own, read and written inside its parent; ``id`` or ``slug`` tells which."""

    common_after: ClassVar[tuple[str, ...]] = ("citations", "created_at", "updated_at")

    id = serializers.IntegerField(required=False)

    class Meta:
        list_serializer_class = PartListSerializer
        fields: tuple[str, ...] = ()

    def get_extra_kwargs(self) -> dict[str, Any]:
        kwargs = super().get_extra_kwargs()
        kwargs.setdefault("position", {})["required"] = False
        return kwargs


class NullableURLField(NullableTextField, serializers.URLField):
    """A web address that may be unknown."""


class NullableEmailField(NullableTextField, serializers.EmailField):
    """An e-mail address that may be unknown."""


NULLABLE_TEXTS = {serializers.URLField: NullableURLField, serializers.EmailField: NullableEmailField}


def expanded(model: RecordModel, field: serializers.Field, name: str, within: Mapping[str, Any]) -> serializers.Field:
    """The whole record that a reference names, in the reference's place."""
    many = isinstance(field, serializers.ManyRelatedField)
    viewset = collections.viewset_of(model._meta.get_field(field.source or name).related_model)
    serializer: Any = viewset.serializer_class(read_only=True, many=many)
    (serializer.child if many else serializer).expand = within
    return cast("serializers.Field", serializer)


def default_of(model: RecordModel, name: str) -> Any:
    """What a column holds when nobody says anything."""
    field = model._meta.get_field(name)
    if isinstance(field, GenericForeignKey) or not field.has_default():
        is_text = isinstance(field, (models.CharField, models.TextField)) and not field.null
        return "" if is_text else None
    return field.get_default()
