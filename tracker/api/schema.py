"""The OpenAPI 3.1 document: what drf-spectacular cannot read off the contract's own fields and answers."""

from __future__ import annotations

from typing import Any

from drf_spectacular.extensions import OpenApiSerializerFieldExtension
from drf_spectacular.openapi import AutoSchema


class RecordAutoSchema(AutoSchema):
    """Describes an operation of a collection."""


class LanguageMapExtension(OpenApiSerializerFieldExtension):
    target_class = "tracker.api.fields.LanguageMapField"

    def map_serializer_field(self, auto_schema: AutoSchema, direction: str) -> dict[str, Any]:
        columns = {
            language: auto_schema._map_serializer_field(column, direction)
            for language, column in self.target.columns.items()
        }
        return {"type": "object", "properties": columns, "additionalProperties": False}
