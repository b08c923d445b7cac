"""`/api/v1/search/`: one search in all collections."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.models import AnonymousUser
from django.db import models
from django.db.models import F, TextField, Value
from django.http.response import HttpResponseBase
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from drf_spectacular.utils import OpenApiExample, OpenApiParameter, extend_schema
from rest_framework.exceptions import ErrorDetail
from rest_framework.permissions import BasePermission
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from tracker.api import collections
from tracker.api.entity_tags import marked, not_modified, tag_of
from tracker.api.fields import LANGUAGES
from tracker.api.moments import ReadsAtMoment
from tracker.api.pagination import RecordPagination
from tracker.api.permissions import in_scope
from tracker.api.problem_types import InvalidParameters, UnknownParameter
from tracker.api.search import EXAMPLES, LONGEST, PARAMETER, read_search
from tracker.history.api.shapes import PAGE, PAGE_NAMES, TEXTS
from tracker.history.newest import newest_for
from tracker.search import RANK, Search, is_few

KNOWN = PAGE_NAMES | {PARAMETER, "collections", "as_of"}
LABELS = tuple(f"label_{language}" for language in LANGUAGES)
HIT = {
    "type": "object",
    "properties": {
        "collection": {"type": "string"},
        "id": {"type": "integer"},
        "slug": {"type": "string"},
        "url": {"type": "string", "format": "uri"},
        "rank": {"type": "number", "minimum": 0},
    },
    "required": ["collection", "id", "slug", "url", "rank"],
    # What a record is called by: its name, its title or its gist.
    "additionalProperties": {**TEXTS, "type": "object"},
}


class ReadsEverywhere(BasePermission):
    """Everybody searches. A token that does not reach all that is searched searches as anybody may."""

    def has_permission(self, request: Request, view: Any) -> bool:
        if not all(in_scope(request, name, "read") for name in _named(request) or collections.names()):
            request.user = AnonymousUser()
        return True


class SearchEverywhere(ReadsAtMoment, APIView):
    """What has the words of a reader, whatever its type."""

    permission_classes = (ReadsEverywhere,)

    def get_view_name(self) -> str:
        return _("Search")

    @extend_schema(
        operation_id="search",
        summary=gettext_lazy("Search all collections"),
        parameters=[
            OpenApiParameter(
                PARAMETER,
                {"type": "string", "pattern": r"\S", "maxLength": LONGEST},
                required=True,
                description=gettext_lazy(
                    "Words in English or in Arabic; all must be found, the last may be unfinished."
                ),
                examples=[OpenApiExample(language, value=words) for language, words in EXAMPLES.items()],
            ),
            OpenApiParameter(
                "collections",
                {"type": "array", "items": {"type": "string"}, "minItems": 1},
                style="form",
                explode=False,
                description=gettext_lazy("Search only these collections."),
            ),
            *PAGE,
            OpenApiParameter(
                "as_of",
                {"type": "string", "pattern": r"\S"},
                description=gettext_lazy(
                    "Show the registry as it was: the number of a revision, or a time (ISO 8601)."
                ),
            ),
        ],
        responses={200: RecordPagination().get_paginated_response_schema({"type": "array", "items": HIT})},
        filters=False,
    )
    def get(self, request: Request) -> HttpResponseBase:
        """Records of all types that have all the words, nearest first.

        Those that are called by the words come before those that only mention them. Case, accents, Arabic vowel marks,
        letter variants, the article and common endings do not matter.
        """
        unknown = [name for name in request.query_params if name not in KNOWN]
        if unknown:
            raise UnknownParameter(unknown, KNOWN)
        search, searched = read_search(request), read_collections(request)
        tag = tag_of(request, newest_for(request).number)
        found = [search.among(model._default_manager.all().visible_to(request.user).current()) for model in searched]
        pages = HitPages(found)
        hits = pages.paginate_queryset(_hits(search, found), request, self)
        unchanged = not_modified(request, tag)
        if unchanged is not None:
            return unchanged
        return marked(Response(pages.envelope([_hit(row, request) for row in hits])), request, tag)


def read_collections(request: Request) -> list[Any]:
    """The models of the collections that the request names, or of all."""
    named = _named(request)
    known = collections.names()
    unknown = [name for name in named if name not in known]
    if unknown or ("collections" in request.query_params and not named):
        message = _("There is no collection “%(name)s”. Choose from: %(known)s.")
        values = {"name": ", ".join(unknown)[:100], "known": ", ".join(known)}
        raise InvalidParameters({"collections": ErrorDetail(message % values, code="unknown_collection")})
    return [collections.model_named(name) for name in known if not named or name in named]


def _named(request: Request) -> list[str]:
    given = ",".join(request.query_params.getlist("collections")).split(",")
    return [name.strip() for name in given if name.strip()]


class HitPages(RecordPagination):
    """Pages of what was found in several collections, counted without ranking it."""

    def __init__(self, found: list[models.QuerySet[Any]]) -> None:
        self.found = found

    def get_count(self, queryset: Any) -> int:
        return _together([rows.order_by().values("pk") for rows in self.found]).count()


def _hits(search: Search, found: list[models.QuerySet[Any]]) -> models.QuerySet[Any]:
    """One query for what was found in several collections, nearest first."""
    finely = is_few(_together([rows.order_by().values("pk") for rows in found]))
    shown = [_columns(search.ranked(rows, finely=finely).order_by()) for rows in found]
    return _together(shown).order_by(f"-{RANK}", "hit_in", "slug")


def _columns(rows: models.QuerySet[Any]) -> models.QuerySet[Any]:
    model: Any = rows.model
    labels: dict[str, Any] = {
        name: F(f"{model.label}_{language}") if model.label else Value("", output_field=TextField())
        for name, language in zip(LABELS, LANGUAGES, strict=True)
    }
    named = rows.annotate(hit_in=Value(model.collection, output_field=TextField()), **labels)
    columns: models.QuerySet[Any] = named.values("hit_in", "id", "slug", RANK, *LABELS)
    return columns


def _together(queries: list[models.QuerySet[Any]]) -> models.QuerySet[Any]:
    first, *others = queries
    return first.union(*others, all=True)


def _hit(row: dict[str, Any], request: Request) -> dict[str, Any]:
    model: Any = collections.model_named(row["hit_in"])
    hit = {
        "collection": row["hit_in"],
        "id": row["id"],
        "slug": row["slug"],
        "url": request.build_absolute_uri(f"{collections.path_of(model)}{row['slug']}/"),
    }
    if model.label:
        hit[model.label] = {language: row[name] or None for name, language in zip(LABELS, LANGUAGES, strict=True)}
    return {**hit, "rank": float(row[RANK])}
