"""Initiatives by stock DRF: plain ModelSerializers and a ModelViewSet, in the service's JSON shape."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from django_filters.rest_framework import ChoiceFilter, FilterSet
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.viewsets import ModelViewSet

from benchmarks.comparison.rows import initiatives
from initiatives.models import (
    Citation,
    Goal,
    Initiative,
    Involvement,
    Milestone,
    Organization,
    Pillar,
    ProgressUpdate,
    Source,
)
from initiatives.models.initiatives import Status


class LanguageMap(serializers.Field):
    """A text in both languages."""

    def __init__(self, name: str, **kwargs: Any) -> None:
        super().__init__(source="*", **kwargs)
        self.columns = {"en": f"{name}_en", "ar": f"{name}_ar"}

    def to_representation(self, instance: Any) -> dict[str, Any]:
        return {language: getattr(instance, column) or None for language, column in self.columns.items()}

    def to_internal_value(self, data: Any) -> dict[str, Any]:
        return {column: data.get(language) or "" for language, column in self.columns.items()}


def reference_to(referred: Any) -> serializers.Serializer:
    """A serializer of what a reference shows: id, slug, address and name."""

    class Reference(serializers.ModelSerializer):
        url = serializers.HyperlinkedIdentityField(f"{referred.collection}-detail", lookup_field="slug")

        class Meta:
            model = referred
            fields = ("id", "slug", "url", referred.label)

    Reference._declared_fields[referred.label] = LanguageMap(referred.label)
    return Reference


class CitationSerializer(serializers.ModelSerializer):
    url = serializers.HyperlinkedIdentityField("citations-detail", lookup_field="slug")
    source = reference_to(Source)()
    note = LanguageMap("note")

    class Meta:
        model = Citation
        fields = ("id", "slug", "url", "source", "locator", "fields", "stance", "claimed_value", "note")


class InvolvementSerializer(serializers.ModelSerializer):
    organization = reference_to(Organization)()
    citations = CitationSerializer(many=True)

    class Meta:
        model = Involvement
        fields = ("id", "organization", "role", "start", "end", "citations", "created_at", "updated_at")


class MilestoneSerializer(serializers.ModelSerializer):
    url = serializers.HyperlinkedIdentityField("milestones-detail", lookup_field="slug")
    title = LanguageMap("title")
    depends_on = reference_to(Milestone)(many=True)
    slippage_days = serializers.IntegerField()
    projected_on = serializers.DateField()
    citations = CitationSerializer(many=True)

    class Meta:
        model = Milestone
        fields = (
            *("id", "slug", "url", "title", "due_on", "forecast_on", "completed_on", "weight", "depends_on"),
            *("slippage_days", "projected_on", "citations", "created_at", "updated_at"),
        )


class ProgressUpdateSerializer(serializers.ModelSerializer):
    text = LanguageMap("text")
    citations = CitationSerializer(many=True)

    class Meta:
        model = ProgressUpdate
        fields = ("id", "on", "health", "text", "state", "citations", "created_at", "updated_at")


class InitiativeSerializer(serializers.ModelSerializer):
    url = serializers.HyperlinkedIdentityField("initiatives-detail", lookup_field="slug")
    title = LanguageMap("title")
    summary = LanguageMap("summary")
    parent = reference_to(Initiative)()
    pillars = reference_to(Pillar)(many=True)
    goals = reference_to(Goal)(many=True)
    lead = reference_to(Organization)()
    status_reason = LanguageMap("status_reason")
    dates_note = LanguageMap("dates_note")
    progress = serializers.DecimalField(max_digits=5, decimal_places=2)
    progress_source = reference_to(Source)()
    last_update_on = serializers.DateField()
    next_update_on = serializers.DateField()
    involvements = InvolvementSerializer(many=True)
    milestones = MilestoneSerializer(many=True)
    progress_updates = ProgressUpdateSerializer(many=True)
    citations = CitationSerializer(many=True)
    replaced_by = reference_to(Initiative)()

    class Meta:
        model = Initiative
        fields = (
            *("id", "slug", "url", "title", "summary", "kind", "parent", "pillars", "goals", "lead", "status"),
            *("status_override", "status_reason", "planned_start", "planned_end", "actual_start", "actual_end"),
            *("dates_note", "budget_amount", "budget_currency", "progress", "stated_progress", "progress_source"),
            *("update_frequency", "last_update_on", "next_update_on", "state", "involvements", "milestones"),
            *("progress_updates", "citations", "replaced_by", "created_at", "updated_at"),
        )


class NewInitiativeSerializer(serializers.ModelSerializer):
    title = LanguageMap("title")
    summary = LanguageMap("summary")
    lead = serializers.SlugRelatedField("slug", queryset=Organization.objects.all())

    class Meta:
        model = Initiative
        fields = ("slug", "title", "summary", "kind", "lead", "planned_start", "planned_end")


class InitiativeFilterSet(FilterSet):
    # django-filter does not know by itself what to do with a generated column.
    status = ChoiceFilter(choices=Status.choices)

    class Meta:
        model = Initiative
        fields = ("status", "kind")


class InitiativeViewSet(ModelViewSet):
    queryset = Initiative.objects.all()
    serializer_class = InitiativeSerializer
    lookup_field = "slug"
    filterset_class = InitiativeFilterSet
    search_fields = ("title_en", "title_ar", "summary_en", "summary_ar")

    def get_queryset(self) -> QuerySet[Any]:
        return initiatives()

    def create(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        new = NewInitiativeSerializer(data=request.data)
        new.is_valid(raise_exception=True)
        made = self.get_queryset().get(pk=new.save().pk)
        return Response(self.get_serializer(made).data, status=201)
