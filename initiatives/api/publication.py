"""The publication state in JSON, and the steps by which a record comes to the public."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from http import HTTPStatus
from typing import Any, ClassVar

from django.contrib.contenttypes.models import ContentType
from django.http import Http404
from django.utils.translation import gettext_lazy
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.exceptions import PermissionDenied
from rest_framework.request import Request
from rest_framework.response import Response

from initiatives import next_versions, workflow
from initiatives.models import NextVersion, PublicationStep
from initiatives.models.publication import PublicationState, is_curator
from initiatives.permissions import Action, Standing, standing, why_not
from tracker.api.fields import ListedChoiceField
from tracker.api.parsers import require_body
from tracker.api.problem_types import Conflict
from tracker.history.api.shapes import PAGE, PAGE_NAMES, StrictSerializer

from .authority import ACTIONS, STEPS
from .records import RecordViewSet

LONGEST_COMMENT = 1_000


class StateField(ListedChoiceField):
    """The state as readers see it. Only registry files may say it; all others change it by the actions there are."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(choices=PublicationState.choices, required=False, **kwargs)

    def bind(self, field_name: str, parent: Any) -> None:
        super().bind(field_name, parent)
        self.read_only = not self.context.get("registry", False)


class CommentSerializer(StrictSerializer):
    """What is said to a step, to be read by the members; it is the reason of the revision as well."""

    comment = serializers.CharField(required=False, allow_blank=True, max_length=LONGEST_COMMENT, default="")


class PublicationStepSerializer(serializers.ModelSerializer):
    """A step that somebody took with a record, or with its next version."""

    by: Any = serializers.CharField(source="by.username", default=None, allow_null=True)

    class Meta:
        model = PublicationStep
        fields = ("id", "kind", "of_next_version", "comment", "by", "at")
        read_only_fields = fields


class NextVersionSerializer(serializers.ModelSerializer):
    """What a published record is to become: the fields that change, and what they said when this was written."""

    author: Any = serializers.CharField(source="author.username", default=None, allow_null=True)
    changes: Any = serializers.DictField()
    before: Any = serializers.DictField()

    class Meta:
        model = NextVersion
        fields = ("state", "changes", "before", "author", "created_at", "updated_at")
        read_only_fields = fields


class PublishableViewSet(RecordViewSet):
    """A collection of records that entities write themselves."""

    permission_verbs: ClassVar[Mapping[str, str]] = {
        **RecordViewSet.permission_verbs,
        **dict.fromkeys(STEPS, "change"),
    }
    members_may: ClassVar[frozenset[str]] = STEPS | frozenset(ACTIONS)

    def get_serializer_context(self) -> dict[str, Any]:
        """What a member may not write, the permissions of the record say; curators' are Django's, of parts as well."""
        request = self.request
        return {**super().get_serializer_context(), "own": request is not None and not is_curator(request.user)}

    def values_for_new(self) -> Mapping[str, Any]:
        """What a member writes begins as a draft."""
        return {} if is_curator(self.request.user) else {"state": PublicationState.DRAFT}

    @extend_schema(request=CommentSerializer, summary=gettext_lazy("Submit for review"))
    @action(detail=True, methods=["post"])
    def submit(self, request: Request, slug: str) -> Response:
        """Ask for a review of a draft or of a next version. Of those who may approve it, it is published at once."""
        return self._take(workflow.submit, slug)

    @extend_schema(request=CommentSerializer, summary=gettext_lazy("Approve and publish"))
    @action(detail=True, methods=["post"])
    def approve(self, request: Request, slug: str) -> Response:
        """Let everybody read the record, or make it what its next version says."""
        return self._take(workflow.approve, slug)

    @extend_schema(request=CommentSerializer, summary=gettext_lazy("Return to the authors"))
    @action(detail=True, methods=["post"], url_path="return")
    def return_(self, request: Request, slug: str) -> Response:
        """Give what is in review back to its authors; `comment` says why."""
        return self._take(workflow.return_for_changes, slug)

    @extend_schema(request=CommentSerializer, summary=gettext_lazy("Withdraw"))
    @action(detail=True, methods=["post"])
    def withdraw(self, request: Request, slug: str) -> Response:
        """Take the record or its next version out of the review; or what is published from sight, and say why."""
        return self._take(workflow.withdraw, slug)

    @extend_schema(
        summary=gettext_lazy("Read the steps of publication"),
        parameters=PAGE, responses=PublicationStepSerializer(many=True), filters=False,
    )  # fmt: skip
    @action(detail=True, methods=["get"])
    def steps(self, request: Request, slug: str) -> Response:
        """Who submitted, approved, returned or withdrew the record, when and why, newest first; for its members."""
        self.refuse_unknown(PAGE_NAMES)
        record = self._of_theirs(slug)
        of_type = ContentType.objects.get_for_model(type(record))
        log = PublicationStep.objects.filter(content_type=of_type, object_id=record.pk).select_related("by")
        rows = self.paginate_queryset(log)
        return self.get_paginated_response(PublicationStepSerializer(rows, many=True).data)

    @extend_schema(summary=gettext_lazy("Read the next version"), responses=NextVersionSerializer, filters=False)
    @action(detail=True, methods=["get"], url_path="next-version")
    def next_version(self, request: Request, slug: str) -> Response:
        """What the record is to become once it is approved; for its members."""
        self.refuse_unknown(frozenset({"format"}))
        return Response(NextVersionSerializer(self._pending(self._of_theirs(slug))).data)

    @extend_schema(
        request={"application/json": {"type": "object", "additionalProperties": {}}},
        summary=gettext_lazy("Write the next version"), responses=NextVersionSerializer,
    )  # fmt: skip
    @next_version.mapping.put
    def write_next_version(self, request: Request, slug: str) -> Response:
        """Say what is to change, as a PATCH would. Until it is approved, the public sees the record as it is."""
        require_body(request)
        with self.writing() as writing:
            record = self._to_propose(slug)
            version = next_versions.propose(record, request.data, request)
            writing.check()
            body = NextVersionSerializer(version).data
        return Response(body)

    @extend_schema(summary=gettext_lazy("Discard the next version"))
    @next_version.mapping.delete
    def discard_next_version(self, request: Request, slug: str) -> Response:
        """Leave the record as it is."""
        with self.writing():
            self._pending(self._to_propose(slug)).delete()
        return Response(status=HTTPStatus.NO_CONTENT)

    def _take(self, step: Callable[..., None], slug: str) -> Response:
        """Take a step with a record, and answer with what it is then."""
        body = CommentSerializer(data=self.request.data)
        with self.writing() as writing:
            record = self.locked(slug)
            body.is_valid(raise_exception=True)
            comment = body.validated_data["comment"]
            attribution = self.request.attribution
            attribution.reason = attribution.reason or comment
            step(record=record, by=self.request.user, comment=comment)
            writing.check()
            answer = self.represent(record)
        return Response(answer, headers=self.revision_headers(writing, record))

    def _of_theirs(self, slug: str) -> Any:
        """The record, if the user has a part in its publication; to all others there is nothing here."""
        record = self.find(self.get_queryset(), slug)
        if standing(self.request.user, record.owner_id()) < Standing.CONTRIBUTOR:
            raise Http404
        return record

    def _pending(self, record: Any) -> NextVersion:
        version = next_versions.pending(record)
        if version is None:
            raise Http404
        return version

    def _to_propose(self, slug: str) -> Any:
        """The record, locked, whose next version the user may write or discard now."""
        record = self.locked(slug)
        if record.state != PublicationState.PUBLISHED:
            raise Conflict(gettext_lazy("Only what is published has a next version. Change the record itself."))
        refusal = why_not(self.request.user, Action.PROPOSE, record)
        if refusal:
            raise PermissionDenied(refusal)
        version = next_versions.pending(record, for_change=True)
        if version and why_not(self.request.user, Action.CHANGE, next_versions.InState(record, version.state)):
            raise Conflict(gettext_lazy("The next version is in review. Withdraw it from there first."))
        return record
