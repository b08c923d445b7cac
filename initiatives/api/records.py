"""What every record of the registry has in JSON: its citations, and a way to be merged into another."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from django.utils.translation import gettext_lazy
from drf_spectacular.utils import extend_schema
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import Serializer

from initiatives import workflow
from initiatives.models import Citation
from tracker.api import serializers, viewsets
from tracker.api.fields import ReferenceField
from tracker.history.api.records import RecordHistory

from .authority import MembersWriteTheirOwn
from .examples import EXAMPLES

CITATION_FIELDS = ("source", "locator", "fields", "stance", "claimed_value", "note")


class CitationInRecordSerializer(serializers.NestedRecordSerializer):
    common_after = ()

    class Meta(serializers.NestedRecordSerializer.Meta):
        model = Citation
        fields = CITATION_FIELDS


class RecordSerializer(serializers.RecordSerializer):
    """A record of the registry, with its citations."""

    citations = CitationInRecordSerializer(many=True, required=False)


class NestedRecordSerializer(serializers.NestedRecordSerializer):
    """A record inside its parent, with its citations."""

    citations = CitationInRecordSerializer(many=True, required=False)


class PartSerializer(serializers.PartSerializer):
    """A part of a record, with its citations."""

    citations = CitationInRecordSerializer(many=True, required=False)


class MergeSerializer(Serializer[None]):
    """Which record of the same collection a duplicate is to be merged into."""

    into = ReferenceField(queryset=Citation.objects.none())

    def get_fields(self) -> dict[str, Any]:
        fields: dict[str, Any] = super().get_fields()
        fields["into"].queryset = self.context["view"].queryset.all()
        return fields


class RecordViewSet(RecordHistory, viewsets.RecordViewSet):
    """A collection of the registry."""

    examples = EXAMPLES
    permission_classes = (MembersWriteTheirOwn,)
    permission_verbs: ClassVar[Mapping[str, str]] = {"merge": "change"}

    @extend_schema(request=MergeSerializer, summary=gettext_lazy("Merge a duplicate into another record"))
    @action(detail=True, methods=["post"])
    def merge(self, request: Request, slug: str) -> Response:
        """Merge this duplicate into another record: its references and parts move there, its address redirects."""
        with self.writing() as writing:
            duplicate = self.locked(slug)
            body = MergeSerializer(data=request.data, context=self.get_serializer_context())
            body.is_valid(raise_exception=True)
            into = workflow.merge(duplicate=duplicate, into=body.validated_data["into"])
            writing.check()
            answer = self.represent(into)
        return Response(answer, headers=self.revision_headers(writing, into))
