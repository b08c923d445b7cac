"""What one's organizations owe: updates of initiatives and indicators that are due, or soon will be."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar

from django.utils.dateparse import parse_date
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from initiatives.owed import KINDS, owed_by
from tracker.api.fields import AnyReferenceField
from tracker.api.problem_types import InvalidParameters

from .following import OwnView

SOON = timedelta(days=7)
UNTIL = OpenApiParameter(
    "until",
    {"type": "string", "format": "date"},
    description=gettext_lazy("Those due by this day; without it, within a week."),
)


class OwedSerializer(serializers.Serializer[Any]):
    """An update that is due by a day."""

    kind = serializers.ChoiceField(choices=list(KINDS.items()))
    record = AnyReferenceField()
    due_on = serializers.DateField()
    overdue = serializers.BooleanField()


class OwedListSerializer(serializers.Serializer[Any]):
    """All of them, the longest overdue first."""

    count = serializers.IntegerField()
    results = OwedSerializer(many=True)


class OwedUpdates(OwnView):
    """The updates that the organizations owe for which one works."""

    collection = "owed"
    title = gettext_lazy("Owed updates")
    known: ClassVar[dict[str, frozenset[str]]] = {"GET": frozenset({"until", "format"})}

    @extend_schema(
        operation_id="owed",
        summary=gettext_lazy("Read which updates are owed"),
        parameters=[UNTIL],
        responses=OwedListSerializer,
    )
    def get(self, request: Request) -> Response:
        """Progress updates of initiatives and observations of indicators, the longest overdue first."""
        today = datetime.now(UTC).date()
        rows = owed_by(request.user, self._until(request) or today + SOON)
        told = [
            {"kind": row.kind, "record": row.record, "due_on": row.due_on, "overdue": row.due_on < today}
            for row in rows
        ]
        body = OwedListSerializer({"count": len(told), "results": told}, context={"request": request}).data
        return Response(body)

    def _until(self, request: Request) -> Any:
        given = request.query_params.get("until")
        try:
            until = parse_date(given) if given is not None else None
        except ValueError:
            until = None
        if given is not None and until is None:
            raise InvalidParameters({"until": _("Write a day as 2017-04-16.")})
        return until
