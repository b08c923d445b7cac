"""What a widget shows, made ready for a page: texts in the reader's language, and charts."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from functools import cache
from typing import Any

from django.core.exceptions import FieldDoesNotExist
from django.utils.text import capfirst
from django.utils.translation import get_language_bidi
from django.utils.translation import gettext as _

from initiatives.dashboards.queries import QueryRefusedError, SavedQuery, parse
from initiatives.dashboards.reading import Shown
from initiatives.models import Widget
from tracker.api import collections
from tracker.history.api.atom import in_language

from .charts import Bar, LineChart, bars_of, lines_of

UNKNOWN = "–"
# What leads to a row, and what tells rows of a search apart for programs.
NOT_SHOWN = ("id", "url", "rank")
NAMES = ("name", "title", "gist")


@dataclass
class Presented:
    """A widget as a page has it; of what its display does not have, nothing."""

    widget: Widget
    error: str = ""
    value: str | None = None
    headings: list[str] = field(default_factory=list)
    rows: list[Mapping[str, Any]] = field(default_factory=list)
    bars: list[Bar] = field(default_factory=list)
    chart: LineChart | None = None
    moods: list[Mapping[str, Any]] = field(default_factory=list)
    others: int = 0
    left: int = 0
    """How many there are beyond those that are shown."""
    is_empty: bool = False


def presented(widget: Widget, answer: Shown) -> Presented:
    """The widget with what it shows."""
    found = Presented(widget)
    if answer.data is None:
        found.error = str((answer.error or {}).get("detail") or _("The widget could not be shown."))
        return found
    data = answer.data
    if "value" in data:
        found.value = UNKNOWN if data["value"] is None else number(data["value"])
    elif "groups" in data:
        found.bars = bars_of([(in_language(each["label"]) or _("unknown"), each["count"]) for each in data["groups"]])
        found.others = data["others"]
    elif "results" in data:
        found.moods = [_mood(each) for each in data["results"]]
        found.chart = lines_of([_felt(each) for each in data["results"]])
    elif "series" in data:
        found.chart = lines_of(data["series"])
        found.left = max((data["total"] or 0) - sum(len(each["points"]) for each in data["series"]), 0)
    elif "entries" in data:
        found.rows = [_entry(each) for each in data["entries"]]
        found.left = max((data["total"] or 0) - len(found.rows), 0)
    else:
        _fill_rows(found, data)
    found.is_empty = not (found.value or found.rows or found.bars or found.moods or found.chart)
    return found


def _fill_rows(found: Presented, data: Mapping[str, Any]) -> None:
    found.left = max((data["total"] or 0) - len(data["rows"]), 0)
    if found.widget.display == Widget.Display.PROGRESS:
        found.rows = [_progress(row) for row in data["rows"]]
        return
    query = _query(found.widget)
    names = [name for name in (data["rows"] or [{}])[0] if name not in NOT_SHOWN]
    # A name tells more than a slug, where there are both.
    if any(name in NAMES for name in names):
        names = [name for name in names if name != "slug"]
    names = sorted(names, key=lambda name: name not in NAMES)
    if query is not None and query.collection == "search":
        names = _of_hits(data["rows"])
    found.headings = [_heading(query, name) for name in names]
    found.rows = [
        {"url": row.get("url"), "cells": [_cell(query, name, row.get(name)) for name in names]} for row in data["rows"]
    ]
    if names == ["label", "collection"]:
        found.rows = [{"url": row["url"], "cells": [_hit(row), _collection(row["collection"])]} for row in data["rows"]]


def _of_hits(rows: Iterable[Any]) -> list[str]:
    return ["label", "collection"] if rows else []


def _hit(row: Mapping[str, Any]) -> str:
    return next((text for name in NAMES if (text := in_language(row.get(name)))), str(row["slug"]))


def _collection(name: str) -> str:
    model: Any = collections.model_named(name)
    return capfirst(str(model._meta.verbose_name)) if model is not None else name


def _query(widget: Widget) -> SavedQuery | None:
    try:
        return parse(widget.query)
    except QueryRefusedError:
        return None


def _heading(query: SavedQuery | None, name: str) -> str:
    """What people call a member of a record."""
    if name in ("label", "collection") or query is None or query.collection == "search":
        return {"label": _("Name"), "collection": _("Type")}.get(name, name)
    meta = collections.model_of(query.viewset)._meta
    for candidate in (name, f"{name}_en"):
        try:
            verbose = str(getattr(meta.get_field(candidate), "verbose_name", ""))
        except FieldDoesNotExist:
            continue
        return capfirst(verbose.partition(" (")[0])
    return capfirst(name.replace("_", " "))


def _cell(query: SavedQuery | None, name: str, value: Any) -> str:
    """A value as people read it."""
    if value is None or value in ([], {}):
        return UNKNOWN
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    if isinstance(value, list):
        return (", ", "، ")[get_language_bidi()].join(_cell(query, name, each) for each in value)
    if isinstance(value, Mapping):
        texts = value if set(value) <= {"en", "ar"} else _texts(value)
        return in_language(texts) or str(value.get("slug") or UNKNOWN)
    if query is not None and query.collection != "search":
        chosen = _choices(query.viewset, name).get(value)
        if chosen:
            return str(chosen)
    return str(value)


@cache
def _choices(viewset: Any, name: str) -> Mapping[Any, Any]:
    """What the values of a member are called."""
    return getattr(viewset.serializer_class().fields.get(name), "choices", {})


def _texts(reference: Mapping[str, Any]) -> Any:
    return next((each for each in reference.values() if isinstance(each, Mapping)), None)


def _progress(row: Mapping[str, Any]) -> dict[str, Any]:
    initiatives = parse("initiatives/")
    return {
        "url": row["url"],
        "name": in_language(row["title"]) or row["slug"],
        "status": _cell(initiatives, "status", row["status"]),
        "progress": None if row["progress"] is None else float(row["progress"]),
        "until": _day(row["planned_end"]),
    }


def _entry(row: Mapping[str, Any]) -> dict[str, Any]:
    name = in_language(row["title"]) or row["slug"]
    return {
        "url": row["url"], "name": name, "on": _day(row["on"]), "completed_on": _day(row["completed_on"]),
    }  # fmt: skip


def _mood(result: Mapping[str, Any]) -> dict[str, Any]:
    """How happy people were over the whole time; of the city where it is of nothing else."""
    total = result["total"]
    return {
        "name": _rated(result),
        "index": None if total["index"] is None else number(total["index"]),
        "ratings": total["ratings"],
    }


def _felt(result: Mapping[str, Any]) -> dict[str, Any]:
    """The same as a series over time."""
    points = [{"on": cell["start"], "value": cell["index"]} for cell in result["cells"]]
    return {"label": {"en": _rated(result), "ar": _rated(result)}, "unit": None, "points": points}


def _rated(result: Mapping[str, Any]) -> str:
    return in_language(_texts(result["of"])) if result["of"] else _("The city")


def _day(text: str | None) -> date | None:
    return date.fromisoformat(text) if text else None


def number(value: Any) -> str:
    """A number without the zeros that its column fills it with."""
    text = str(value)
    return text.rstrip("0").rstrip(".") if "." in text else text
