"""Ratings of services: anybody gives them, once a day for each service, and nobody knows who did.

They are no records of the registry, and their answers are never kept for a repeated request: that would tell who rated.
"""

from __future__ import annotations

import math
from datetime import date, timedelta
from http import HTTPStatus
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from drf_spectacular.utils import OpenApiExample, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from initiatives.models import Rating, SmartService
from initiatives.models.days import beginning_of
from initiatives.models.happiness import LONGEST_COMMENT, printable
from initiatives.rating import AlreadyRatedError, rate
from tracker.api.fields import ListedChoiceField, NullableChoiceField, NullableTextField
from tracker.api.pagination import RecordPagination
from tracker.api.parsers import require_body
from tracker.api.permissions import in_scope, out_of_scope
from tracker.api.problem_types import Conflict
from tracker.clients import client_of
from tracker.history.api.shapes import PAGE, PAGE_NAMES, StrictSerializer

from .happiness import MOVED, SLUG_OF_RECORD, OfRecord


class RatingSerializer(StrictSerializer):
    """What a person felt who used the service, and where."""

    score = ListedChoiceField(choices=Rating.Score.choices)
    channel = ListedChoiceField(choices=SmartService.Channel.choices)
    comment: Any = NullableTextField(
        required=False,
        max_length=LONGEST_COMMENT,
        validators=[printable],
        help_text=gettext_lazy("Shown to everybody, with score and channel, once a curator has read it."),
    )


class TakenRatingSerializer(RatingSerializer):
    """A rating as it was taken."""

    comment_state = NullableChoiceField(choices=Rating.CommentState.choices)
    day = serializers.DateField()


class ShownRatingSerializer(RatingSerializer):
    """A rating whose comment is shown; of the time, the day."""

    comment: Any = serializers.CharField()
    day = serializers.DateField()


class Ratings(OfRecord):
    """The ratings of a service."""

    collection = "ratings"
    model = SmartService
    about = "ratings"
    title = gettext_lazy("Ratings")
    known = PAGE_NAMES
    pagination_class = RecordPagination

    @property
    def throttle_scope(self) -> str | None:
        """Who rates is held to a rate of its own; who reads is not."""
        return "ratings" if self.request.method == "POST" else None

    @extend_schema(
        operation_id="smart_services_ratings",
        summary=gettext_lazy("Read what people say of a service"),
        parameters=[SLUG_OF_RECORD, *PAGE],
        responses={HTTPStatus.OK: ShownRatingSerializer(many=True), **MOVED},
        filters=False,
    )
    def get(self, request: Request, slug: str) -> Response:
        """The ratings that have a comment which curators have let through, newest first."""
        service = self.find(slug)
        if service.slug != slug:
            return self.moved(service)
        pages = self.pagination_class()
        rows = pages.paginate_queryset(Rating.objects.of(service).shown(), request, self)
        answer = Response(pages.envelope(ShownRatingSerializer(rows, many=True).data))
        answer["Cache-Control"] = "no-cache"
        return answer

    @extend_schema(
        operation_id="smart_services_rate",
        summary=gettext_lazy("Rate a service"),
        parameters=[SLUG_OF_RECORD],
        request=RatingSerializer,
        responses={HTTPStatus.CREATED: TakenRatingSerializer, **MOVED},
        examples=[
            OpenApiExample("happy", {"score": "happy", "channel": "mobile"}, request_only=True),
            OpenApiExample(
                "with a comment",
                {"score": "unhappy", "channel": "counter", "comment": "طال الانتظار."},
                request_only=True,
            ),
        ],
    )
    def post(self, request: Request, slug: str) -> Response:
        """Say what you felt: anybody may, signed in or not, once a day for each service.

        Nothing is kept of who rated. A second rating on a day of the city is a 409, whose `Retry-After` says when the
        next day begins.
        """
        if not in_scope(request, self.collection, "write"):
            raise out_of_scope(request, self.collection, "write")
        service = self.find(slug)
        if service.slug != slug:
            return self.moved(service)
        require_body(request)
        body = RatingSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        try:
            rating = rate(smart_service=service, client=rater_of(request), **body.validated_data)
        except AlreadyRatedError as refused:
            raise _again_on(refused.day + timedelta(days=1)) from None
        answer = Response(TakenRatingSerializer(rating).data, HTTPStatus.CREATED)
        answer["Cache-Control"] = "no-store"
        return answer


def rater_of(request: Request) -> str:
    """What tells who rates from others: the account, or else the network address and the program."""
    if request.user.is_authenticated:
        return f"account {request.user.pk}"
    return f"{client_of(request.META)} {request.headers.get('User-Agent', '')}"


def _again_on(day: date) -> Conflict:
    begins = beginning_of(day)
    seconds = max(math.ceil((begins - timezone.now()).total_seconds()), 1)
    detail = _("You have rated this service today. You may rate it again from %(time)s.") % {"time": begins.isoformat()}
    errors = [{"pointer": "#", "code": "already_rated", "detail": detail}]
    return Conflict(detail, errors=errors, headers={"Retry-After": str(seconds)})
