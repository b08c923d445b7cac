"""What differs between a record at one revision and the same record at another, with all that was a part of it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from tracker.history.change_log import Place, RowChange, Version, places_of_record, versions_at

Key = tuple[str, int]


def compare(model: Any, pk: int, *, one: int, other: int) -> list[RowChange]:
    """The changes that lead from revision ``one`` to revision ``other``, whichever is the earlier; by kind of row."""
    table = model._meta.db_table
    keys = dict.fromkeys((place.table, place.object_id) for place in places_of_record(model, pk, max(one, other)))
    before, after = (versions_at(Place(number, *key) for key in keys) for number in (one, other))
    states = {key: (before.get(Place(one, *key)), after.get(Place(other, *key))) for key in keys}
    shown = _belonging((table, pk), states)
    return [_change(Place(other, *key), *states[key]) for key in keys if key in shown and _differs(*states[key])]


def _belonging(record: Key, states: Mapping[Key, tuple[Version | None, Version | None]]) -> set[Key]:
    """The record, and what was a part of it, or of a part of it, at either moment."""
    found, fresh = {record}, {record}
    while fresh:
        fresh = {key for key, state in states.items() if key not in found and fresh & set(_owners(state))}
        found |= fresh
    return found


def _owners(state: Iterable[Version | None]) -> Iterator[Key]:
    for version in state:
        if version is not None and version.after is not None and version.owner_id is not None:
            yield version.owner_table, version.owner_id


def _differs(one: Version | None, other: Version | None) -> bool:
    return (one and one.after) != (other and other.after)


def _change(place: Place, one: Version | None, other: Version | None) -> RowChange:
    there = other if other is not None and other.after is not None else one
    return RowChange(
        place=place,
        before=one.after if one else None,
        after=other.after if other else None,
        owner_table=there.owner_table if there else "",
        owner_id=there.owner_id if there else None,
    )
