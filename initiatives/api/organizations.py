"""Organizations."""

from __future__ import annotations

from django.utils.translation import gettext_lazy

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
    about = gettext_lazy("Bodies that own strategies, lead initiatives or take part in them; a tree.")
    queryset = Organization.objects.all()
    serializer_class = OrganizationSerializer
    filterset_class = OrganizationFilterSet
