"""The change feed that a mirror follows: rows in the order of the commits, whole revisions only.

A mirror that puts and deletes what it is told, in this order, has what the reader may see of the registry as soon as
it has read to the end, whenever it last did so. For the public that takes more than the log: what is hidden now is
told of only as gone, and only if it was public once; what became public arrives with all that depends on it, at the
revision that did it; and what refers to something hidden does so with null.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import Any

from django.db import connection

from tracker.history.change_log import Place, Row, RowChange, changes_at, versions_at
from tracker.history.companions import becomes_visible_with, hides_or_shows, mask
from tracker.history.readers import Reader, public_before, public_now, public_then
from tracker.history.tracking import tracked_table

# The plan follows the index on numbers and stops at the limit, however long the log is.
WINDOW = """
SELECT revision.number, change.table_name, change.object_id
FROM public.history_revision revision JOIN public.history_change change ON change.revision_id = revision.id
WHERE revision.number > %s ORDER BY revision.number, change.id LIMIT %s
"""
WHOLE_REVISION = """
SELECT revision.number, change.table_name, change.object_id
FROM public.history_revision revision JOIN public.history_change change ON change.revision_id = revision.id
WHERE revision.number = %s
"""


@dataclass(frozen=True)
class FeedChange:
    """What a mirror does with one row: put ``row`` in the place of what it has, or delete that where it is None."""

    place: Place
    action: str
    row: Row | None
    slug: str | None
    owner: tuple[str, int] | None

    def document(self) -> dict[str, Any]:
        """The change for JSON."""
        table = tracked_table(self.place.table)
        return {
            "collection": getattr(table.model, "collection", None) if table else None,
            "table": self.place.table,
            "id": self.place.object_id,
            "slug": self.slug,
            "action": self.action,
            "row": self.row,
            "owner": {"table": self.owner[0], "id": self.owner[1]} if self.owner else None,
        }


@dataclass(frozen=True)
class Page:
    """Changes by revision; ``last`` is where to read on, and ``more`` whether there is more by now."""

    last: int
    more: bool
    changes: dict[int, list[FeedChange]]


def read_feed(since: int, limit: int, reader: Reader) -> Page:
    """About ``limit`` changes after revision ``since``: as many whole revisions as fit, at least one."""
    places, more = _window(since, limit)
    last = max((place.number for place in places), default=since)
    changes = changes_at(dict.fromkeys(places))
    told = [_as_it_is(change) for change in changes] if reader.is_staff else _for_the_public(changes)
    by_revision: dict[int, list[FeedChange]] = defaultdict(list)
    for each in told:
        by_revision[each.place.number].append(each)
    return Page(last, more, dict(by_revision))


def _window(since: int, limit: int) -> tuple[list[Place], bool]:
    with connection.cursor() as cursor:
        cursor.execute(WINDOW, [since, limit + 1])
        found = [Place(*row) for row in cursor.fetchall()]
        if len(found) <= limit:
            return found, False
        first, cut = found[0].number, found[-1].number
        if first < cut:
            return [place for place in found if place.number < cut], True
        cursor.execute(WHOLE_REVISION, [first])
        found = [Place(*row) for row in cursor.fetchall()]
        cursor.execute("SELECT EXISTS (SELECT FROM public.history_revision WHERE number > %s)", [first])
        return found, cursor.fetchone()[0]


def _as_it_is(change: RowChange) -> FeedChange:
    owner = None if change.owner_id is None else (change.owner_table, change.owner_id)
    return FeedChange(change.place, change.action, change.after, change.row.get("slug"), owner)


def _for_the_public(changes: list[RowChange]) -> list[FeedChange]:
    own = {change.place: change for change in changes}
    touched = becomes_visible_with([change for change in changes if hides_or_shows(change)])
    places = sorted({*own, *touched}, key=lambda place: place.number)
    now = public_now(places)
    then = public_then(places)
    shown = [place for place in places if place in now and place in then]
    hidden = public_before(place for place in places if place not in now and place not in then)
    told = [_gone(place) for place in hidden] + _put(shown, own)
    order = {place: index for index, place in enumerate([*own, *touched])}
    return sorted(told, key=lambda each: (each.place.number, order[each.place]))


def _gone(place: Place) -> FeedChange:
    """All that the public is told of what it may not see any more."""
    return FeedChange(place, "delete", None, None, None)


def _put(shown: list[Place], own: dict[Place, RowChange]) -> list[FeedChange]:
    versions = versions_at(shown)
    rows = mask({place: version.after for place, version in versions.items() if version.after is not None})
    found = []
    for place, row in rows.items():
        change = own.get(place)
        version = versions[place]
        owner = None if version.owner_id is None else (version.owner_table, version.owner_id)
        found.append(FeedChange(place, change.action if change else "update", row, row.get("slug"), owner))
    return found
