"""Sources and citations."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy

from initiatives.models import Citation, Source
from tracker.api import serializers
from tracker.api.column_filters import ArrayHolds
from tracker.api.filters import RecordFilterSet

from . import records


class SourceFilterSet(RecordFilterSet):
    class Meta:
        model = Source


class SourceSerializer(records.RecordSerializer):
    class Meta:
        model = Source
        fields = ("kind", "title", "publisher", "link", "language", "published_on", "checksum")


class SourceViewSet(records.RecordViewSet):
    about = gettext_lazy("Documents that say what the registry holds.")
    queryset = Source.objects.all()
    serializer_class = SourceSerializer
    filterset_class = SourceFilterSet


class CitationFilterSet(RecordFilterSet):
    # Not “fields”, by which a reader chooses what is shown.
    field = ArrayHolds(field_name="fields", base=models.CharField())

    class Meta:
        model = Citation


class CitationSerializer(serializers.RecordSerializer):
    class Meta:
        model = Citation
        fields = ("record", *records.CITATION_FIELDS)


class CitationViewSet(records.RecordViewSet):
    about = gettext_lazy("Which place in which source supports or disputes which fields of which record.")
    queryset = Citation.objects.all()
    serializer_class = CitationSerializer
    filterset_class = CitationFilterSet
