"""Indicators with their targets, and observations."""

from __future__ import annotations

from django.db import models
from rest_framework import serializers

from initiatives.models import Indicator, Observation, Target
from tracker.api.filters import RecordFilterSet
from tracker.api.viewsets import RecordViewSet

from .citations import PartSerializer, RecordSerializer


class TargetSerializer(PartSerializer):
    class Meta(PartSerializer.Meta):
        model = Target
        fields = ("on", "value")


class IndicatorFilterSet(RecordFilterSet):
    class Meta:
        model = Indicator
        computed = {
            "latest_value": models.DecimalField(null=True),
            "latest_on": models.DateField(null=True),
            "next_update_on": models.DateField(null=True),
        }


class IndicatorSerializer(RecordSerializer):
    latest_value = serializers.DecimalField(max_digits=24, decimal_places=6, read_only=True)
    latest_on = serializers.DateField(read_only=True)
    next_update_on = serializers.DateField(read_only=True)
    targets = TargetSerializer(many=True, required=False)

    class Meta:
        model = Indicator
        fields = (
            "code",
            "framework",
            "title",
            "unit",
            "meaning",
            "direction",
            "parent",
            "goal",
            "initiative",
            "smart_service",
            "organization",
            "update_frequency",
            "update_begin",
            "latest_value",
            "latest_on",
            "next_update_on",
            "targets",
        )


class IndicatorViewSet(RecordViewSet):
    queryset = Indicator.objects.all()
    serializer_class = IndicatorSerializer
    filterset_class = IndicatorFilterSet


class ObservationFilterSet(RecordFilterSet):
    class Meta:
        model = Observation


class ObservationSerializer(RecordSerializer):
    class Meta:
        model = Observation
        fields = ("indicator", "on", "stated_value", "numerator", "denominator", "value", "date_note", "source")


class ObservationViewSet(RecordViewSet):
    queryset = Observation.objects.all()
    serializer_class = ObservationSerializer
    filterset_class = ObservationFilterSet
