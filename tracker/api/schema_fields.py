"""How the contract's own serializer fields, choices and ways of signing in read in OpenAPI."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import Any

from django.conf import settings
from django.db import models
from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _
from drf_spectacular.extensions import OpenApiAuthenticationExtension, OpenApiSerializerFieldExtension
from drf_spectacular.openapi import AutoSchema
from drf_spectacular.plumbing import ResolvedComponent, list_hash, load_enum_name_overrides
from rest_framework import serializers

from tracker.api import collections
from tracker.api.fields import LANGUAGES

Schema = dict[str, Any]

SLUG = {"type": "string", "maxLength": 120, "pattern": "^[a-z0-9]+(?:-[a-z0-9]+)*$"}
TEXT = {"type": ["string", "null"]}
PART = {
    "type": "object",
    "description": gettext_lazy("The part of the record that is meant, where it is not the record as a whole."),
    "properties": {"type": {"type": "string"}, "id": {"type": "integer"}},
    "required": ["type", "id"],
}
LIST_OF_TEXTS = {"type": "array", "items": {"type": "string"}}


def component(auto_schema: AutoSchema, name: str, schema: Schema, kind: str = ResolvedComponent.SCHEMA) -> Schema:
    """A reference to a component of this name, which is made when it is first asked for."""
    made = ResolvedComponent(name=name, type=kind, schema=schema, object=name)
    auto_schema.registry.register_on_missing(made)
    reference: Schema = made.ref
    return reference


# Texts in two languages ----------------------------------------------------------------------------------------------


class LanguageMapExtension(OpenApiSerializerFieldExtension):
    target_class = "tracker.api.fields.LanguageMapField"

    def map_serializer_field(self, auto_schema: AutoSchema, direction: str) -> Schema:
        of_lists = any(isinstance(column, serializers.ListField) for column in self.target.columns.values())
        if direction == "response":
            return language_lists(auto_schema) if of_lists else language_map(auto_schema)
        columns = {name: self._column(auto_schema, column) for name, column in self.target.columns.items()}
        # A PATCH may leave a language out because the record has it already.
        if not self.target.one_needed or auto_schema.method == "PATCH":
            return _object(columns)
        known = {name: {**column, "type": "string", "pattern": r"\S"} for name, column in columns.items()}
        return {"anyOf": [_object({**columns, name: known[name]}, required=[name]) for name in columns]}

    def _column(self, auto_schema: AutoSchema, column: serializers.Field) -> Schema:
        schema: Schema = auto_schema._map_serializer_field(column, "request")
        auto_schema._insert_field_validators(column, schema)
        # The label names the language again.
        schema.pop("title", None)
        return schema


def _object(properties: Schema, **kwargs: Any) -> Schema:
    return {"type": "object", "properties": properties, "additionalProperties": False, **kwargs}


def language_map(auto_schema: AutoSchema) -> Schema:
    schema = _map_of(TEXT, _("A text in both languages; null where it is not known in one."))
    return component(auto_schema, "LanguageMap", schema)


def language_lists(auto_schema: AutoSchema) -> Schema:
    return component(auto_schema, "LanguageLists", _map_of(LIST_OF_TEXTS, _("Texts in both languages.")))


def _map_of(value: Schema, description: str) -> Schema:
    values = {language: dict(value) for language in LANGUAGES}
    return _object(values, required=list(LANGUAGES), description=description)


# References ----------------------------------------------------------------------------------------------------------


class ReferenceExtension(OpenApiSerializerFieldExtension):
    target_class = "tracker.api.fields.ReferenceField"

    def map_serializer_field(self, auto_schema: AutoSchema, direction: str) -> Schema:
        model = target_of(self.target)
        if direction == "response":
            return reference(auto_schema, model)
        written = {
            "description": _("A record by its slug, alone or as a member of an object that was read."),
            "anyOf": [SLUG, {"type": "object", "properties": {"slug": SLUG}, "required": ["slug"]}],
        }
        named = _("The slug of a record in “%(collection)s”.") % {"collection": model.collection}
        return {"allOf": [component(auto_schema, "ReferenceWrite", written)], "description": named}


def target_of(field: Any) -> Any:
    """The model that a reference names."""
    if getattr(field, "queryset", None) is not None:
        return field.queryset.model
    holder: Any = field.parent if isinstance(field.parent, serializers.ManyRelatedField) else field
    return holder.parent.Meta.model._meta.get_field(holder.source).related_model


def reference(auto_schema: AutoSchema, model: Any) -> Schema:
    """A record of this type as others refer to it on read."""
    properties: Schema = {
        "id": {"type": "integer"},
        "slug": SLUG,
        "url": {"type": "string", "format": "uri"},
    }
    if model.label:
        properties[model.label] = language_map(auto_schema)
    schema = {
        "type": "object",
        "description": _("A record that is referred to; `expand` puts the whole record in its place."),
        "properties": properties,
        "required": list(properties),
    }
    return component(auto_schema, f"{model.__name__}Reference", schema)


class AnyReferenceExtension(OpenApiSerializerFieldExtension):
    target_class = "tracker.api.fields.AnyReferenceField"

    def map_serializer_field(self, auto_schema: AutoSchema, direction: str) -> Schema:
        if direction == "response":
            return any_reference(auto_schema)
        names = {"type": "string", "enum": collections.names()}
        properties = {"collection": names, "slug": SLUG, "part": PART}
        return component(
            auto_schema,
            "AnyReferenceWrite",
            {
                "description": _("A record of any type: “<collection>/<slug>”, or the object that was read."),
                "anyOf": [
                    {"type": "string", "pattern": "^[a-z]+(?:-[a-z]+)*/[a-z0-9]+(?:-[a-z0-9]+)*$"},
                    {"type": "object", "properties": properties, "required": ["collection", "slug"]},
                ],
            },
        )


def any_reference(auto_schema: AutoSchema) -> Schema:
    properties = {
        "collection": {"type": "string", "enum": collections.names()},
        "id": {"type": "integer"},
        "slug": SLUG,
        "url": {"type": "string", "format": "uri"},
        **{label: language_map(auto_schema) for label in _labels()},
        "part": PART,
    }
    return component(
        auto_schema,
        "AnyReference",
        {
            "type": "object",
            "description": _("A record of any type."),
            "properties": properties,
            "required": ["collection", "id", "slug", "url"],
        },
    )


def _labels() -> list[str]:
    """Every member by which records of some type are known."""
    models_served: list[Any] = [collections.model_of(viewset) for viewset in collections.viewsets()]
    return sorted({model.label for model in models_served if model.label})


# Choices and numbers -------------------------------------------------------------------------------------------------


class ChoiceExtension(OpenApiSerializerFieldExtension):
    """Choices are components, each under the name of the class that declares them."""

    target_class = "rest_framework.serializers.ChoiceField"
    match_subclasses = True

    def map_serializer_field(self, auto_schema: AutoSchema, direction: str) -> Schema:
        choices = dict(self.target.choices)
        values = [value for value in choices if value not in ("", None)]
        described = "\n".join(f"* `{value}`: {choices[value]}" for value in values)
        schema = {"type": "string", "enum": values, "description": described}
        name = _enum_names(get_language() or "").get(list_hash([(value, str(choices[value])) for value in values]))
        return component(auto_schema, name, schema) if name else schema


@cache
def _enum_names(language: str) -> dict[str, str]:
    """The name of each set of choices: `Organization.Kind` is OrganizationKind unless the settings say another."""
    found = {
        list_hash([(value, str(label)) for value, label in declared.choices]): declared.__qualname__.replace(".", "")
        for declared in _subclasses(models.TextChoices)
    }
    return {**found, **load_enum_name_overrides()}


def _subclasses(parent: type[Any]) -> Iterator[type[Any]]:
    for child in parent.__subclasses__():
        yield child
        yield from _subclasses(child)


class DecimalExtension(OpenApiSerializerFieldExtension):
    """A decimal is a text on read, so that no digit is lost; on write it may also be a number."""

    target_class = "rest_framework.serializers.DecimalField"
    match_subclasses = True

    def map_serializer_field(self, auto_schema: AutoSchema, direction: str) -> Schema:
        schema: Schema = auto_schema._map_serializer_field(self.target, direction, bypass_extensions=True)
        schema["type"] = "string"
        if direction == "request":
            schema["type"] = ["string", "number"]
            bounds = {"minimum": self.target.min_value, "maximum": self.target.max_value}
            schema.update({name: float(bound) for name, bound in bounds.items() if bound is not None})
        return schema


# Signing in ----------------------------------------------------------------------------------------------------------


class TokenScheme(OpenApiAuthenticationExtension):
    target_class = "tracker.api.authentication.TokenAuthentication"
    name = "token"

    def get_security_definition(self, auto_schema: AutoSchema) -> Schema:
        return {"type": "http", "scheme": "bearer", "description": _("A token that a curator has made, for programs.")}


class SessionScheme(OpenApiAuthenticationExtension):
    """A write needs both cookie and header, which one requirement with two schemes says."""

    target_class = "tracker.api.authentication.SessionAuthentication"
    name = ["session", "csrf"]

    def get_security_requirement(self, auto_schema: AutoSchema) -> dict[str, list[Any]]:
        return {"session": []} if auto_schema.method == "GET" else {"session": [], "csrf": []}

    def get_security_definition(self, auto_schema: AutoSchema) -> list[Schema]:
        session = _("The session of a person who signed in.")
        csrf = _("The value of the cookie “%(cookie)s”; a write within a session needs it.")
        return [
            {"type": "apiKey", "in": "cookie", "name": settings.SESSION_COOKIE_NAME, "description": session},
            {
                "type": "apiKey",
                "in": "header",
                "name": "X-CSRFToken",
                "description": csrf % {"cookie": settings.CSRF_COOKIE_NAME},
            },
        ]
