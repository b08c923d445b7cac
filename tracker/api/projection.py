"""Serializers compiled to SQL: PostgreSQL writes the JSON of records, as DRF would from the same declaration.

A serializer becomes one statement that takes the ids of a page and answers with the records' JSON
(``tracker.api.json_forms``). It is compiled once for each selection of fields and each audience, and PostgreSQL keeps
its plan.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import count
from types import SimpleNamespace
from typing import Any, TypeAlias

import psycopg
from django.db import connection
from django.db.models.expressions import RawSQL

from tracker.api.json_forms import object_of, projected

KEPT_STATEMENTS = 512
# A statement that comes again and again is worth a plan that PostgreSQL keeps for the connection.
PLANNED_FROM = 3

# Where a statement finds the id of the user for whom it is carried out.
READER = "site.reader"
STATEMENT = """
SELECT body.projected
FROM unnest((SELECT %s::bigint[])) WITH ORDINALITY AS page(id, place)
CROSS JOIN (SELECT %s::text AS base, %s::bigint AS reader) site
CROSS JOIN LATERAL ({body}) body
ORDER BY page.place
"""

Frozen: TypeAlias = tuple[Any, ...]


@dataclass(frozen=True)
class Audience:
    """All of a user that decides what they see: rows are chosen by conditions in SQL, never by what was read before.

    Members of staff see all alike, and so do those who have no account that is in use.
    """

    is_active: bool
    is_staff: bool
    pk: Any
    user: Any = field(compare=False)

    @classmethod
    def of(cls, user: Any) -> Audience:
        staff = bool(user.is_active and user.is_staff)
        # What is kept for an audience would else keep the request that its user was read from.
        whole = getattr(user, "_wrapped", user)
        return cls(user.is_active, staff, user.pk if user.is_active and not staff else None, whole)


class Projection:
    """A compiled serializer."""

    def __init__(self, sql: str) -> None:
        self.sql = sql
        self.uses = count(1)

    def read(self, pks: Sequence[int], base: str, user: Any) -> list[str]:
        """The records' JSON, in the order of their ids; those that are no longer there are left out.

        ``base`` is the site's address, without a slash at its end, as in ``https://registry.example``.
        """
        if not pks:
            return []
        ids = "{" + ",".join(map(str, pks)) + "}"
        with _cursor(keeps_plan=next(self.uses) >= PLANNED_FROM) as cursor:
            cursor.execute(self.sql, [ids, json.dumps(base)[1:-1], user.pk])
            return [text for (text,) in cursor.fetchall()]


def projection_of(serializer_class: Any, user: Any, selection: Mapping[str, Any] | None = None) -> Projection:
    """The projection of a serializer for a user, with the ``fields``, ``omit`` and ``expand`` of its context."""
    audience = Audience.of(user)
    return _compiled(serializer_class, _frozen(selection or {}), audience.is_active, audience.is_staff)


@lru_cache(maxsize=KEPT_STATEMENTS)
def _compiled(serializer_class: Any, selection: Frozen, is_active: bool, is_staff: bool) -> Projection:
    # Whoever sees by the same conditions: a parameter takes the place of the user's id.
    reader = RawSQL(READER, ()) if is_active else None  # noqa: S611
    anyone = SimpleNamespace(pk=reader, is_active=is_active, is_staff=is_staff, is_authenticated=is_active)
    serializer = serializer_class(context=_thawed(selection))
    rows = serializer.Meta.model._default_manager.all().with_computed().filter(pk=RawSQL("page.id", ()))
    query = projected(rows, object_of(serializer, anyone)).order_by().query
    sql, parameters = query.get_compiler(connection=connection).as_sql()
    connection.ensure_connection()
    body = psycopg.ClientCursor(connection.connection).mogrify(sql, parameters)
    return Projection(STATEMENT.format(body=body.replace("%", "%%")))


def _frozen(tree: Any) -> Any:
    if isinstance(tree, Mapping):
        return tuple(sorted((name, _frozen(value)) for name, value in tree.items()))
    return tree


def _thawed(selection: Frozen) -> dict[str, Any]:
    return {name: _tree(value) if isinstance(value, tuple) else value for name, value in selection}


def _tree(frozen: Frozen) -> dict[str, Any]:
    return {name: _tree(within) for name, within in frozen}


class PlanningCursor(psycopg.Cursor[Any]):
    """Has PostgreSQL prepare what it executes; Django's own cursors never do, as every value is part of their text."""

    def execute(self, query: Any, params: Any = None, **kwargs: Any) -> Any:
        done = super().execute(query, params, **{**kwargs, "prepare": True})
        # Where Django's log of queries looks; psycopg leaves nothing there of a statement that is prepared already.
        self._query = SimpleNamespace(query=str(query).encode())  # type: ignore[assignment]
        return done


def _cursor(*, keeps_plan: bool) -> Any:
    """A cursor that binds values on the server, under Django's care for errors and for the log of queries."""
    connection.ensure_connection()
    session: Any = connection.connection
    if session.prepare_threshold is None:
        # Django turns preparing off altogether; this leaves it to those who ask for it.
        session.prepare_threshold = sys.maxsize
    raw: Any = (PlanningCursor if keeps_plan else psycopg.Cursor)(session)
    return connection.make_debug_cursor(raw) if connection.queries_logged else connection.make_cursor(raw)
