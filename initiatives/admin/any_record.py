"""Records of every type, offered to whoever writes a citation, a statement or an agenda item."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.contrib import admin
from django.db import models
from django.db.models import CharField, F, Value
from django.http import HttpRequest, JsonResponse
from django.views.decorators.http import require_safe

from initiatives.models.records import Record

from .references import key_of, name_of, referable_models
from .search import distance, with_names

OFFERED_AT_ONCE = 20
FARTHEST_PAGE = 1_000


@require_safe
def any_record(request: HttpRequest, site: admin.AdminSite) -> JsonResponse:
    """Records of all types that the user may see and whose names have every word of ``term``."""
    page = request.GET.get("page", "1")
    number = min(int(page[:6]), FARTHEST_PAGE) if page.isascii() and page.isdecimal() else 1
    start = OFFERED_AT_ONCE * (max(number, 1) - 1)
    keys = _matching_keys(request, site, request.GET.get("term", ""))[start : start + OFFERED_AT_ONCE + 1]
    rows = _rows_of([(name, pk) for name, pk, *_order in keys[:OFFERED_AT_ONCE]])
    results = [{"id": key_of(row), "text": name_of(row)} for row in rows]
    return JsonResponse({"results": results, "pagination": {"more": len(keys) > OFFERED_AT_ONCE}})


def _matching_keys(request: HttpRequest, site: admin.AdminSite, term: str) -> Any:
    """Type and id of all that match, as one query over all tables that a slice ends early."""
    queries = []
    for model in referable_models():
        model_admin = site.get_model_admin(model)
        if model_admin.has_view_permission(request):
            rows, _duplicates = model_admin.get_search_results(request, model._base_manager.all(), term)
            rows = rows.order_by().annotate(
                distance=distance(model, term),
                record_type=Value(model._meta.model_name, output_field=CharField()),
                is_part=Value(not issubclass(model, Record)),
                known_as=F("slug") if issubclass(model, Record) else Value("", output_field=CharField()),
            )
            queries.append(rows.values_list("record_type", "pk", "is_part", "distance", "known_as"))
    order = ("is_part", "distance", "known_as", "record_type", "pk")
    return queries[0].union(*queries[1:], all=True).order_by(*order) if queries else []


def _rows_of(keys: list[tuple[str, int]]) -> Iterator[models.Model]:
    """The rows with these types and ids, in this order, one query for each type."""
    found: dict[tuple[str, int], models.Model] = {}
    for model in referable_models():
        wanted = [pk for name, pk in keys if name == model._meta.model_name]
        rows = with_names(model._base_manager.all()).in_bulk(wanted) if wanted else {}
        found |= {(str(model._meta.model_name), pk): row for pk, row in rows.items()}
    return (found[key] for key in keys if key in found)
