"""What history recorded, as its tests read it; and the rules that hold whatever was written."""

from __future__ import annotations

from collections import Counter
from typing import Any

from django.db import connection

from tracker.history.models import Change, Revision
from tracker.history.tracking import tracked

UNLIKE_THE_TABLE = """
SELECT count(*) FROM (
    SELECT DISTINCT ON (object_id) object_id, after FROM public.history_change
    WHERE table_name = '{table}' ORDER BY object_id, id DESC
) latest FULL JOIN public."{table}" found ON found.id = latest.object_id
WHERE latest.after IS DISTINCT FROM to_jsonb(found)
"""
NUMBERS = "SELECT number FROM public.history_revision ORDER BY number NULLS FIRST"
TIMES_BACKWARDS = """
SELECT count(*) FROM public.history_revision earlier
JOIN public.history_revision later ON later.number = earlier.number + 1 WHERE later.at < earlier.at
"""
EMPTY_REVISIONS = """
SELECT count(*) FROM public.history_revision revision
WHERE NOT EXISTS (SELECT FROM public.history_change change WHERE change.revision_id = revision.id)
"""
STRAY_CHANGES = """
SELECT count(*) FROM public.history_change change
WHERE NOT EXISTS (SELECT FROM public.history_revision revision WHERE revision.id = change.revision_id)
"""


def written_by(number: int | None) -> Counter[str]:
    """The changes of a revision, as “create initiatives_person” and how many of them."""
    changes = Change.objects.filter(revision__number=number)
    return Counter(f"{action} {table}" for action, table in changes.values_list("action", "table_name"))


def rows_written_by(revision: Revision) -> list[dict[str, Any]]:
    """The rows as a revision left them, in the order of its writes; without those that it deleted."""
    return [change.after for change in revision.changes.order_by("id") if change.after is not None]


def the_revision_after(number: int) -> Revision:
    """The one revision that was written since."""
    (found,) = Revision.objects.filter(number__gt=number)
    return found


def assert_history_is_whole(cursor: Any = None) -> None:
    """Each row's last change is the row as it is; numbers count from 1; no revision lacks changes, nor the reverse."""
    if cursor is None:
        with connection.cursor() as own:
            return assert_history_is_whole(own)
    numbers = [number for (number,) in _rows(cursor, NUMBERS)]
    assert numbers == list(range(1, len(numbers) + 1))
    for rule in (TIMES_BACKWARDS, EMPTY_REVISIONS, STRAY_CHANGES):
        assert _rows(cursor, rule) == [(0,)], rule
    for each in tracked():
        assert _rows(cursor, UNLIKE_THE_TABLE.format(table=each.table)) == [(0,)], each.table
    return None


def _rows(cursor: Any, query: str) -> list[Any]:
    cursor.execute(query)
    return list(cursor.fetchall())
