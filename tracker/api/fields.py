"""Serializer fields of the API contract: text in two languages, and references to records."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, NoReturn, cast

from django.db import models
from django.utils.translation import gettext_lazy as _
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers
from rest_framework.relations import MANY_RELATION_KWARGS

from tracker.api import collections
from tracker.api.collections import RecordModel

LANGUAGES = ("en", "ar")
MOST_REFERENCES = 1_000
NUMBER = re.compile(r"-?[0-9]+(\.[0-9]+)?([eE][+-]?[0-9]{1,3})?")


class TextField(serializers.CharField):
    """A text; DRF would also take a number for one."""

    def to_internal_value(self, data: Any) -> str:
        if not isinstance(data, str):
            self.fail("invalid")
        return super().to_internal_value(data)


class NullableTextField(TextField):
    """A text that may be unknown: `null` in JSON, the empty string in the column."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**{**kwargs, "allow_null": True, "allow_blank": True})

    def run_validation(self, data: Any = serializers.empty) -> Any:
        return "" if data is None else super().run_validation(data)

    def to_representation(self, value: str) -> Any:
        return value or None


class NumberField(serializers.DecimalField):
    """An exact number; DRF would also take an empty text for none, and Python's or other scripts' way to write one."""

    def validate_empty_values(self, data: Any) -> tuple[bool, Any]:
        return serializers.Field.validate_empty_values(self, data)

    def to_internal_value(self, data: Any) -> Any:
        if isinstance(data, str) and not NUMBER.fullmatch(data):
            self.fail("invalid")
        return super().to_internal_value(data)


class ListedChoiceField(serializers.ChoiceField):
    """One of some values; a refusal lists them."""

    def fail(self, key: str, **kwargs: Any) -> NoReturn:
        if key == "invalid_choice":
            message = _("“%(value)s” is not valid. Choose from: %(choices)s.")
            values = {"value": str(kwargs["input"])[:100], "choices": ", ".join(map(str, self.choices))}
            raise serializers.ValidationError(message % values, code=key)
        super().fail(key, **kwargs)


class NullableChoiceField(ListedChoiceField):
    """One of some values, or unknown: `null` in JSON, the empty string in the column."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**{**kwargs, "allow_null": True, "allow_blank": True})

    def run_validation(self, data: Any = serializers.empty) -> Any:
        return "" if data is None else super().run_validation(data)

    def to_representation(self, value: str) -> Any:
        return value or None


class LanguageMapField(serializers.Field):
    """A text, or a list of texts, in two languages: `{"en": …, "ar": …}` over two columns.

    A PATCH that names one language leaves the other as it is.
    """

    default_error_messages = {
        "not_a_map": _("Expected an object with the keys “en” and “ar”."),
        "unknown_language": _("Unknown language “{language}”. Use “en” and “ar”."),
        "both_languages_missing": _("Give this text in English, in Arabic or in both."),
    }

    def __init__(self, *, columns: Mapping[str, serializers.Field], one_needed: bool, **kwargs: Any) -> None:
        self.columns = dict(columns)
        self.one_needed = one_needed
        super().__init__(source="*", required=one_needed, allow_null=not one_needed, **kwargs)

    def bind(self, field_name: str, parent: Any) -> None:
        super().bind(field_name, parent)
        for language, column in self.columns.items():
            column.bind(language, cast("serializers.BaseSerializer[Any]", self))

    def empty(self) -> dict[str, Any]:
        """The columns of a text that is unknown in both languages."""
        return {
            f"{self.field_name}_{language}": [] if isinstance(column, serializers.ListField) else ""
            for language, column in self.columns.items()
        }

    def validate_empty_values(self, data: Any) -> tuple[bool, Any]:
        if data is None and self.allow_null:
            return True, self.empty()
        return super().validate_empty_values(data)

    def to_internal_value(self, data: Any) -> dict[str, Any]:
        if not isinstance(data, Mapping):
            self.fail("not_a_map")
        errors: dict[str, Any] = {}
        for language in data:
            if language not in self.columns:
                errors[language] = serializers.ErrorDetail(
                    self.error_messages["unknown_language"].format(language=str(language)[:20]), "unknown_language"
                )
        values = {} if self._is_partial() else self.empty()
        for language, column in self.columns.items():
            if language in data:
                try:
                    values[f"{self.field_name}_{language}"] = column.run_validation(data[language])
                except serializers.ValidationError as error:
                    errors[language] = error.detail
        if errors:
            raise serializers.ValidationError(errors)
        if self.one_needed and not any(self._after(values).values()):
            self.fail("both_languages_missing")
        return values

    def _is_partial(self) -> bool:
        return bool(getattr(self.root, "partial", False)) and self._instance() is not None

    def _instance(self) -> Any:
        return getattr(self.parent, "instance", None)

    def _after(self, values: Mapping[str, Any]) -> dict[str, Any]:
        """All columns as they will be once ``values`` are written."""
        instance = self._instance() if self._is_partial() else None
        return {name: values.get(name, getattr(instance, name, "")) for name in self.empty()}

    def to_representation(self, instance: Any) -> dict[str, Any]:
        return {
            language: column.to_representation(getattr(instance, f"{self.field_name}_{language}"))
            for language, column in self.columns.items()
        }


@extend_schema_field(OpenApiTypes.URI)
class AddressField(serializers.Field):
    """The absolute address of a record in its collection."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(source="*", read_only=True, **kwargs)

    def to_representation(self, instance: RecordModel) -> str:
        return address_of(instance, self.context)


def address_of(instance: RecordModel, context: Mapping[str, Any]) -> str:
    """The address of a record; without a request only its path."""
    model: RecordModel = type(instance)
    path = f"{collections.path_of(model)}{instance.slug}/"
    request = context.get("request")
    return str(request.build_absolute_uri(path)) if request else path


def reference_to(instance: RecordModel, context: Mapping[str, Any]) -> dict[str, Any]:
    """A record as others refer to it: id, slug, url and the text by which people know it."""
    model: RecordModel = type(instance)
    reference = {"id": instance.pk, "slug": instance.slug, "url": address_of(instance, context)}
    if model.label:
        reference[model.label] = {
            language: getattr(instance, f"{model.label}_{language}") or None for language in LANGUAGES
        }
    return reference


def already_found(context: Mapping[str, Any], model: type[models.Model], slug: str) -> Any:
    """The record that a slug names, if the body itself holds it or somebody has looked it up for all of the body."""
    return next((found for name in ("declared", "known") if (found := context.get(name, {}).get((model, slug)))), None)


class ReferenceListField(serializers.ManyRelatedField):
    """A list of references; DRF would also take an object for one."""

    default_error_messages = {
        "max_length": _("Ensure this field has no more than {max_length} elements."),
    }

    def to_internal_value(self, data: Any) -> list[Any]:
        if not isinstance(data, list):
            self.fail("not_a_list", input_type=type(data).__name__)
        if len(data) > MOST_REFERENCES:
            self.fail("max_length", max_length=MOST_REFERENCES)
        return list(super().to_internal_value(data))


class ReferenceField(serializers.RelatedField):
    """A reference to a record: `{"id", "slug", "url", "name"|"title"}` on read; its slug, or that object, on write."""

    default_error_messages = {
        "required": _("This field is required."),
        "null": _("This field may not be null."),
        "not_a_slug": _("Expected a slug, as text."),
        "does_not_exist": _("There is no record with the slug “{slug}” in {collection}."),
    }

    @classmethod
    def many_init(cls, *args: Any, **kwargs: Any) -> ReferenceListField:
        of_list = {name: value for name, value in kwargs.items() if name in MANY_RELATION_KWARGS}
        return ReferenceListField(child_relation=cls(*args, **kwargs), **of_list)

    def use_pk_only_optimization(self) -> bool:
        return False

    def run_validation(self, data: Any = serializers.empty) -> Any:
        # Past DRF's own, which takes an empty text for null, as forms send it.
        return serializers.Field.run_validation(self, data)

    def get_choices(self, cutoff: int | None = None) -> dict[Any, Any]:
        """None for the browsable page's form: a select of a whole collection helps nobody."""
        return {}

    def to_internal_value(self, data: Any) -> Any:
        slug = data.get("slug") if isinstance(data, Mapping) else data
        if not isinstance(slug, str):
            self.fail("not_a_slug")
        queryset: Any = self.get_queryset()
        found = already_found(self.context, queryset.model, slug)
        if found is None:
            visible = queryset.visible_to(self.context["request"].user) if "request" in self.context else queryset
            found = visible.filter(slug=slug).first()
        if found is None:
            self.fail("does_not_exist", slug=slug[:120], collection=queryset.model.collection)
        return found

    def to_representation(self, value: Any) -> dict[str, Any]:
        return reference_to(value, self.context)

    def as_written(self, value: Mapping[str, Any]) -> Any:
        """What was read, as people write it."""
        return value["slug"]


class AnyReferenceField(serializers.Field):
    """A reference to a record of any type: `"<collection>/<slug>"`, or the object that is read, on write."""

    default_error_messages = {
        "not_a_reference": _("Expected “<collection>/<slug>”, for example “organizations/dubai-municipality”."),
        "unknown_collection": _("There is no collection “{collection}”. There are: {collections}."),
        "does_not_exist": _("There is no record with the slug “{slug}” in {collection}."),
        "not_a_part": _("The record has no part of this type with this id: leave “part” out to mean the record."),
    }

    def to_internal_value(self, data: Any) -> Any:
        record = self._record(data)
        part = data.get("part") if isinstance(data, Mapping) else None
        return record if part is None else self._part(record, part)

    def _record(self, data: Any) -> Any:
        collection, slug = self._split(data)
        model = collections.model_named(collection)
        if model is None:
            self.fail("unknown_collection", collection=collection[:60], collections=", ".join(collections.names()))
        found = already_found(self.context, model, slug)
        if found is None:
            found = self._visible(model).filter(slug=slug).first()
        if found is None:
            self.fail("does_not_exist", slug=slug[:120], collection=collection)
        return found

    def _part(self, record: Any, given: Any) -> Any:
        """The part of the record that an object which was read names besides it."""
        named = given if isinstance(given, Mapping) else {}
        pk = named.get("id")
        for model in record._meta.app_config.get_models():
            parent = getattr(model, "parent_field", None)
            if parent and model._meta.model_name == named.get("type") and type(pk) is int:
                of_record = model._meta.get_field(parent).related_model is type(record)
                found = self._visible(model).filter(pk=pk, **{parent: record}).first() if of_record else None
                if found is not None:
                    return found
        return self.fail("not_a_part")

    def _visible(self, model: RecordModel) -> Any:
        rows = model._default_manager.all()
        return rows.visible_to(self.context["request"].user) if "request" in self.context else rows

    def _split(self, data: Any) -> tuple[str, str]:
        if isinstance(data, Mapping):
            data = f"{data.get('collection')}/{data.get('slug')}"
        if not isinstance(data, str) or data.count("/") != 1:
            self.fail("not_a_reference")
        collection, slug = data.split("/")
        return collection, slug

    def to_representation(self, value: Any) -> dict[str, Any] | None:
        if not hasattr(value, "slug"):
            return part_reference(value, self.context)
        return {"collection": type(value).collection, **reference_to(value, self.context)}

    def as_written(self, value: Mapping[str, Any]) -> Any:
        """What was read, as people write it."""
        return value if "part" in value else f"{value['collection']}/{value['slug']}"


def part_reference(part: RecordModel, context: Mapping[str, Any]) -> dict[str, Any]:
    """A part as citations refer to it: by the record that it is a part of."""
    parent = getattr(part, type(part).parent_field)
    return {
        "collection": type(parent).collection,
        **reference_to(parent, context),
        "part": {"type": type(part)._meta.model_name, "id": part.pk},
    }
