"""Initiatives, with who is involved, their milestones and their progress."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy
from rest_framework import serializers

from initiatives.models import Initiative, Involvement, ProgressUpdate
from tracker.api.filters import RecordFilterSet

from .publication import PublishableViewSet, StateField
from .records import PartSerializer, RecordSerializer
from .roadmaps import MilestoneInInitiativeSerializer


class InvolvementSerializer(PartSerializer):
    class Meta(PartSerializer.Meta):
        model = Involvement
        fields = ("organization", "role", "start", "end")


class ProgressUpdateSerializer(PartSerializer):
    state = StateField()

    class Meta(PartSerializer.Meta):
        model = ProgressUpdate
        fields = ("on", "health", "text", "state")


class InitiativeFilterSet(RecordFilterSet):
    class Meta:
        model = Initiative
        computed = {
            "progress": models.DecimalField(null=True),
            "last_update_on": models.DateField(null=True),
            "next_update_on": models.DateField(null=True),
        }


class InitiativeSerializer(RecordSerializer):
    state = StateField()
    progress = serializers.DecimalField(max_digits=5, decimal_places=2, read_only=True, allow_null=True)
    last_update_on = serializers.DateField(read_only=True, allow_null=True)
    next_update_on = serializers.DateField(read_only=True, allow_null=True)
    involvements = InvolvementSerializer(many=True, required=False)
    milestones = MilestoneInInitiativeSerializer(many=True, required=False)
    progress_updates = ProgressUpdateSerializer(many=True, required=False)

    class Meta:
        model = Initiative
        fields = (
            "title",
            "summary",
            "kind",
            "parent",
            "pillars",
            "goals",
            "lead",
            "status",
            "status_override",
            "status_reason",
            "planned_start",
            "planned_end",
            "actual_start",
            "actual_end",
            "dates_note",
            "budget_amount",
            "budget_currency",
            "progress",
            "stated_progress",
            "progress_source",
            "update_frequency",
            "last_update_on",
            "next_update_on",
            "state",
            "involvements",
            "milestones",
            "progress_updates",
        )


class InitiativeViewSet(PublishableViewSet):
    about = gettext_lazy(
        "Programmes, initiatives, projects and plans: who is involved, their milestones and their progress."
    )
    queryset = Initiative.objects.all()
    serializer_class = InitiativeSerializer
    filterset_class = InitiativeFilterSet
