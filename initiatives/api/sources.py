"""Sources and citations."""

from __future__ import annotations

from initiatives.models import Citation, Source
from tracker.api import serializers
from tracker.api.filters import RecordFilterSet
from tracker.api.viewsets import RecordViewSet

from . import citations


class SourceFilterSet(RecordFilterSet):
    class Meta:
        model = Source


class SourceSerializer(citations.RecordSerializer):
    class Meta:
        model = Source
        fields = ("kind", "title", "publisher", "link", "language", "published_on", "checksum")


class SourceViewSet(RecordViewSet):
    queryset = Source.objects.all()
    serializer_class = SourceSerializer
    filterset_class = SourceFilterSet


class CitationFilterSet(RecordFilterSet):
    class Meta:
        model = Citation


class CitationSerializer(serializers.RecordSerializer):
    class Meta:
        model = Citation
        fields = ("record", *citations.FIELDS)


class CitationViewSet(RecordViewSet):
    queryset = Citation.objects.all()
    serializer_class = CitationSerializer
    filterset_class = CitationFilterSet
