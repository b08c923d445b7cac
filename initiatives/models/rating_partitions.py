"""The months of ratings: each is a partition of their table, made before it begins.

What belongs to no partition lies in the default one, so that no rating is ever refused for want of a month.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime
from itertools import pairwise
from typing import Any

from django.db import connection, transaction
from psycopg import sql

TABLE = "initiatives_rating"
DEFAULT = f"{TABLE}_default"
# This month's and the next two.
AHEAD = 3
ONE_AT_A_TIME = "SELECT pg_advisory_xact_lock(hashtextextended('initiatives_rating', 0))"


def make_partitions(today: date) -> list[str]:
    """Make the partitions of this month and the next ones, where they are missing; the names of the new ones."""
    months = list(_months(today, AHEAD + 1))
    with connection.cursor() as cursor:
        if all(_is_there(cursor, _name(month)) for month in months[:-1]):
            return []
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(ONE_AT_A_TIME)
        return [_name(month) for month, following in pairwise(months) if _make(cursor, month, following)]


def _months(day: date, many: int) -> Iterator[date]:
    for number in range(day.month - 1, day.month - 1 + many):
        yield date(day.year + number // 12, number % 12 + 1, 1)


def _name(month: date) -> str:
    return f"{TABLE}_{month:%Y_%m}"


def _is_there(cursor: Any, table: str) -> bool:
    cursor.execute("SELECT to_regclass(%s) IS NOT NULL", [f"public.{table}"])
    return bool(cursor.fetchone()[0])


def _make(cursor: Any, month: date, following: date) -> bool:
    """Make the partition of a month, unless it is there or the default one already has ratings of that month."""
    if _is_there(cursor, _name(month)):
        return False
    start, end = (datetime(each.year, each.month, 1, tzinfo=UTC) for each in (month, following))
    parts = {"default": sql.Identifier("public", DEFAULT), "table": sql.Identifier("public", TABLE)}
    bounds = {"start": sql.Literal(start), "end": sql.Literal(end)}
    cursor.execute(
        sql.SQL("SELECT EXISTS (SELECT FROM {default} WHERE rated_at >= {start} AND rated_at < {end})").format(
            **parts, **bounds
        )
    )
    if cursor.fetchone()[0]:
        return False
    cursor.execute(
        sql.SQL("CREATE TABLE {new} PARTITION OF {table} FOR VALUES FROM ({start}) TO ({end})").format(
            new=sql.Identifier("public", _name(month)), **parts, **bounds
        )
    )
    return True
