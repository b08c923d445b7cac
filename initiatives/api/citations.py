"""Citations as they stand inside every record and every part of one."""

from __future__ import annotations

from initiatives.models import Citation
from tracker.api import serializers

FIELDS = ("source", "locator", "fields", "stance", "claimed_value", "note")


class CitationInRecordSerializer(serializers.NestedRecordSerializer):
    common_after = ()

    class Meta(serializers.NestedRecordSerializer.Meta):
        model = Citation
        fields = FIELDS


class RecordSerializer(serializers.RecordSerializer):
    """A record of the registry, with its citations."""

    citations = CitationInRecordSerializer(many=True, required=False)


class NestedRecordSerializer(serializers.NestedRecordSerializer):
    """A record inside its parent, with its citations."""

    citations = CitationInRecordSerializer(many=True, required=False)


class PartSerializer(serializers.PartSerializer):
    """A part of a record, with its citations."""

    citations = CitationInRecordSerializer(many=True, required=False)
