"""Partnerships between organizations."""

from __future__ import annotations

from django.utils.translation import gettext_lazy

from initiatives.models import Partnership
from tracker.api.filters import RecordFilterSet

from .records import RecordSerializer, RecordViewSet


class PartnershipFilterSet(RecordFilterSet):
    class Meta:
        model = Partnership


class PartnershipSerializer(RecordSerializer):
    class Meta:
        model = Partnership
        fields = ("organization", "with_organization", "tier", "scope", "since", "until", "description")


class PartnershipViewSet(RecordViewSet):
    about = gettext_lazy("Which organization is the partner of which, and in which tier.")
    queryset = Partnership.objects.all()
    serializer_class = PartnershipSerializer
    filterset_class = PartnershipFilterSet
