"""The JSON of history in OpenAPI's words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import OpenApiParameter, extend_schema_field
from rest_framework import serializers
from rest_framework.exceptions import ErrorDetail

from tracker.api.fields import LANGUAGES
from tracker.api.pagination import LARGEST_OFFSET, RecordPagination
from tracker.history.models import Change

TEXTS = {
    "type": ["object", "null"],
    "properties": {language: {"type": ["string", "null"]} for language in LANGUAGES},
    "required": list(LANGUAGES),
}
REFERENCE = {
    "type": ["object", "null"],
    "properties": {
        "collection": {"type": "string"},
        "id": {"type": "integer"},
        "slug": {"type": "string"},
        "url": {"type": "string", "format": "uri"},
    },
    "required": ["collection", "id", "slug", "url"],
}
ROW = {"type": ["object", "null"], "additionalProperties": {}}
OWNER = {
    "type": ["object", "null"],
    "properties": {"table": {"type": "string"}, "id": {"type": "integer"}},
    "required": ["table", "id"],
}
ANYTHING: dict[str, Any] = {}


@extend_schema_field(TEXTS)
class LabelField(serializers.Field):
    """A name in both languages."""


@extend_schema_field({"type": ["string", "null"], "enum": [*LANGUAGES, None]})
class LanguageField(serializers.Field):
    """The language of a text; null where a value has none."""


@extend_schema_field(REFERENCE)
class RecordField(serializers.Field):
    """The record that something belongs to."""


@extend_schema_field(ROW)
class RowField(serializers.Field):
    """A row by its columns."""


@extend_schema_field(OWNER)
class OwnerField(serializers.Field):
    """The row that another is a part of."""


@extend_schema_field(ANYTHING)
class ValueField(serializers.Field):
    """A value as the record's own address shows it."""


class FieldDifferenceSerializer(serializers.Serializer[Any]):
    """A field from what to what; a link that was added is from null, one that was removed is to null."""

    field = serializers.CharField()
    language = LanguageField()

    def get_fields(self) -> dict[str, Any]:
        fields: dict[str, Any] = super().get_fields()
        return {**fields, "from": ValueField(), "to": ValueField()}


class ChangedRowSerializer(serializers.Serializer[Any]):
    """The record itself, or the part of it, that was changed."""

    type = serializers.CharField()
    id = serializers.IntegerField()

    def get_fields(self) -> dict[str, Any]:
        # Serializers have a label of their own.
        return {**super().get_fields(), "label": LabelField()}


class RecordDifferenceSerializer(serializers.Serializer[Any]):
    """What became of a record, or of a part of it."""

    action = serializers.ChoiceField(choices=Change.Action.choices)
    on = ChangedRowSerializer()

    def get_fields(self) -> dict[str, Any]:
        # No class attribute may be named “fields”.
        return {**super().get_fields(), "fields": FieldDifferenceSerializer(many=True)}


class RevisionDifferenceSerializer(RecordDifferenceSerializer):
    """What became of a row, and to which record it belongs."""

    def get_fields(self) -> dict[str, Any]:
        return {"record": RecordField(), **super().get_fields()}


class RevisionHeadSerializer(serializers.Serializer[Any]):
    """Who, when and why. Who is told to members of staff only."""

    revision = serializers.IntegerField()
    url = serializers.URLField()
    at = serializers.DateTimeField()
    actor = serializers.CharField(allow_null=True)
    reason = serializers.CharField(allow_null=True)
    request_id = serializers.CharField(allow_null=True)


class RecordRevisionSerializer(RevisionHeadSerializer):
    """What one revision did to a record."""

    changes = RecordDifferenceSerializer(many=True)


class RevisionSerializer(RevisionHeadSerializer):
    """Everything in one commit."""

    previous = serializers.URLField(allow_null=True)
    next = serializers.URLField(allow_null=True)
    changes = RevisionDifferenceSerializer(many=True)
    more = serializers.URLField(allow_null=True)


class FeedChangeSerializer(serializers.Serializer[Any]):
    """A row to put in the place of what a copy has, or, where it is null, to delete."""

    collection = serializers.CharField(allow_null=True)
    table = serializers.CharField()
    id = serializers.IntegerField()
    slug = serializers.CharField(allow_null=True)
    action = serializers.ChoiceField(choices=Change.Action.choices)
    row = RowField()
    owner = OwnerField()


class FeedRevisionSerializer(RevisionHeadSerializer):
    """One revision in the feed."""

    changes = FeedChangeSerializer(many=True)


class FeedSerializer(serializers.Serializer[Any]):
    """Whole revisions after `since`, in the order of their commits; `revision` is where to read on."""

    since = serializers.IntegerField()
    revision = serializers.IntegerField()
    next = serializers.URLField(allow_null=True)
    more = serializers.BooleanField()
    results = FeedRevisionSerializer(many=True)


class _PageSerializer(serializers.Serializer[Any]):
    count = serializers.IntegerField(allow_null=True)
    next = serializers.URLField(allow_null=True)
    previous = serializers.URLField(allow_null=True)


class RecordHistorySerializer(_PageSerializer):
    """A record's history, newest first."""

    results = RecordRevisionSerializer(many=True)


class RevisionListSerializer(_PageSerializer):
    """Revisions, newest first."""

    results = RevisionHeadSerializer(many=True)


class StrictSerializer(serializers.Serializer[Any]):
    """A body of an action, in which nothing is overlooked."""

    def to_internal_value(self, data: Any) -> Any:
        unknown = [str(name) for name in data if name not in self.fields] if isinstance(data, Mapping) else []
        if unknown:
            message = gettext("Unknown field. The fields are: %(fields)s.") % {"fields": ", ".join(self.fields)}
            raise serializers.ValidationError({name: ErrorDetail(message, "unknown_field") for name in unknown})
        return super().to_internal_value(data)


class RestoreSerializer(StrictSerializer):
    """The revision at which the record was as it is to be again."""

    revision = serializers.IntegerField(min_value=1, max_value=LARGEST_OFFSET)


def whole_number(name: str, description: Any, *, lowest: int, highest: int, default: int) -> OpenApiParameter:
    schema = {"type": "integer", "minimum": lowest, "maximum": highest, "default": default}
    return OpenApiParameter(name, schema, description=description)


LIMIT = whole_number("limit", _("How many a page has."), lowest=1, highest=1_000, default=50)
OFFSET = whole_number("offset", _("How many to skip."), lowest=0, highest=LARGEST_OFFSET, default=0)
COUNT = OpenApiParameter(
    "count",
    {"type": "string", "enum": ["exact", "none"], "default": "exact"},
    description=_("`none` spares the counting."),
)
PAGE = [LIMIT, OFFSET, COUNT]
PAGE_NAMES = RecordPagination.known_parameters | {"format"}
