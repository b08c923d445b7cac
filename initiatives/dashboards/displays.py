"""What each display makes of a query: which queries fit it, how it asks them, and what it shows of the answers."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _
from rest_framework import serializers
from rest_framework.request import Request

from initiatives.models import Widget
from tracker.api import collections
from tracker.api.internal_reads import Answer, ViewOf, read_internally

from .groups import groupable, grouping
from .queries import MOST_FIELDS, MOST_POINTS, MOST_ROWS, Kind, QueryRefusedError, SavedQuery, parse

DEFAULT_ROWS = 10
DEFAULT_POINTS = 100
# How many lines one chart can tell apart.
MOST_SERIES = 8

Data = dict[str, Any]


@dataclass(frozen=True)
class Display:
    """A way to show an answer."""

    fits: Callable[[SavedQuery], bool]
    shows: Callable[[], str]
    """The queries that fit, in words."""
    read: Callable[[Request, SavedQuery, str], Data]


def check(widget: Any) -> SavedQuery:
    """The query of a widget whose parts fit each other; raises QueryRefusedError."""
    query = parse(widget.query)
    display = DISPLAYS[widget.display]
    if widget.group_by:
        _check_group(query, widget)
    elif not display.fits(query):
        raise QueryRefusedError(display.shows(), "display_does_not_fit", "display")
    if "fields" in query.parameters:
        _check_fields(query)
    return query


def read(request: Request, widget: Any) -> Data:
    """What a widget shows to whoever sent the request; raises QueryRefusedError, or Problem as its query is refused."""
    return DISPLAYS[widget.display].read(request, check(widget), widget.group_by)


def _check_group(query: SavedQuery, widget: Any) -> None:
    if widget.display != Widget.Display.CHART or query.kind is not Kind.COLLECTION:
        raise QueryRefusedError(_("Only charts of a collection group what they show."), "not_grouped", "group_by")
    known = groupable(query.viewset)
    if widget.group_by not in known:
        message = _("“%(name)s” is not valid. Choose from: %(choices)s.")
        values = {"name": widget.group_by, "choices": ", ".join(known)}
        raise QueryRefusedError(message % values, "unknown_field", "group_by")


def _check_fields(query: SavedQuery) -> None:
    """Only some members, and no lists of parts: a row of a widget is a line."""
    if query.kind not in (Kind.COLLECTION, Kind.RECORD):
        return
    fields = query.viewset.serializer_class().fields
    parts = [name for name, field in fields.items() if isinstance(field, serializers.ListSerializer)]
    named = query.names("fields")
    if len(named) > MOST_FIELDS or any(name in parts for name in named):
        message = _("Choose at most %(most)d fields, and none of these, which are lists: %(parts)s.")
        raise QueryRefusedError(message % {"most": MOST_FIELDS, "parts": ", ".join(parts)}, "too_many_fields")


def _ask(request: Request, query: SavedQuery, view_of: ViewOf | None = None, /, **parameters: str | None) -> Any:
    answer: Answer = read_internally(request, query.path, query.asking(**parameters), view_of=view_of)
    if answer.is_refusal:
        raise answer.refusal()
    return answer.body


# Count ---------------------------------------------------------------------------------------------------------------


def _count(request: Request, query: SavedQuery, _group_by: str) -> Data:
    if query.kind is Kind.TOTAL:
        return {"value": _ask(request, query)["value"]}
    thin = {"fields": "id"} if query.kind is Kind.COLLECTION else {}
    return {"value": _ask(request, query, limit="1", **thin)["count"]}


# List ----------------------------------------------------------------------------------------------------------------


def _list(request: Request, query: SavedQuery, _group_by: str) -> Data:
    if query.kind is Kind.SEARCH:
        body = _ask(request, query, limit=query.limit(DEFAULT_ROWS, MOST_ROWS))
        return {"rows": body["results"], "total": body["count"]}
    fields = ",".join(query.names("fields") or _default_fields(query))
    if query.kind is Kind.RECORD:
        return {"rows": [_ask(request, query, fields=fields)], "total": 1}
    body = _ask(request, query, fields=fields, limit=query.limit(DEFAULT_ROWS, MOST_ROWS))
    return {"rows": body["results"], "total": body["count"]}


def _default_fields(query: SavedQuery) -> list[str]:
    label = collections.model_of(query.viewset).label
    return ["slug", "url", *([label] if label else [])]


# Progress ------------------------------------------------------------------------------------------------------------

PROGRESS_FIELDS = "slug,url,title,status,progress,planned_end"


def _progress(request: Request, query: SavedQuery, _group_by: str) -> Data:
    if query.kind is Kind.RECORD:
        return {"rows": [_ask(request, query, fields=PROGRESS_FIELDS)], "total": 1}
    body = _ask(request, query, fields=PROGRESS_FIELDS, limit=query.limit(DEFAULT_ROWS, MOST_ROWS))
    return {"rows": body["results"], "total": body["count"]}


# Timeline ------------------------------------------------------------------------------------------------------------

# By collection: what is read, and by which day an entry stands where it stands.
DATED: Mapping[str, tuple[str, str]] = {
    "milestones": ("slug,url,title,due_on,completed_on", "due_on"),
    "engagements": ("slug,url,title,on", "on"),
}


def _timeline(request: Request, query: SavedQuery, _group_by: str) -> Data:
    fields, day = DATED[query.collection]
    ordering = query.parameters.get("ordering", day)
    body = _ask(request, query, fields=fields, ordering=ordering, limit=query.limit(DEFAULT_ROWS, MOST_ROWS))
    return {"entries": [_entry(row, day) for row in body["results"]], "total": body["count"]}


def _entry(row: Mapping[str, Any], day: str) -> Data:
    named = {name: row[name] for name in ("slug", "url", "title")}
    return {"on": row[day], "completed_on": row.get("completed_on"), **named}


# Chart ---------------------------------------------------------------------------------------------------------------


def _chart(request: Request, query: SavedQuery, group_by: str) -> Data:
    if group_by:
        return _groups(request, query, group_by)
    ordering = query.parameters.get("ordering", "-on")
    limit = query.limit(DEFAULT_POINTS, MOST_POINTS)
    body = _ask(request, query, fields="indicator,on,value", ordering=ordering, limit=limit)
    series: dict[str, Data] = {}
    for row in sorted(body["results"], key=lambda row: str(row["on"])):
        named = row["indicator"]
        # Of an indicator that the reader may not see, its observations are not seen either.
        line = series.setdefault(named["slug"], {"key": named["slug"], "label": named["title"], "points": []})
        line["points"].append({"on": row["on"], "value": row["value"]})
    shown = dict(list(series.items())[:MOST_SERIES])
    units = _units(request, query, list(shown))
    return {"series": [{**line, "unit": units.get(key)} for key, line in shown.items()], "total": body["count"]}


def _units(request: Request, query: SavedQuery, slugs: list[str]) -> dict[str, Any]:
    if not slugs:
        return {}
    then = query.parameters.get("as_of")
    body = _ask(request, parse("indicators/"), fields="slug,unit", slug__in=",".join(slugs), as_of=then)
    return {row["slug"]: row["unit"] for row in body["results"]}


def _groups(request: Request, query: SavedQuery, group_by: str) -> Data:
    def view_of(viewset: Any) -> tuple[Any, Mapping[str, Any]]:
        return grouping(viewset), {"group_by": group_by}

    found: Data = _ask(request, query, view_of)
    return found


# Happiness -----------------------------------------------------------------------------------------------------------

MOST_RATED = 10


def _happiness(request: Request, query: SavedQuery, _group_by: str) -> Data:
    limit = {} if query.slug else {"limit": query.limit(MOST_RATED, MOST_RATED)}
    body = _ask(request, query, **limit)
    results = body.get("results") or [{name: body[name] for name in ("of", "total", "cells")}]
    return {**{name: body[name] for name in ("per", "from", "until")}, "results": results}


DISPLAYS: Mapping[str, Display] = {
    Widget.Display.COUNT: Display(
        lambda query: query.kind in (Kind.COLLECTION, Kind.SEARCH, Kind.TOTAL),
        lambda: _("A count is of a collection, a search or an indicator's total."),
        _count,
    ),
    Widget.Display.LIST: Display(
        lambda query: query.kind in (Kind.COLLECTION, Kind.SEARCH, Kind.RECORD),
        lambda: _("A list is of a collection, a search or one record."),
        _list,
    ),
    Widget.Display.PROGRESS: Display(
        lambda query: query.collection == "initiatives" and query.kind in (Kind.COLLECTION, Kind.RECORD),
        lambda: _("Progress is that of “initiatives/” or of one of them."),
        _progress,
    ),
    Widget.Display.TIMELINE: Display(
        lambda query: query.kind is Kind.COLLECTION and query.collection in DATED,
        lambda: _("A timeline is of “milestones/” or “engagements/”."),
        _timeline,
    ),
    Widget.Display.CHART: Display(
        lambda query: query.kind is Kind.COLLECTION and query.collection == "observations",
        lambda: _("A chart is of “observations/”; or say in “group_by” by what the records of a collection count."),
        _chart,
    ),
    Widget.Display.HAPPINESS: Display(
        lambda query: query.kind is Kind.HAPPINESS,
        lambda: _("Happiness is “happiness/”, or “…/happiness/” of a smart service, an organization or a pillar."),
        _happiness,
    ),
}
