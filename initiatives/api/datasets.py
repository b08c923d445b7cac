"""Datasets with their distributions, and sharing agreements."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, ClassVar

from django.db import models
from django.http import Http404
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from drf_spectacular.utils import extend_schema
from rest_framework.decorators import action
from rest_framework.exceptions import ErrorDetail
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import BooleanField, ModelSerializer, ValidationError

from initiatives import sharing
from initiatives.models import Dataset, DatasetAccess, Distribution, SharingAgreement
from initiatives.models.publication import is_curator
from initiatives.permissions import Standing, standing
from tracker.api import serializers
from tracker.api.filters import RecordFilterSet
from tracker.history.api.shapes import PAGE, PAGE_NAMES

from .publication import PublishableViewSet, StateField
from .records import PartSerializer, RecordSerializer, RecordViewSet


class DistributionSerializer(PartSerializer):
    class Meta(PartSerializer.Meta):
        model = Distribution
        fields = ("format", "media_type", "access_url", "download_url", "byte_size", "checksum")


class DatasetFilterSet(RecordFilterSet):
    class Meta:
        model = Dataset


class DatasetSerializer(RecordSerializer):
    state = StateField()
    distributions = DistributionSerializer(many=True, required=False)

    class Meta:
        model = Dataset
        fields = (
            "title",
            "description",
            "publisher",
            "classification",
            "license",
            "themes",
            "keywords",
            "update_frequency",
            "covers_from",
            "covers_until",
            "spatial_coverage",
            "contact_email",
            "state",
            "distributions",
        )


class DatasetViewSet(PublishableViewSet):
    about = gettext_lazy(
        "Bodies of data that organizations publish or share, and where they are to be had; what is not open, under an "
        "agreement."
    )
    queryset = Dataset.objects.all()
    serializer_class = DatasetSerializer
    filterset_class = DatasetFilterSet
    permission_verbs: ClassVar[Mapping[str, str]] = {**PublishableViewSet.permission_verbs, "access": "view"}
    members_may = PublishableViewSet.members_may | {"access"}
    answers_with_secret = frozenset({"access"})

    @extend_schema(
        request=None, responses=DistributionSerializer(many=True), filters=False,
        summary=gettext_lazy("Be told where the data are to be had"),
    )  # fmt: skip
    @action(detail=True, methods=["post"], pagination_class=None)
    def access(self, request: Request, slug: str) -> Response:
        """Of data that are not open, for members of a recipient under an agreement in force; the provider sees it."""
        self.refuse_unknown(frozenset({"format"}))
        dataset = self.find(self.get_queryset(), slug)
        distributions = sharing.take_access(dataset=dataset, by=request.user)
        return Response(DistributionSerializer(distributions, many=True, context=self.get_serializer_context()).data)


class SharingAgreementFilterSet(RecordFilterSet):
    class Meta:
        model = SharingAgreement
        computed = {"in_force": models.BooleanField()}


class SharingAgreementSerializer(RecordSerializer):
    in_force = BooleanField(read_only=True)

    class Meta:
        model = SharingAgreement
        fields = (
            "dataset",
            "provider",
            "recipient",
            "purpose",
            "terms",
            "status",
            "decision",
            "valid_from",
            "valid_until",
            "in_force",
        )

    def get_extra_kwargs(self) -> dict[str, Any]:
        return {**super().get_extra_kwargs(), "provider": {"required": False}}

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """Refuse what is for the provider to say, or for a curator."""
        request = self.context.get("request")
        if request is not None and not is_curator(request.user):
            message = _("This is for the provider to decide.")
            decided = {"terms": ("terms_en", "terms_ar"), "decision": ("decision_en", "decision_ar")}
            wrong = [name for name, columns in decided.items() if any(attrs.get(column) for column in columns)]
            if attrs.get("status", SharingAgreement.Status.REQUESTED) != SharingAgreement.Status.REQUESTED:
                wrong.append("status")
            if "provider" in attrs and attrs["provider"] != attrs["dataset"].publisher:
                wrong.append("provider")
            if wrong:
                raise ValidationError({name: ErrorDetail(message, "read_only") for name in wrong})
        return super().validate(attrs)


class ApprovalSerializer(serializers.RecordSerializer):
    """What the provider says to a request, and the limits that it sets."""

    url = None
    common_before: ClassVar[tuple[str, ...]] = ()
    common_after: ClassVar[tuple[str, ...]] = ()

    class Meta:
        model = SharingAgreement
        fields: tuple[str, ...] = ("decision", "terms", "valid_from", "valid_until")


class DecisionSerializer(ApprovalSerializer):
    """Why the provider refuses, or ends an agreement."""

    class Meta(ApprovalSerializer.Meta):
        fields = ("decision",)


class DatasetAccessSerializer(ModelSerializer):
    """That somebody was told where the data are to be had."""

    class Meta:
        model = DatasetAccess
        fields = ("id", "username", "at")
        read_only_fields = fields


class SharingAgreementViewSet(RecordViewSet):
    about = gettext_lazy("Terms on which a dataset is shared with an organization for a time.")
    queryset = SharingAgreement.objects.all()
    serializer_class = SharingAgreementSerializer
    filterset_class = SharingAgreementFilterSet
    permission_verbs: ClassVar[Mapping[str, str]] = {
        **RecordViewSet.permission_verbs,
        **dict.fromkeys(("approve", "refuse", "revoke"), "change"),
    }
    members_may = frozenset({"create", "approve", "refuse", "revoke"})

    @extend_schema(request=ApprovalSerializer, summary=gettext_lazy("Approve the request"))
    @action(detail=True, methods=["post"])
    def approve(self, request: Request, slug: str) -> Response:
        """Share the data as asked, or within limits: other terms, other dates. For publishers of the provider."""
        return self._decide(slug, ApprovalSerializer, partial(sharing.decide, approves=True))

    @extend_schema(request=DecisionSerializer, summary=gettext_lazy("Refuse the request"))
    @action(detail=True, methods=["post"])
    def refuse(self, request: Request, slug: str) -> Response:
        """Say why the data are not shared. For publishers of the provider."""
        return self._decide(slug, DecisionSerializer, partial(sharing.decide, approves=False))

    @extend_schema(request=DecisionSerializer, summary=gettext_lazy("Revoke the agreement"))
    @action(detail=True, methods=["post"])
    def revoke(self, request: Request, slug: str) -> Response:
        """End the agreement before its time, and say why. For publishers of the provider."""
        return self._decide(slug, DecisionSerializer, sharing.revoke)

    @extend_schema(
        summary=gettext_lazy("Read the log of accesses"), parameters=PAGE, filters=False,
        responses=DatasetAccessSerializer(many=True),
    )  # fmt: skip
    @action(detail=True, methods=["get"])
    def accesses(self, request: Request, slug: str) -> Response:
        """Who was told when where the data are to be had, newest first; for the provider."""
        self.refuse_unknown(PAGE_NAMES)
        agreement = self.find(self.get_queryset(), slug)
        if standing(request.user, agreement.provider_id) < Standing.CONTRIBUTOR:
            raise Http404
        rows = self.paginate_queryset(agreement.accesses.all())
        return self.get_paginated_response(DatasetAccessSerializer(rows, many=True).data)

    def _decide(self, slug: str, serializer_class: Any, decide: Callable[..., None]) -> Response:
        with self.writing() as writing:
            agreement = self.locked(slug)
            body = serializer_class(agreement, data=self.request.data, partial=True)
            body.is_valid(raise_exception=True)
            decide(agreement=agreement, values=body.validated_data, by=self.request.user)
            writing.check()
            answer = self.represent(agreement)
        return Response(answer, headers=self.revision_headers(writing, agreement))
