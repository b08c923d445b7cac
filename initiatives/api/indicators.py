"""Indicators with their targets, and observations."""

from __future__ import annotations

from datetime import date

from django.db import models
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from initiatives.models import Indicator, Observation, Target
from initiatives.models.indicators import Total
from tracker.api.filters import RecordFilterSet
from tracker.api.problem_types import InvalidParameters

from .publication import PublishableViewSet, StateField
from .records import PartSerializer, RecordSerializer, RecordViewSet


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
    latest_value = serializers.DecimalField(max_digits=24, decimal_places=6, read_only=True, allow_null=True)
    latest_on = serializers.DateField(read_only=True, allow_null=True)
    next_update_on = serializers.DateField(read_only=True, allow_null=True)
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
            "locked_until",
            "latest_value",
            "latest_on",
            "next_update_on",
            "targets",
        )


class PeriodSerializer(serializers.Serializer[None]):
    """A period by its first and last day, each open where it is not given."""

    since = serializers.DateField(required=False)
    until = serializers.DateField(required=False)

    def validate(self, attrs: dict[str, date]) -> dict[str, date]:
        if attrs.keys() >= {"since", "until"} and attrs["until"] < attrs["since"]:
            raise serializers.ValidationError(
                {"until": [_("The end must not be before the start.")]}, "end_before_start"
            )
        return attrs


class TotalSerializer(serializers.Serializer[Total]):
    """What an indicator comes to over a period, by the meaning of its values."""

    value = serializers.DecimalField(max_digits=24, decimal_places=6, allow_null=True)
    numerator = serializers.DecimalField(max_digits=24, decimal_places=6, allow_null=True)
    denominator = serializers.DecimalField(max_digits=24, decimal_places=6, allow_null=True)
    observations = serializers.IntegerField()


class IndicatorViewSet(RecordViewSet):
    about = gettext_lazy("What is measured, in which unit and with which meaning, and the targets.")
    queryset = Indicator.objects.all()
    serializer_class = IndicatorSerializer
    filterset_class = IndicatorFilterSet

    @extend_schema(
        parameters=[PeriodSerializer], responses=TotalSerializer, summary=gettext_lazy("Total over a period")
    )
    @action(detail=True, methods=["get"])
    def total(self, request: Request, slug: str) -> Response:
        """The indicator's total over a period, with that of its parts where it has no observations of its own."""
        self.refuse_unknown(frozenset(PeriodSerializer().fields) | {"format", "as_of"})
        period = PeriodSerializer(data=request.query_params.dict())
        if not period.is_valid():
            raise InvalidParameters(period.errors)
        return Response(TotalSerializer(self.find(self.get_queryset(), slug).total(**period.validated_data)).data)


class ObservationFilterSet(RecordFilterSet):
    class Meta:
        model = Observation


class ObservationSerializer(RecordSerializer):
    state = StateField()

    class Meta:
        model = Observation
        fields = (
            "indicator",
            "on",
            "stated_value",
            "numerator",
            "denominator",
            "value",
            "date_note",
            "source",
            "state",
        )


class ObservationViewSet(PublishableViewSet):
    about = gettext_lazy("Values of indicators, each of a day.")
    queryset = Observation.objects.all()
    serializer_class = ObservationSerializer
    filterset_class = ObservationFilterSet
