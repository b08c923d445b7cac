"""Which revision a record is of: for ETags, for If-Match, and for editors who meet on the same record."""

from __future__ import annotations

from django.db import connection, models

# A record is also what is a part of it, and what is a part of that: milestones, citations, links.
LAST_REVISION = """
WITH RECURSIVE member(table_name, object_id) AS (
    SELECT %s::varchar, %s::bigint
    UNION
    SELECT change.table_name, change.object_id
    FROM public.history_change change
    JOIN member ON change.owner_table = member.table_name AND change.owner_id = member.object_id
)
SELECT max(revision.number)
FROM member
JOIN public.history_change change USING (table_name, object_id)
JOIN public.history_revision revision ON revision.id = change.revision_id
"""


def last_revision_of(record: models.Model) -> int:
    """The number of the last revision that changed the record or anything that is a part of it."""
    with connection.cursor() as cursor:
        cursor.execute(LAST_REVISION, [record._meta.db_table, record.pk])
        return cursor.fetchone()[0] or 0


def revision_being_written() -> int | None:
    """The number of this transaction's revision, once its deferred triggers have run; None if it changed nothing."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT number FROM public.history_revision "
            "WHERE id = nullif(current_setting('history.revision', true), '')::bigint"
        )
        row = cursor.fetchone()
        return row[0] if row else None
