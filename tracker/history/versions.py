"""Which revision a record is of: for ETags, for If-Match, and for editors who meet on the same record."""

from __future__ import annotations

from collections.abc import Sequence

from django.db import connection, models

# A record is also what is a part of it, and what is a part of that: milestones, citations, links.
LAST_REVISIONS = """
WITH RECURSIVE member(record_id, table_name, object_id) AS (
    SELECT record_id, %s::varchar, record_id FROM unnest(%s::bigint[]) AS record(record_id)
    UNION
    SELECT member.record_id, change.table_name, change.object_id
    FROM public.history_change change
    JOIN member ON change.owner_table = member.table_name AND change.owner_id = member.object_id
)
SELECT member.record_id, max(revision.number)
FROM member
JOIN public.history_change change USING (table_name, object_id)
JOIN public.history_revision revision ON revision.id = change.revision_id
GROUP BY member.record_id
"""


def last_revision_of(record: models.Model) -> int:
    """The number of the last revision that changed the record or anything that is a part of it."""
    return last_revisions_of(type(record), [record.pk])[record.pk]


def last_revisions_of(model: type[models.Model], pks: Sequence[int]) -> dict[int, int]:
    """The same of many records of a type, by their ids."""
    with connection.cursor() as cursor:
        cursor.execute(LAST_REVISIONS, [model._meta.db_table, list(pks)])
        return {**dict.fromkeys(pks, 0), **{pk: number or 0 for pk, number in cursor.fetchall()}}


def number_revision() -> int | None:
    """Give this transaction's revision its number now, after all checks; None if it changed nothing.

    Nobody else can commit a revision until the transaction ends, so this is the last thing to do in it.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            "SET CONSTRAINTS ALL IMMEDIATE; SET CONSTRAINTS public.history_number_last IMMEDIATE; "
            "SET CONSTRAINTS ALL DEFERRED"
        )
        cursor.execute(
            "SELECT number FROM public.history_revision "
            "WHERE id = nullif(current_setting('history.revision', true), '')::bigint"
        )
        row = cursor.fetchone()
        return row[0] if row else None
