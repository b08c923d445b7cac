"""Milestones, and roadmaps with their items."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy
from rest_framework import serializers

from initiatives.models import Milestone, Roadmap, RoadmapItem
from tracker.api.filters import RecordFilterSet

from .records import NestedRecordSerializer, PartSerializer, RecordSerializer, RecordViewSet


class MilestoneInInitiativeSerializer(NestedRecordSerializer):
    slippage_days = serializers.IntegerField(read_only=True, allow_null=True)
    projected_on = serializers.DateField(read_only=True, allow_null=True)

    class Meta(NestedRecordSerializer.Meta):
        model = Milestone
        fields = (
            "title",
            "due_on",
            "forecast_on",
            "completed_on",
            "weight",
            "depends_on",
            "slippage_days",
            "projected_on",
        )


class MilestoneFilterSet(RecordFilterSet):
    class Meta:
        model = Milestone
        computed = {"slippage_days": models.IntegerField(null=True), "projected_on": models.DateField(null=True)}


class MilestoneSerializer(RecordSerializer):
    slippage_days = serializers.IntegerField(read_only=True, allow_null=True)
    projected_on = serializers.DateField(read_only=True, allow_null=True)

    class Meta:
        model = Milestone
        fields = (
            "initiative",
            "title",
            "due_on",
            "forecast_on",
            "completed_on",
            "weight",
            "depends_on",
            "slippage_days",
            "projected_on",
        )


class MilestoneViewSet(RecordViewSet):
    about = gettext_lazy("Points that initiatives want to reach by a day; lateness runs along what depends on what.")
    queryset = Milestone.objects.all()
    serializer_class = MilestoneSerializer
    filterset_class = MilestoneFilterSet


class RoadmapItemSerializer(PartSerializer):
    class Meta(PartSerializer.Meta):
        model = RoadmapItem
        fields = ("position", "initiative", "milestone")


class RoadmapFilterSet(RecordFilterSet):
    class Meta:
        model = Roadmap


class RoadmapSerializer(RecordSerializer):
    items = RoadmapItemSerializer(many=True, required=False)

    class Meta:
        model = Roadmap
        fields = ("title", "owner", "audience", "description", "items")


class RoadmapViewSet(RecordViewSet):
    about = gettext_lazy("Ordered ways through initiatives and milestones, each made for an audience.")
    queryset = Roadmap.objects.all()
    serializer_class = RoadmapSerializer
    filterset_class = RoadmapFilterSet
