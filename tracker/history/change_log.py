"""Reading the log: which revisions changed what, and the rows before and after, one change a row and revision."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from django.db import connection, models
from psycopg import sql

Row = dict[str, Any]


class Place(NamedTuple):
    """A row at a revision."""

    number: int
    table: str
    object_id: int


class Version(NamedTuple):
    """A row as a revision left it, and what it was a part of; ``after`` is None where it was deleted."""

    after: Row | None
    owner_table: str
    owner_id: int | None


@dataclass(frozen=True)
class RowChange:
    """What one revision came to for one row."""

    place: Place
    before: Row | None
    after: Row | None
    owner_table: str
    owner_id: int | None

    @property
    def action(self) -> str:
        if self.after is None:
            return "delete"
        return "create" if self.before is None else "update"

    @property
    def row(self) -> Row:
        """The row, also where it is gone."""
        return self.after or self.before or {}


# The last change of each row in a revision stands for all of them; a row that came and went within it left nothing.
CHANGES = """
SELECT revision.number, change.table_name, change.object_id, earlier.after::text, change.after::text,
    change.owner_table, change.owner_id
FROM ({wanted}) wanted
JOIN public.history_change change ON change.id = wanted.id
JOIN public.history_revision revision ON revision.id = change.revision_id
LEFT JOIN LATERAL (
    SELECT before.after FROM public.history_change before
    WHERE before.table_name = change.table_name AND before.object_id = change.object_id
        AND before.id < change.id AND before.revision_id <> change.revision_id
    ORDER BY before.id DESC LIMIT 1
) earlier ON true
WHERE earlier.after IS NOT NULL OR change.after IS NOT NULL
ORDER BY revision.number, change.id
"""
LAST_OF_EACH = """
SELECT max(change.id) AS id
FROM unnest(%s::bigint[], %s::text[], %s::bigint[]) AS place(number, table_name, object_id)
JOIN public.history_revision revision ON revision.number = place.number
JOIN public.history_change change ON change.revision_id = revision.id
    AND change.table_name = place.table_name AND change.object_id = place.object_id
GROUP BY revision.number, change.table_name, change.object_id
"""
SOME_OF_REVISION = """
SELECT max(change.id) AS id
FROM public.history_revision revision JOIN public.history_change change ON change.revision_id = revision.id
WHERE revision.number = %s
GROUP BY change.table_name, change.object_id ORDER BY 1 LIMIT %s OFFSET %s
"""
FIRST_OF_REVISIONS = """
SELECT first.id
FROM unnest(%s::bigint[]) AS wanted(number) JOIN public.history_revision revision USING (number)
CROSS JOIN LATERAL (
    SELECT max(change.id) AS id FROM public.history_change change WHERE change.revision_id = revision.id
    GROUP BY change.table_name, change.object_id ORDER BY 1 LIMIT %s
) first
"""
VERSIONS = """
SELECT place.number, place.table_name, place.object_id, version.after::text, version.owner_table, version.owner_id
FROM unnest(%s::bigint[], %s::text[], %s::bigint[]) AS place(number, table_name, object_id)
CROSS JOIN LATERAL (
    SELECT change.after, change.owner_table, change.owner_id
    FROM public.history_change change JOIN public.history_revision revision ON revision.id = change.revision_id
    WHERE change.table_name = place.table_name AND change.object_id = place.object_id
        AND revision.number <= place.number AND (change.after IS NOT NULL OR NOT {there})
    ORDER BY change.id DESC LIMIT 1
) version
"""
# A record's history is also that of what was a part of it at the time, and of what was a part of that. A part that
# leaves for another record, or comes from one, shows in both.
OF_RECORD = """
WITH part AS (
    SELECT change.table_name, change.object_id, change.id, change.revision_id,
        next.id AS until, next.revision_id AS until_revision
    FROM public.history_change change LEFT JOIN LATERAL ({next}) next ON true
    WHERE change.owner_table = {table} AND change.owner_id = {pk}
), within AS (
    SELECT change.table_name, change.object_id, change.id, next.id AS until
    FROM part JOIN public.history_change change
        ON change.owner_table = part.table_name AND change.owner_id = part.object_id
        AND (change.id > part.id OR change.revision_id = part.revision_id)
        AND (part.until IS NULL OR change.id < part.until OR change.revision_id = part.until_revision)
    LEFT JOIN LATERAL ({next}) next ON true
), shown(id) AS (
    SELECT id FROM public.history_change WHERE table_name = {table} AND object_id = {pk}
    UNION SELECT id FROM part UNION SELECT until FROM part
    UNION SELECT id FROM within UNION SELECT until FROM within
)
SELECT DISTINCT revision.number, change.table_name, change.object_id
FROM shown JOIN public.history_change change USING (id)
JOIN public.history_revision revision ON revision.id = change.revision_id
WHERE revision.number <= %(until)s
"""
NEXT = """
SELECT after.id, after.revision_id FROM public.history_change after
WHERE after.table_name = change.table_name AND after.object_id = change.object_id AND after.id > change.id
ORDER BY after.id LIMIT 1
"""

OF_RECORDS = """
SELECT wanted.table_name, wanted.object_id, told.number, told.table_name, told.object_id
FROM unnest(%(tables)s::text[], %(pks)s::bigint[], %(since)s::bigint[]) AS wanted(table_name, object_id, since)
CROSS JOIN LATERAL ({of_record}) told
WHERE told.number > wanted.since ORDER BY told.number, wanted.table_name, wanted.object_id LIMIT %(limit)s
"""
DELETED = """
SELECT gone.object_id FROM public.history_change gone
CROSS JOIN LATERAL (
    SELECT before.after FROM public.history_change before
    WHERE before.table_name = gone.table_name AND before.object_id = gone.object_id AND before.id < gone.id
    ORDER BY before.id DESC LIMIT 1
) last
WHERE gone.table_name = %s AND gone.action = 'delete' AND last.after ->> 'slug' = %s AND NOT EXISTS (
    SELECT FROM public.history_change later
    WHERE later.table_name = gone.table_name AND later.object_id = gone.object_id AND later.id > gone.id
        AND later.after IS NOT NULL
)
ORDER BY gone.id DESC LIMIT 1
"""


def deleted_record(model: type[models.Model], slug: str) -> int | None:
    """The id of the record that was deleted under this slug; the last, where there were several."""
    return next((row[0] for row in _rows(sql.SQL(DELETED), [model._meta.db_table, slug])), None)


def places_of_record(model: type[models.Model], pk: int, until: int) -> list[Place]:
    """Every change of the record and of its parts up to a revision."""
    query = _of_record(sql.Placeholder("table"), sql.Placeholder("pk"))
    return [Place(*row) for row in _rows(query, {"table": model._meta.db_table, "pk": pk, "until": until})]


def places_of_records(since: Mapping[Any, int], until: int, limit: int) -> list[tuple[tuple[str, int], Place]]:
    """The first changes of many records and of their parts, by revision, each with the record that it is of.

    The records go by table and id, and each has a revision after which its changes count.
    """
    query = sql.SQL(OF_RECORDS).format(of_record=_of_record(sql.SQL("wanted.table_name"), sql.SQL("wanted.object_id")))
    keys = list(since)
    parameters = {
        "tables": [table for table, _pk in keys],
        "pks": [pk for _table, pk in keys],
        "since": [since[key] for key in keys],
        "until": until,
        "limit": limit,
    }
    return [((table, pk), Place(*place)) for table, pk, *place in _rows(query, parameters)]


def _of_record(table: sql.Composable, pk: sql.Composable) -> sql.Composable:
    return sql.SQL(OF_RECORD).format(next=sql.SQL(NEXT), table=table, pk=pk)


def changes_at(places: Iterable[Place]) -> list[RowChange]:
    """What happened there, in the order in which it was written."""
    return _changes(LAST_OF_EACH, _columns(places))


def changes_of_revision(number: int, *, limit: int, offset: int) -> list[RowChange]:
    """What a revision did, from the change at ``offset`` on."""
    return _changes(SOME_OF_REVISION, [number, limit, offset])


def first_changes_of(numbers: Iterable[int], most: int) -> list[RowChange]:
    """What each of many revisions did, or of a large one the first of it."""
    return _changes(FIRST_OF_REVISIONS, [list(numbers), most])


def versions_at(places: Iterable[Place], *, there: bool = False) -> dict[Place, Version]:
    """The rows as these revisions left them; with ``there``, as they were last while they were there."""
    query = sql.SQL(VERSIONS).format(there=sql.Literal(there))
    return {
        Place(number, table, pk): Version(_parsed(after), owner_table, owner_id)
        for number, table, pk, after, owner_table, owner_id in _rows(query, _columns(places))
    }


def _changes(wanted: str, parameters: Sequence[Any]) -> list[RowChange]:
    query = sql.SQL(CHANGES).format(wanted=sql.SQL(wanted))
    return [
        RowChange(Place(number, table, pk), _parsed(before), _parsed(after), owner_table, owner_id)
        for number, table, pk, before, after, owner_table, owner_id in _rows(query, parameters)
    ]


def _columns(places: Iterable[Place]) -> list[list[Any]]:
    found = list(places)
    return [[place[index] for place in found] for index in range(3)]


def _rows(query: sql.Composable, parameters: Any) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(query, parameters)
        return list(cursor.fetchall())


def _parsed(row: str | None) -> Row | None:
    """A row without loss: decimals are texts, as the API has them."""
    return None if row is None else json.loads(row, parse_float=str)
