"""Strategies with their pillars, and goals."""

from __future__ import annotations

from django.utils.translation import gettext_lazy

from initiatives.models import Goal, Pillar, Strategy
from tracker.api.filters import RecordFilterSet

from .records import NestedRecordSerializer, RecordSerializer, RecordViewSet


class PillarInStrategySerializer(NestedRecordSerializer):
    class Meta(NestedRecordSerializer.Meta):
        model = Pillar
        fields = ("position", "name", "description")


class StrategyFilterSet(RecordFilterSet):
    class Meta:
        model = Strategy


class StrategySerializer(RecordSerializer):
    pillars = PillarInStrategySerializer(many=True, required=False)

    class Meta:
        model = Strategy
        fields = ("title", "owner", "description", "start", "end", "period_note", "pillars")


class StrategyViewSet(RecordViewSet):
    about = gettext_lazy("Strategies of organizations, with the pillars that they stand on.")
    queryset = Strategy.objects.all()
    serializer_class = StrategySerializer
    filterset_class = StrategyFilterSet


class PillarFilterSet(RecordFilterSet):
    class Meta:
        model = Pillar


class PillarSerializer(RecordSerializer):
    class Meta:
        model = Pillar
        fields = ("strategy", "position", "name", "description")


class PillarViewSet(RecordViewSet):
    about = gettext_lazy("Pillars of strategies, in their order.")
    queryset = Pillar.objects.all()
    serializer_class = PillarSerializer
    filterset_class = PillarFilterSet


class GoalFilterSet(RecordFilterSet):
    class Meta:
        model = Goal


class GoalSerializer(RecordSerializer):
    class Meta:
        model = Goal
        fields = ("title", "description", "owner", "stated_by", "strategy", "horizon")


class GoalViewSet(RecordViewSet):
    about = gettext_lazy("Goals, with who stated them.")
    queryset = Goal.objects.all()
    serializer_class = GoalSerializer
    filterset_class = GoalFilterSet
