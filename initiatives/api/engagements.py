"""Engagements with participants, agenda and outcomes, and statements."""

from __future__ import annotations

from django.utils.translation import gettext_lazy

from initiatives.models import AgendaItem, Engagement, Outcome, Participation, Statement
from tracker.api.filters import RecordFilterSet

from .records import PartSerializer, RecordSerializer, RecordViewSet


class ParticipationSerializer(PartSerializer):
    class Meta(PartSerializer.Meta):
        model = Participation
        fields = ("position", "person", "organization", "group", "on_behalf_of", "role")


class AgendaItemSerializer(PartSerializer):
    class Meta(PartSerializer.Meta):
        model = AgendaItem
        fields = ("position", "presenter", "subject", "refers_to")


class OutcomeSerializer(PartSerializer):
    class Meta(PartSerializer.Meta):
        model = Outcome
        fields = ("text", "owner", "due_on", "status", "initiatives", "milestones")


class EngagementFilterSet(RecordFilterSet):
    class Meta:
        model = Engagement


class EngagementSerializer(RecordSerializer):
    participations = ParticipationSerializer(many=True, required=False)
    agenda = AgendaItemSerializer(many=True, required=False)
    outcomes = OutcomeSerializer(many=True, required=False)

    class Meta:
        model = Engagement
        fields = (
            "kind",
            "title",
            "host",
            "visitor",
            "on",
            "date_note",
            "place",
            "purpose",
            "part_of",
            "participations",
            "agenda",
            "outcomes",
        )


class EngagementViewSet(RecordViewSet):
    about = gettext_lazy("Visits and meetings: who took part, what was on the agenda, what came of them.")
    queryset = Engagement.objects.all()
    serializer_class = EngagementSerializer
    filterset_class = EngagementFilterSet


class StatementFilterSet(RecordFilterSet):
    class Meta:
        model = Statement


class StatementSerializer(RecordSerializer):
    class Meta:
        model = Statement
        fields = ("engagement", "position", "speaker", "mode", "gist", "about")


class StatementViewSet(RecordViewSet):
    about = gettext_lazy("What was said, in our own words, by whom and in which mode.")
    queryset = Statement.objects.all()
    serializer_class = StatementSerializer
    filterset_class = StatementFilterSet
