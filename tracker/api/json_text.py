"""Expressions that PostgreSQL evaluates to JSON text: never null, compact, and of the forms that DRF writes.

Text is put together rather than built by ``json_build_object``: that is faster, without a limit of members, and has no
blanks to send.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from django.db.models import Expression, Func, Subquery, TextField
from django.db.models.sql.compiler import SQLCompiler


class Json(Func):
    """Any value as PostgreSQL's own ``to_json`` writes it: texts, whole numbers, booleans, dates, lists of these."""

    template = "COALESCE(to_json(%(expressions)s)::text, 'null')"
    arity = 1
    output_field = TextField()


class JsonOrNull(Json):
    """A text, or null where the column holds the empty one, which stands for unknown."""

    template = "COALESCE(to_json(NULLIF(%(expressions)s, ''))::text, 'null')"


class JsonNumber(Json):
    """An exact number as a text with a fixed number of places, as DRF's ``DecimalField`` writes it."""

    template = """COALESCE('"' || CAST(%(expressions)s AS numeric(%(digits)s, %(places)s))::text || '"', 'null')"""

    def __init__(self, number: Any, *, digits: int, places: int) -> None:
        super().__init__(number, digits=digits, places=places)


class JsonTime(Json):
    """A time in UTC, with ``Z``, and with microseconds where it has any, as Python's ``isoformat`` writes it."""

    template = (
        """COALESCE('"' || replace(to_char(%(expressions)s AT TIME ZONE 'UTC', """
        """'YYYY-MM-DD"T"HH24:MI:SS.US'), '.000000', '') || 'Z"', 'null')"""
    )


class JsonAddress(Func):
    """An absolute address: the site's, a path, and a slug, which has only characters that stand for themselves."""

    template = """'"' || site.base || '%(path)s' || %(expressions)s || '/"'"""
    arity = 1
    output_field = TextField()

    def __init__(self, slug: Any, *, path: str) -> None:
        super().__init__(slug, path=path)


class JsonObject(Expression):
    """An object of members, each an expression of JSON text."""

    output_field = TextField()

    def __init__(self, members: Mapping[str, Any]) -> None:
        super().__init__()
        self.names = list(members)
        self.members: list[Any] = list(members.values())

    def get_source_expressions(self) -> list[Any]:
        return self.members

    def set_source_expressions(self, exprs: Sequence[Any]) -> None:
        self.members = list(exprs)

    def as_sql(self, compiler: SQLCompiler, connection: Any) -> Any:
        """The members' texts between their names."""
        pieces: list[str] = []
        parameters: list[Any] = []
        for name, member in zip(self.names, self.members, strict=True):
            sql, own = compiler.compile(member)
            opening = "{" if not pieces else ","
            pieces.append(f"'{opening}\"{name}\":' || {sql}")
            parameters.extend(own)
        return "(" + " || ".join([*pieces, "'}'"]) + ")" if pieces else "'{}'", parameters


class JsonMember(Subquery):
    """The one text that a query finds, or null where it finds nothing."""

    template = "COALESCE((%(subquery)s), 'null')"
    output_field = TextField()


class JsonList(Subquery):
    """A list of the texts that a query finds, in its order."""

    template = "('[' || array_to_string(ARRAY(%(subquery)s), ',') || ']')"
    output_field = TextField()
