"""Rows on their way into the database: gathered in memory, then copied table by table."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, time
from functools import cached_property
from typing import Any

from django.contrib.postgres.fields import ArrayField
from django.db import connection, models
from psycopg import sql

from tracker.api.parts import reserve_ids

from .words import Text

# Ids are taken from the sequence so many at a time.
IDS = 200
NOON = time(12)


class Table:
    """The rows of one table, each with every column that the database does not compute."""

    def __init__(self, model: type[models.Model]) -> None:
        self.model = model
        self.fields = [field for field in model._meta.concrete_fields if not isinstance(field, models.GeneratedField)]
        self.places = {field.attname: place for place, field in enumerate(self.fields)}
        self.rows: list[list[Any]] = []
        self._ids: list[int] = []

    @cached_property
    def defaults(self) -> list[Callable[[], Any]]:
        return [field.get_default for field in self.fields]

    def next_id(self) -> int:
        if not self._ids:
            self._ids = reserve_ids(self.model, IDS)[::-1]
        return self._ids.pop()

    def add(self, values: dict[str, Any]) -> int:
        """Add a row; its id. Columns that are not named have their defaults."""
        row = [default() for default in self.defaults]
        row[self.places["id"]] = pk = self.next_id()
        for column, value in values.items():
            row[self.places[column]] = value
        self.rows.append(row)
        return pk

    def copy(self, cursor: Any) -> None:
        """Write the rows, which triggers and constraints see as they see all others."""
        columns = sql.SQL(", ").join([sql.Identifier(str(field.column)) for field in self.fields])
        statement = sql.SQL("COPY {} ({}) FROM STDIN").format(sql.Identifier(self.model._meta.db_table), columns)
        arrays = {self.places[field.attname] for field in self.fields if isinstance(field, ArrayField)}
        with cursor.copy(statement) as copy:
            for row in self.rows:
                for place in arrays:
                    # An empty list has no type by which it could be told to be one of texts.
                    row[place] = row[place] or "{}"
                copy.write_row(row)
        self.rows.clear()


class Rows:
    """Rows of many tables, written together."""

    def __init__(self) -> None:
        self.tables: dict[type[models.Model], Table] = {}

    def add(self, model: type[models.Model], written: date | None = None, **values: Any) -> int:
        """Add a row by its columns; a text in both languages goes by its name without the language. Its id.

        Rows that know when they were written were so at noon of the day ``written``.
        """
        columns: dict[str, Any] = {}
        if written is not None:
            columns["created_at"] = columns["updated_at"] = datetime.combine(written, NOON, UTC)
        for name, value in values.items():
            if isinstance(value, Text):
                columns[f"{name}_en"], columns[f"{name}_ar"] = value
            else:
                columns[name] = value
        return self._table(model).add(columns)

    def count(self, model: type[models.Model]) -> int:
        return len(self._table(model).rows)

    def write(self) -> int:
        """Copy everything into the database; how many rows that was."""
        count = sum(len(table.rows) for table in self.tables.values())
        with connection.cursor() as cursor:
            for table in self.tables.values():
                table.copy(cursor)
        return count

    def _table(self, model: type[models.Model]) -> Table:
        if model not in self.tables:
            self.tables[model] = Table(model)
        return self.tables[model]
