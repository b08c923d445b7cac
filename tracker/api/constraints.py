"""Check constraints of one row, found broken before the database refuses it, so that a refusal can point at a field."""

from __future__ import annotations

from functools import cache
from typing import Any

from django.db import DataError, connection, models, transaction
from django.db.models import BooleanField, Value
from django.db.models.expressions import BaseExpression
from django.db.models.functions import Coalesce
from django.db.models.sql import Query
from django.db.models.sql.constants import SINGLE


def broken(
    candidate: Any, constraints: list[models.CheckConstraint], written: set[str]
) -> list[models.CheckConstraint]:
    """Of the constraints those that the row breaks, now that the columns ``written`` hold what they shall.

    One query for all, and none where nothing can be broken: a row that is there keeps to all constraints, and so it
    still keeps to those whose columns are not written; a new one likewise keeps to what an empty row keeps to.
    """
    at_stake = _broken_by_nothing(candidate._meta.model) if candidate.pk is None else frozenset()
    doubtful = [each for each in constraints if each.name in at_stake or _speaks_of(each, candidate, written)]
    if not doubtful:
        return []
    query = Query(None)
    values = candidate._get_field_expression_map(meta=candidate._meta, exclude=())
    for name, value in values.items():
        query.add_annotation(value if hasattr(value, "resolve_expression") else Value(value), name, select=False)
    for number, each in enumerate(doubtful):
        query.add_annotation(Coalesce(models.Q(each.condition), True, output_field=BooleanField()), f"check_{number}")
    try:
        with transaction.atomic():
            kept = query.get_compiler(connection=connection).execute_sql(SINGLE)
    except DataError:
        # A value that its column cannot hold: writing it says so.
        return []
    return [each for each, is_kept in zip(doubtful, kept, strict=True) if not is_kept]


def _speaks_of(constraint: models.CheckConstraint, candidate: Any, written: set[str]) -> bool:
    """Whether the constraint may depend on what is written; what the database computes may depend on anything."""
    plain = {field.name for field in candidate._meta.concrete_fields if not field.generated}
    columns = set(columns_of(constraint))
    return not columns or bool(columns & written) or not columns <= plain


@cache
def _broken_by_nothing(model: type[models.Model]) -> frozenset[str]:
    """The constraints that a row breaks which says nothing, by name."""
    empty: Any = model()
    checks = [each for each in model._meta.constraints if isinstance(each, models.CheckConstraint)]
    columns = {field.name for field in model._meta.concrete_fields}
    # Any primary key: this row is not asked what is at stake for it.
    empty.pk = 0
    return frozenset(each.name for each in broken(empty, checks, columns))


def columns_of(constraint: models.CheckConstraint) -> list[str]:
    """The names of the columns that a check constraint speaks of, in its order."""
    found: list[str] = []

    def walk(node: Any) -> None:
        if isinstance(node, models.Q):
            for child in node.children:
                walk(child)
        elif isinstance(node, tuple):
            found.append(node[0].split("__")[0])
            walk(node[1])
        elif isinstance(node, models.F):
            name: str = node.name  # type: ignore[attr-defined]
            found.append(name)
        elif isinstance(node, BaseExpression):
            for child in node.get_source_expressions():
                walk(child)

    walk(constraint.condition)
    return list(dict.fromkeys(found))
