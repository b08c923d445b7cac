"""Organizations."""

from __future__ import annotations

from initiatives.models import Organization
from tracker.api.filters import RecordFilterSet

from .records import RecordSerializer, RecordViewSet


class OrganizationFilterSet(RecordFilterSet):
    class Meta:
        model = Organization


class OrganizationSerializer(RecordSerializer):
    class Meta:
        model = Organization
        fields = (
            "name",
            "aliases",
            "kind",
            "sector",
            "parent",
            "country",
            "role",
            "website",
            "founded_on",
            "dissolved_on",
            "successor",
        )


class OrganizationViewSet(RecordViewSet):
    queryset = Organization.objects.all()
    serializer_class = OrganizationSerializer
    filterset_class = OrganizationFilterSet
