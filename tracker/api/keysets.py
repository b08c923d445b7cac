"""Keysets: an ordered query told apart by the keys of its rows, so that a reader goes on behind a row at once.

An offset makes the database walk over all that it skips, and what others insert or delete meanwhile shifts the pages.
The keys of a row name a place that stays, and that an index finds. The database itself computes the keys, as text that
it reads back exactly, and compares them by the expressions that it orders by.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from hashlib import blake2s
from typing import Any, Self

from django.db import connection, models
from django.db.models import Func, Q, TextField, Value
from django.db.models.functions import Cast
from django.db.models.lookups import Exact, GreaterThan, GreaterThanOrEqual, IsNull, LessThan, LessThanOrEqual

from tracker.api.sort_keys import SortKey, sort_keys

KEY_PREFIX = "cursor_key_"
"""What the annotations that hold a row's keys are called, before their number."""

Keys = tuple[str | None, ...]
"""What a row is ordered by, as PostgreSQL writes it."""


@dataclass(frozen=True)
class Place:
    """A gap in the order: beside a row of these keys, whether the row is still there or not."""

    keys: Keys
    backward: bool = False
    """Whether one reads on towards the beginning."""
    inclusive: bool = False
    """Whether the row of these keys is itself among what one reads."""

    def opposite(self) -> Self:
        """The same gap, read the other way."""
        return replace(self, backward=not self.backward, inclusive=not self.inclusive)


class Keyset:
    """An ordered query with the keys of its rows."""

    def __init__(self, queryset: models.QuerySet[Any]) -> None:
        self.keys = sort_keys(queryset)
        self.names = tuple(f"{KEY_PREFIX}{number}" for number in range(len(self.keys)))
        texts = [Cast(key.expression, TextField()) for key in self.keys]
        self.queryset = queryset.annotate(**dict(zip(self.names, texts, strict=True)))
        resolved = self.queryset.query.annotations
        self.types = [_type(resolved[name].get_source_expressions()[0].output_field) for name in self.names]

    def fingerprint(self) -> str:
        """What all places in this order have in common, and none in another order."""
        order = (self.queryset.model._meta.label_lower, self.keys, self.types)
        return blake2s(repr(order).encode(), digest_size=6).hexdigest()

    def stretches(self, place: Place | None = None) -> Iterator[models.QuerySet[Any]]:
        """The rows behind a place, or all: one query, or two of which the second goes on where the first ends.

        Unknowns of the first key are a stretch of their own: “greater than this, or null” is a range in no index.
        Mostly the first stretch holds the page, and the second is never asked.
        """
        first, *others = [key.reversed() for key in self.keys] if place and place.backward else self.keys
        if not first.nullable or not (place or first.is_column):
            yield self._behind(place, self.queryset, [first, *others])
            return
        unknown_or_not = [True, False] if first.nulls_first else [False, True]
        if place:
            unknown_or_not = unknown_or_not[unknown_or_not.index(place.keys[0] is None) :]
        for unknown in unknown_or_not:
            keys = others if unknown else [replace(first, nullable=False), *others]
            # What is behind a place in its order is known.
            rows = self.queryset if place and not unknown else self.queryset.filter(IsNull(first.expression, unknown))
            yield self._behind(place, rows, keys)
            place = None

    def _behind(self, place: Place | None, rows: models.QuerySet[Any], keys: Sequence[SortKey]) -> models.QuerySet[Any]:
        """The rows behind a place, in the order of ``keys``; what they share of the first keys is left out of these."""
        ordered = rows.order_by(*(key.order() for key in keys))
        if place is None:
            return ordered
        values = [
            None if text is None else Func(Value(text), template=f"(%(expressions)s)::{kind}")
            for text, kind in zip(place.keys, self.types, strict=True)
        ]
        return ordered.filter(_is_behind(keys, values[-len(keys) :], inclusive=place.inclusive))


def _type(field: Any) -> str:
    """The SQL type that takes a key's text as it was written, without rounding or cutting."""
    if isinstance(field, models.GeneratedField):
        return _type(field.output_field)
    if isinstance(field, (models.CharField, models.TextField)):
        return "text"
    if isinstance(field, models.DecimalField):
        return "numeric"
    kind: str = field.cast_db_type(connection)
    return kind


# Comparing -----------------------------------------------------------------------------------------------------------


def _is_behind(keys: Sequence[SortKey], values: Sequence[Any], *, inclusive: bool) -> Q:
    """Whether a row comes behind (or at) these values; the last key is unique and known."""
    first = keys[0]
    as_wholes = not any(key.nullable for key in keys) and len({key.descending for key in keys}) == 1
    if as_wholes:
        # Of one direction, PostgreSQL compares rows as wholes: one range of an index that begins with the first column.
        rows = _row([key.expression for key in keys]), _row(values)
        found = Q(_comparison(first, *rows, inclusive=inclusive))
    else:
        found = _in_turn(keys, values, inclusive=inclusive)
    if first.is_column and not first.nullable and not (as_wholes and len({key.of for key in keys}) == 1):
        # Says no more than the rest, but in words that an index understands. Where it does without, said twice the
        # planner would expect far fewer rows than there are.
        found &= Q(_comparison(first, first.expression, values[0], inclusive=True))
    return found


def _in_turn(keys: Sequence[SortKey], values: Sequence[Any], *, inclusive: bool) -> Q:
    """Whether a row is behind by its first key, or as good by that and behind by the others."""
    (key, *others), (value, *other_values) = keys, values
    if not others:
        return Q(_comparison(key, key.expression, value, inclusive=inclusive))
    remaining = _in_turn(others, other_values, inclusive=inclusive)
    if value is None:
        tied = Q(IsNull(key.expression, True)) & remaining
        return tied | Q(IsNull(key.expression, False)) if key.nulls_first else tied
    found = Q(_comparison(key, key.expression, value, inclusive=False)) | (Q(Exact(key.expression, value)) & remaining)
    return found | Q(IsNull(key.expression, True)) if key.nullable and not key.nulls_first else found


def _comparison(key: SortKey, one: Any, other: Any, *, inclusive: bool) -> Any:
    if key.descending:
        return LessThanOrEqual(one, other) if inclusive else LessThan(one, other)
    return GreaterThanOrEqual(one, other) if inclusive else GreaterThan(one, other)


def _row(expressions: Sequence[Any]) -> Any:
    return expressions[0] if len(expressions) == 1 else Func(*expressions, function="ROW", output_field=TextField())
