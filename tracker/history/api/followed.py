"""What became of some records since certain revisions, told revision by revision as far as a reader may see it.

A change of a part counts as one of its record, as in the record's own history. The present decides: of what a reader
may not see any more nothing is told.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from tracker.api import collections
from tracker.history.api.accounts import Account, Document, head, revisions_numbered
from tracker.history.change_log import Place, changes_at, places_of_records
from tracker.history.diff import Ref
from tracker.history.readers import Reader
from tracker.history.tracking import tracked_table
from tracker.history.versions import last_revisions_of


class Followed(NamedTuple):
    """A record by its table and id."""

    table: str
    object_id: int


@dataclass(frozen=True)
class Told:
    """Entries, oldest first, each of one revision and one record; ``last`` is where to read on."""

    last: int
    more: bool
    entries: list[Document]


def visible_records(followed: Iterable[Followed], user: Any) -> dict[Followed, Any]:
    """The records that are there and that the user may see; duplicates that were merged are not."""
    found: dict[Followed, Any] = {}
    for table, pks in _by_table(followed).items():
        each = tracked_table(table)
        if each is not None and collections.has_collection(each.model):
            rows: Any = each.model._default_manager.all()
            found |= {Followed(table, pk): row for pk, row in rows.visible_to(user).current().in_bulk(pks).items()}
    return found


def tell(since: Mapping[Followed, int], until: int, limit: int, reader: Reader, request: Any) -> Told:
    """About ``limit`` changes of these records, each after its revision: as many whole revisions as fit, at least one.

    ``request`` is asked for absolute addresses only.
    """
    shown = visible_records(since, reader.audience)
    stirred = _stirred({key: since[key] for key in shown})
    found, more = _first_places(stirred, until, limit)
    last = max((place.number for _key, place in found), default=until) if more else until
    entries = list(_entries(found, reader, request))
    return Told(last, more, entries)


def _by_table(followed: Iterable[Followed]) -> dict[str, list[int]]:
    found: dict[str, list[int]] = defaultdict(list)
    for table, pk in followed:
        found[table].append(pk)
    return found


def _stirred(since: Mapping[Followed, int]) -> dict[Followed, int]:
    """Those of the records of which anything changed after their revisions."""
    found: dict[Followed, int] = {}
    for table, pks in _by_table(since).items():
        each: Any = tracked_table(table)
        last = last_revisions_of(each.model, pks)
        found |= {key: since[key] for pk in pks if last[pk] > since[key := Followed(table, pk)]}
    return found


def _first_places(since: Mapping[Followed, int], until: int, limit: int) -> tuple[list[tuple[Followed, Place]], bool]:
    if not since:
        return [], False
    found = [(Followed(*key), place) for key, place in places_of_records(since, until, limit + 1)]
    if len(found) <= limit:
        return found, False
    first, cut = found[0][1].number, found[-1][1].number
    if first < cut:
        return [each for each in found if each[1].number < cut], True
    whole = places_of_records(since, first, _WHOLE)
    return [(Followed(*key), place) for key, place in whole if place.number == first], True


# A revision is told as a whole, however much it did.
_WHOLE = 2**31 - 1


def _entries(found: list[tuple[Followed, Place]], reader: Reader, request: Any) -> Iterator[Document]:
    """One entry for each revision and record of which the reader may see anything."""
    account = Account(reader.shown(changes_at({place for _key, place in found})), reader, request)
    refs = {key: Ref(tracked_table(key.table).model, key.object_id, of_any_type=True) for key, _place in found}  # type: ignore[union-attr]
    account.names.load(refs.values())
    revisions = revisions_numbered({place.number for _key, place in found})
    together: dict[tuple[int, Followed], list[Place]] = defaultdict(list)
    for key, place in found:
        together[place.number, key].append(place)
    for (number, key), places in sorted(together.items()):
        changes = account.among(places)
        if changes:
            record = account.names.show(refs[key])
            yield {**head(number, revisions[number], reader, request), "record": record, "changes": changes}
