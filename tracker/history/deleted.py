"""The records of a type that are gone: as they were last, who deleted them, when and why."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import connection
from psycopg import sql

from tracker.history.change_log import Row

# Each row's last deletion, unless the row came back since; a row that was never there before its revision is no loss.
DELETED = sql.SQL("""
SELECT gone.object_id, revision.number, revision.at, revision.actor, revision.reason, last.after::text,
    count(*) OVER ()
FROM public.history_change gone
JOIN public.history_revision revision ON revision.id = gone.revision_id
CROSS JOIN LATERAL (
    SELECT before.after FROM public.history_change before
    WHERE before.table_name = gone.table_name AND before.object_id = gone.object_id
        AND before.id < gone.id AND before.after IS NOT NULL AND before.revision_id <> gone.revision_id
    ORDER BY before.id DESC LIMIT 1
) last
WHERE gone.table_name = %(table)s AND gone.action = 'delete' AND NOT EXISTS (
    SELECT FROM public.history_change later
    WHERE later.table_name = gone.table_name AND later.object_id = gone.object_id AND later.id > gone.id
) AND NOT EXISTS (
    SELECT FROM unnest(%(words)s::text[]) word
    WHERE strpos(public.fold(concat_ws(' ', '', {texts})), public.fold(word)) = 0
)
ORDER BY revision.number DESC, gone.id DESC LIMIT %(limit)s OFFSET %(offset)s
""")


@dataclass(frozen=True)
class Deleted:
    """A row that is gone, and the revision that deleted it."""

    pk: int
    number: int
    at: datetime
    actor: str
    reason: str
    row: Row


def deleted_rows(
    model: Any, *, named: Sequence[str], words: Sequence[str], limit: int, offset: int
) -> tuple[list[Deleted], int]:
    """Those in whose slug or ``named`` columns every word is found, the last deleted first; and how many there are."""
    texts = sql.SQL(", ").join(sql.SQL("last.after ->> {}").format(sql.Literal(name)) for name in ("slug", *named))
    values = {"table": model._meta.db_table, "words": list(words), "limit": limit, "offset": offset}
    with connection.cursor() as cursor:
        cursor.execute(DELETED.format(texts=texts), values)
        found = cursor.fetchall()
    rows = [Deleted(pk, number, at, actor, reason, json.loads(row)) for pk, number, at, actor, reason, row, _n in found]
    return rows, (found[0][6] if found else 0)
