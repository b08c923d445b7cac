"""The happiness index of services, entities, pillars and the city.

It is no record of the registry: it has no history and no ETag. It is the same for every reader, and may be kept for a
minute.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from http import HTTPStatus
from typing import Any, ClassVar, TypeVar

from django.contrib.auth.models import AnonymousUser
from django.http import Http404
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from drf_spectacular.utils import OpenApiExample, OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework import serializers
from rest_framework.exceptions import ErrorDetail
from rest_framework.permissions import SAFE_METHODS, AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from initiatives.happiness import (
    CITY,
    Cells,
    HappinessBy,
    Period,
    Span,
    SpanError,
    Tally,
    happiness_by,
    happiness_of,
    records_by,
    span_of,
)
from initiatives.models import Organization, Pillar, SmartService
from tracker.api.fields import AnyReferenceField, ListedChoiceField, reference_to
from tracker.api.pagination import RecordPagination
from tracker.api.problem_types import InvalidParameters, UnknownParameter
from tracker.api.schema_examples import HOST
from tracker.api.schema_fields import SLUG
from tracker.history.api.shapes import COUNT, OFFSET, PAGE_NAMES, whole_number

_F = TypeVar("_F", bound=Callable[..., Any])
JSON = "application/json"
INDEX_LIVES = "public, max-age=60"
SLUG_OF_RECORD = OpenApiParameter(
    "slug", SLUG, OpenApiParameter.PATH, description=gettext_lazy("The slug of the record.")
)


class OfRecord(APIView):
    """What belongs to a record that everybody sees, at an address below its own."""

    model: ClassVar[Any]
    about: ClassVar[str]
    """The last part of the address."""
    title: ClassVar[Any]
    known: ClassVar[frozenset[str]]
    """The parameters of a GET."""
    permission_classes = (AllowAny,)

    def get_view_name(self) -> str:
        return str(self.title)

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        super().initial(request, *args, **kwargs)
        refuse_unknown(request, self.known if request.method in SAFE_METHODS else frozenset({"format"}))

    def find(self, slug: str) -> Any:
        """The record that the address names; of a duplicate, the one that it was merged into (see ``moved``)."""
        named = self.model.objects.filter(slug=slug).values_list("replaced_by_id", "pk").first()
        pk = (named[0] or named[1]) if named else None
        record = self.model.objects.visible_to(AnonymousUser()).filter(pk=pk).first()
        if record is None:
            raise Http404
        return record

    def moved(self, record: Any) -> Response:
        """Where the same is found of the record that a duplicate was merged into."""
        address = self.request.build_absolute_uri(f"{record.get_absolute_url()}{self.about}/")
        return Response({"replaced_by": address}, HTTPStatus.PERMANENT_REDIRECT, headers={"Location": address})


MOVED = {
    HTTPStatus.PERMANENT_REDIRECT: OpenApiResponse(
        {"type": "object", "properties": {"replaced_by": {"type": "string"}}, "required": ["replaced_by"]},
        description=gettext_lazy("A duplicate, which was merged into another record."),
    )
}


def refuse_unknown(request: Request, known: frozenset[str]) -> None:
    unknown = [name for name in request.query_params if name not in known]
    if unknown:
        raise UnknownParameter(unknown, known)


# The index -----------------------------------------------------------------------------------------------------------


class SpanSerializer(serializers.Serializer[Any]):
    """Of which periods the index is told."""

    per = ListedChoiceField(
        choices=Period.choices,
        default=Period.DAY.value,
        help_text=gettext_lazy("Days, weeks from Monday to Sunday, or months."),
    )

    def get_fields(self) -> dict[str, Any]:
        # “from” is a word of Python's own.
        since = serializers.DateField(
            source="since",
            required=False,
            help_text=gettext_lazy("From the period in which this day lies; else the last 30 days, or 12 periods."),
        )
        until = serializers.DateField(
            required=False, help_text=gettext_lazy("Up to the period in which this day lies; else today's.")
        )
        return {**super().get_fields(), "from": since, "until": until}


class ScopeSerializer(SpanSerializer):
    """Of what the index is told, and of which periods."""

    def get_fields(self) -> dict[str, Any]:
        by = ListedChoiceField(
            choices=HappinessBy.choices,
            default=HappinessBy.CITY.value,
            help_text=gettext_lazy("Of each service, each entity with those under it, each pillar, or of the city."),
        )
        return {"by": by, **super().get_fields()}


SPAN_NAMES = frozenset({"per", "from", "until", "format"})


class TallySerializer(serializers.Serializer[Any]):
    """The index, from 0 to 100, and the ratings that it is of; all null where there are too few to be told, or none."""

    index = serializers.DecimalField(max_digits=4, decimal_places=1, allow_null=True)
    happy = serializers.IntegerField(allow_null=True)
    neutral = serializers.IntegerField(allow_null=True)
    unhappy = serializers.IntegerField(allow_null=True)
    ratings = serializers.IntegerField(allow_null=True)
    suppressed = serializers.BooleanField(help_text=gettext_lazy("Whether too few have rated for it to be told."))


class CellSerializer(TallySerializer):
    """The index of one day, week or month."""

    def get_fields(self) -> dict[str, Any]:
        return {"start": serializers.DateField(), "end": serializers.DateField(), **super().get_fields()}


class CellsSerializer(serializers.Serializer[Any]):
    """The index of a record, or of the city, over some periods and in each of them."""

    of = AnyReferenceField(allow_null=True)
    total = TallySerializer()
    cells = CellSerializer(many=True)


class OneHappinessSerializer(CellsSerializer):
    """The index of one record."""

    def get_fields(self) -> dict[str, Any]:
        span = {"per": ListedChoiceField(choices=Period.choices), "from": _day(), "until": _day()}
        fields = super().get_fields()
        return {"of": fields.pop("of"), **span, **fields}


class HappinessSerializer(serializers.Serializer[Any]):
    """The index of many records, or of the city."""

    def get_fields(self) -> dict[str, Any]:
        return {
            "by": ListedChoiceField(choices=HappinessBy.choices),
            "per": ListedChoiceField(choices=Period.choices),
            "from": _day(),
            "until": _day(),
            "count": serializers.IntegerField(allow_null=True),
            "next": serializers.URLField(allow_null=True),
            "previous": serializers.URLField(allow_null=True),
            "results": CellsSerializer(many=True),
        }


def _day() -> serializers.DateField:
    return serializers.DateField()


def _example(of: Any) -> dict[str, Any]:
    tally = {"index": "85.0", "happy": 8, "neutral": 1, "unhappy": 1, "ratings": 10, "suppressed": False}
    nothing = {**dict.fromkeys(("index", "happy", "neutral", "unhappy", "ratings")), "suppressed": True}
    cells = [
        {"start": "2026-10-01", "end": "2026-10-31", **nothing},
        {"start": "2026-11-01", "end": "2026-11-30", **tally},
    ]
    return {"of": of, "total": tally, "cells": cells}


SPAN_SHOWN = {"per": "month", "from": "2026-10-01", "until": "2026-11-30"}
DUBAINOW = {
    "collection": "smart-services",
    "id": 1,
    "slug": "dubainow",
    "url": f"{HOST}/api/v1/smart-services/dubainow/",
    "name": {"en": "DubaiNow", "ar": "دبي الآن"},
}
EXAMPLE_OF_ONE = OpenApiExample("dubainow", {**_example(DUBAINOW), **SPAN_SHOWN}, response_only=True)
EXAMPLE_OF_CITY = OpenApiExample(
    "city",
    {"by": "city", **SPAN_SHOWN, "count": 1, "next": None, "previous": None, "results": [_example(None)]},
    response_only=True,
)


class HappinessPages(RecordPagination):
    """Fewer at a time than of records: each has many cells."""

    max_limit = 100


class Happiness(APIView):
    """The happiness index of the city, or of each service, entity or pillar."""

    # The same for everybody, so that shared caches may keep it.
    authentication_classes = ()
    permission_classes = (AllowAny,)
    known = SPAN_NAMES | PAGE_NAMES | {"by"}

    def get_view_name(self) -> str:
        return _("Happiness")

    @extend_schema(
        operation_id="happiness",
        summary=gettext_lazy("The happiness index, by service, entity, pillar or of the city"),
        parameters=[
            ScopeSerializer,
            whole_number("limit", gettext_lazy("How many a page has."), lowest=1, highest=100, default=50),
            OFFSET,
            COUNT,
        ],
        responses=OpenApiResponse(HappinessSerializer, examples=[EXAMPLE_OF_CITY]),
        filters=False,
    )
    def get(self, request: Request) -> Response:
        """100 where all were happy, 0 where all were unhappy; a neutral rating counts half.

        Ratings are counted in fives of a service, so whatever is told is of five people or more; where there are none
        such yet, it is `suppressed`. Those of one service add up to those of entities, pillars and the city, and days
        to weeks and months, exactly.
        """
        refuse_unknown(request, self.known)
        asked = _read(ScopeSerializer, request)
        by, span = HappinessBy(asked["by"]), _span(asked)
        pages = HappinessPages()
        rows = pages.paginate_queryset([None] if by == HappinessBy.CITY else records_by(by), request, self)
        found = happiness_by(by, span, [row.pk for row in rows if row is not None])
        results = [_told(row, found[row.pk if row else CITY], request) for row in rows]
        return _fresh({"by": by.value, **_told_span(span), **pages.envelope(results)}, request)


class HappinessOfRecord(OfRecord):
    """The happiness index of one record."""

    authentication_classes = ()
    about = "happiness"
    title = gettext_lazy("Happiness")
    known = SPAN_NAMES

    def get(self, request: Request, slug: str) -> Response:
        record = self.find(slug)
        if record.slug != slug:
            return self.moved(record)
        span = _span(_read(SpanSerializer, request))
        told = _told(record, happiness_of(record, span), request)
        return _fresh({"of": told.pop("of"), **_told_span(span), **told}, request)


def _described(operation_id: str, summary: Any, **more: Any) -> Callable[[_F], _F]:
    return extend_schema(
        operation_id=operation_id, summary=summary, parameters=[SLUG_OF_RECORD, SpanSerializer], filters=False,
        responses={HTTPStatus.OK: OpenApiResponse(OneHappinessSerializer, **more), **MOVED},
    )  # fmt: skip


class ServiceHappiness(HappinessOfRecord):
    model = SmartService

    @_described("smart_services_happiness", gettext_lazy("The happiness index of a service"), examples=[EXAMPLE_OF_ONE])
    def get(self, request: Request, slug: str) -> Response:
        """What those felt who used the service."""
        return super().get(request, slug)


class EntityHappiness(HappinessOfRecord):
    model = Organization

    @_described("organizations_happiness", gettext_lazy("The happiness index of an entity"))
    def get(self, request: Request, slug: str) -> Response:
        """What those felt who used the services of an entity, or of those that stand under it."""
        return super().get(request, slug)


class PillarHappiness(HappinessOfRecord):
    model = Pillar

    @_described("pillars_happiness", gettext_lazy("The happiness index of a pillar"))
    def get(self, request: Request, slug: str) -> Response:
        """What those felt who used the services that stand on a pillar."""
        return super().get(request, slug)


def _read(serializer: type[SpanSerializer], request: Request) -> Mapping[str, Any]:
    asked = serializer(data=request.query_params.dict())
    if not asked.is_valid():
        raise InvalidParameters(asked.errors)
    read: Mapping[str, Any] = asked.validated_data
    return read


def _span(asked: Mapping[str, Any]) -> Span:
    try:
        return span_of(Period(asked["per"]), asked.get("since"), asked.get("until"))
    except SpanError as error:
        raise InvalidParameters({error.name: ErrorDetail(str(error), error.code)}) from error


def _told_span(span: Span) -> dict[str, Any]:
    return {"per": span.period.value, "from": span.first, "until": span.last}


def _told(record: Any, cells: Cells, request: Request) -> dict[str, Any]:
    return {
        "of": None
        if record is None
        else {"collection": record.collection, **reference_to(record, {"request": request})},
        "total": _told_tally(cells.total),
        "cells": [{"start": start, "end": end, **_told_tally(tally)} for start, end, tally in cells],
    }


def _told_tally(tally: Tally) -> dict[str, Any]:
    if tally.suppressed:
        return {**dict.fromkeys(("index", "happy", "neutral", "unhappy", "ratings")), "suppressed": True}
    return {
        "index": str(tally.index),
        "happy": tally.happy,
        "neutral": tally.neutral,
        "unhappy": tally.unhappy,
        "ratings": tally.ratings,
        "suppressed": False,
    }


def _fresh(document: dict[str, Any], request: Request) -> Response:
    """An answer that may be kept for a minute, unless it is a page."""
    answer = Response(document)
    answer["Cache-Control"] = INDEX_LIVES if request.accepted_media_type == JSON else "private, no-cache"
    return answer
