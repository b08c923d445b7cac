"""What a query is ordered by, term by term, up to the one that leaves no ties."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any, Self

from django.core.exceptions import FieldDoesNotExist
from django.db import models
from django.db.models import F, OrderBy
from django.db.models.constants import LOOKUP_SEP


@dataclass(frozen=True)
class SortKey:
    """One of the expressions that a query is ordered by."""

    expression: Any
    descending: bool
    nulls_first: bool
    nullable: bool
    is_column: bool
    """Whether an index may hold it; all else is computed for each row that it is asked of."""
    of: str
    """The reference that leads to the column's table; empty for the query's own."""

    def reversed(self) -> Self:
        return replace(self, descending=not self.descending, nulls_first=not self.nulls_first)

    def order(self) -> OrderBy:
        """The term of an ORDER BY; it says where nulls come only if that matters, because then no index fits."""
        odd = self.nullable and self.nulls_first != self.descending
        return OrderBy(
            self.expression,
            descending=self.descending,
            nulls_first=True if odd and self.nulls_first else None,
            nulls_last=True if odd and not self.nulls_first else None,
        )


def sort_keys(queryset: models.QuerySet[Any]) -> tuple[SortKey, ...]:
    """The keys of a query's order, made definite by the primary key."""
    query, model = queryset.query, queryset.model
    given = query.order_by or (model._meta.ordering if query.default_ordering else ())
    found: dict[str, SortKey] = {}
    for term in (*given, "pk"):
        for order in _terms(model, term):
            key, unique = _key(model, order, computed=query.annotations)
            # A second order of the same changes nothing.
            found.setdefault(repr(key.expression), key)
            if unique:
                return tuple(found.values())
    raise AssertionError("the primary key is unique")


def _terms(model: type[models.Model], term: Any) -> Iterator[OrderBy]:
    """A term as Django understands it: a reference is ordered by as the records are that it leads to."""
    if not isinstance(term, str):
        yield term if isinstance(term, OrderBy) else term.asc()
        return
    name, descending = term.removeprefix("-"), term.startswith("-")
    field, _nullable = _column(model, name)
    inner = field.related_model._meta.ordering if field and field.is_relation and name != field.attname else ()
    if not inner:
        yield OrderBy(F(name), descending=descending)
    for inner_term in inner:
        for order in _terms(field.related_model, inner_term):
            there: Any = order.prefix_references(name + LOOKUP_SEP)
            yield there.reverse_ordering() if descending else there


def _key(model: type[models.Model], order: OrderBy, computed: Any) -> tuple[SortKey, bool]:
    """A term's key, and whether no two rows share it."""
    name = getattr(order.expression, "name", None) if isinstance(order.expression, F) else None
    field, nullable = _column(model, name) if name and name not in computed else (None, True)
    nulls_first = bool(order.nulls_first) or (order.descending and not order.nulls_last)
    of = str(name).rpartition(LOOKUP_SEP)[0] if field else ""
    key = SortKey(order.expression, order.descending, nulls_first, nullable, is_column=field is not None, of=of)
    return key, bool(field and field.unique and not nullable and not of)


def _column(model: type[models.Model], path: str) -> tuple[Any, bool]:
    """The column at the end of a path and whether it may be null there; none where the path leads elsewhere."""
    field: Any = None
    nullable = False
    for step in path.split(LOOKUP_SEP):
        if field is not None:
            model = field.related_model
        try:
            field = model._meta.pk if step == "pk" else model._meta.get_field(step)
        except (AttributeError, FieldDoesNotExist):
            # A transform such as a date's year, or what a query computes.
            return None, True
        # What the database generates from other columns may be null whatever is declared.
        nullable = nullable or field.null or not field.concrete or isinstance(field, models.GeneratedField)
    return field, nullable
