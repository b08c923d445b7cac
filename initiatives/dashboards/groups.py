"""Records of a collection counted by one of their members: by a choice, or by the record that they refer to."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import Count
from django.utils.translation import override
from rest_framework.request import Request
from rest_framework.response import Response

from tracker.api import collections
from tracker.api.fields import LANGUAGES
from tracker.api.projection import Audience
from tracker.api.reads import rows_for

# More would be no chart; what is left is told as one number.
MOST_GROUPS = 20


@cache
def groupable(viewset: Any) -> Mapping[str, models.Field[Any, Any]]:
    """The members of a collection's records by which they can be counted, by name."""
    found = {}
    columns = {field.name: field for field in collections.model_of(viewset)._meta.concrete_fields}
    for name, field in viewset.serializer_class().fields.items():
        column = columns.get(field.source)
        if column is not None and (_choices(column) or _target(column) is not None):
            found[name] = column
    return found


def _choices(column: Any) -> dict[Any, Any]:
    return dict(getattr(column, "output_field", column).choices or ())


def _target(column: Any) -> Any:
    target = column.related_model
    return target if target is not None and collections.has_collection(target) and target.label else None


class Groups:
    """Mixed into a viewset: its list counts the records instead of showing them."""

    request: Any
    counted: Any
    """The viewset whose list it is."""
    group_by: str = ""

    def list(self: Any, request: Request) -> Response:
        """How many of the records that the filters leave have which value; the most frequent come first."""
        found = self.filter_queryset(rows_for(self.counted, Audience.of(request.user)).all())
        rows = found.model._base_manager.filter(pk__in=found.order_by().values("pk"))
        column = groupable(self.counted)[self.group_by]
        counted = rows.values_list(column.attname).annotate(many=Count("pk")).order_by("-many", column.attname)
        groups = self.named(column, dict(counted[:MOST_GROUPS]))
        total = rows.count()
        others = total - sum(group["count"] for group in groups)
        return Response({"groups": groups, "others": others, "total": total})

    def named(self, column: Any, counts: Mapping[Any, int]) -> Any:
        """The groups with what they are called by; what the reader may not see is among those without a value."""
        target = _target(column)
        if target is None:
            return [_group(value or None, _choice_label(column, value), many) for value, many in counts.items()]
        rows = target._default_manager.all().visible_to(self.request.user).in_bulk(list(counts))
        shown = [_group(rows[pk].slug, _label(rows[pk]), many) for pk, many in counts.items() if pk in rows]
        without = sum(many for pk, many in counts.items() if pk not in rows)
        return [*shown, *([_group(None, None, without)] if without else [])]


def _group(key: Any, label: Any, many: int) -> dict[str, Any]:
    return {"key": key, "label": label, "count": many}


def _choice_label(column: Any, value: Any) -> dict[str, str] | None:
    label = _choices(column).get(value)
    if not value or label is None:
        return None
    found = {}
    for code, _name in settings.LANGUAGES:
        with override(code):
            found[code] = str(label)
    return found


def _label(row: Any) -> dict[str, str | None]:
    return {code: getattr(row, f"{type(row).label}_{code}") or None for code in LANGUAGES}


@cache
def grouping(viewset: Any) -> Any:
    """The viewset whose list counts."""
    return type(f"Grouped{viewset.__name__}", (Groups, viewset), {"counted": viewset})
