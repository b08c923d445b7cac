"""What a reader may see of the past: members of staff all of it, the public what it sees now and saw then."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

from django.contrib.auth.models import AnonymousUser
from django.db import connection
from psycopg import sql

from tracker.history.change_log import Place, RowChange
from tracker.history.publicity import is_public_now, was_public_at, was_public_before
from tracker.history.tracking import Tracked, tracked_table

Condition = Callable[[Tracked], sql.Composable]
OBJECT_ID, NUMBER = sql.SQL("place.object_id"), sql.SQL("place.number")


def is_staff(user: Any) -> bool:
    """Whether the user could restore what is hidden or deleted, and so may see its past."""
    return bool(user and user.is_active and user.is_staff)


@dataclass(frozen=True)
class Reader:
    """Somebody who reads the past."""

    user: Any

    @property
    def is_staff(self) -> bool:
        return is_staff(self.user)

    @property
    def audience(self) -> Any:
        """The user by whom ``visible_to`` is asked: an account alone opens nothing of the past."""
        return self.user if self.is_staff else AnonymousUser()

    def visible(self, places: Iterable[Place]) -> set[Place]:
        """The places that the reader may be shown."""
        found = set(places)
        return found if self.is_staff else public_then(public_now(found))

    def shown(self, changes: Iterable[RowChange]) -> list[RowChange]:
        """The changes that the reader may see; what was hidden before is as if it had not been there."""
        found = list(changes)
        if self.is_staff:
            return found
        seen = self.visible(change.place for change in found)
        found = [change for change in found if change.place in seen]
        earlier = {change.place: change.place._replace(number=change.place.number - 1) for change in found}
        known = public_then(set(earlier.values()))
        return [change if earlier[change.place] in known else replace(change, before=None) for change in found]


def public_now(places: Iterable[Place]) -> set[Place]:
    """Those whose rows the public sees now: as history knows it, and as the model itself says."""
    found = _where("now", places)
    by_table: dict[str, set[int]] = defaultdict(set)
    for place in found:
        by_table[place.table].add(place.object_id)
    seen = {table: _visible(table, ids) for table, ids in by_table.items()}
    return {place for place in found if place.object_id in seen[place.table]}


def public_then(places: Iterable[Place]) -> set[Place]:
    """Those whose rows the public saw as their revisions left them, and would see so now."""
    return _where("then", places)


def public_before(places: Iterable[Place]) -> set[Place]:
    """Those whose rows the public saw at some time before their revisions."""
    return _where("before", places)


CONDITIONS: dict[str, Condition] = {
    "now": lambda each: is_public_now(each, OBJECT_ID),
    "then": lambda each: was_public_at(each, OBJECT_ID, NUMBER),
    "before": lambda each: was_public_before(each, OBJECT_ID, NUMBER),
}


@cache
def _question(condition: str, each: Tracked) -> sql.Composable:
    return sql.SQL(
        "SELECT place.number, place.object_id FROM unnest(%s::bigint[], %s::bigint[]) AS place(number, object_id) "
        "WHERE {condition}"
    ).format(condition=CONDITIONS[condition](each))


def _where(condition: str, places: Iterable[Place]) -> set[Place]:
    by_table: dict[str, list[Place]] = defaultdict(list)
    for place in set(places):
        by_table[place.table].append(place)
    found = set()
    for table, asked in by_table.items():
        each = tracked_table(table)
        if each is None:
            continue
        with connection.cursor() as cursor:
            parameters = [[place.number for place in asked], [place.object_id for place in asked]]
            cursor.execute(_question(condition, each), parameters)
            found |= {Place(number, table, pk) for number, pk in cursor.fetchall()}
    return found


def _visible(table: str, ids: set[int]) -> set[int]:
    """Of the rows those that the model shows the public, whatever it declares to history: this fails closed."""
    each = tracked_table(table)
    rows: Any = each.model._default_manager.all() if each else None
    if not hasattr(rows, "visible_to"):
        return ids
    return set(rows.visible_to(AnonymousUser()).filter(pk__in=ids).values_list("pk", flat=True))
