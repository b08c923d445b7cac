"""Changes as CloudEvents 1.0, those of them that a subscription selects.

What a reader may see is for the feed to say. Which record a change is of, and which other rows it touches, is read
from the rows themselves by what their models declare: a change belongs to a row if it is a change of that row, of one
that names it, or of a part of either.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cache
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.contrib.contenttypes.fields import GenericForeignKey
from django.contrib.contenttypes.models import ContentType

from tracker.history.change_log import Place, Row, changes_at, versions_at
from tracker.history.feed import FeedChange
from tracker.history.models import Revision
from tracker.history.tracking import tracked, tracked_table

CONTENT_TYPE = "application/cloudevents-batch+json"
BASE_PATH = "/api/v1/"
WORDS = {"create": "created", "update": "updated", "delete": "deleted"}

RowKey = tuple[str, int]
Event = dict[str, Any]


@cache
def collection_names() -> tuple[str, ...]:
    """The collections whose changes history knows, in the order of their models."""
    return tuple(name for each in tracked() if (name := _collection(each.table)))


@cache
def _collection(table: str) -> str | None:
    """The collection of records that a table holds; of parts and links it is that of their record."""
    each = tracked_table(table)
    return getattr(each.model, "collection", None) if each else None


# Which record, and which other rows ----------------------------------------------------------------------------------


@dataclass
class Lineage:
    """A changed row, then what it is a part of, and so on up to a record; and all the rows that these name."""

    rows: list[tuple[str, Row]] = field(default_factory=list)
    touched: set[RowKey] = field(default_factory=set)

    @property
    def record(self) -> tuple[str, Row] | None:
        """The record that the change is of, with its table."""
        return next(((table, row) for table, row in self.rows if _collection(table)), None)


def lineages(changes: Iterable[FeedChange]) -> dict[Place, Lineage]:
    """The lineage of each change, by the rows before it and after it."""
    found = {change.place: Lineage() for change in changes}
    fresh: list[tuple[Place, RowKey, list[Row]]] = [
        (place, (place.table, place.object_id), rows) for place, rows in _own_rows(list(found)).items()
    ]
    while fresh:
        owners: dict[tuple[Place, RowKey], None] = {}
        for place, key, rows in fresh:
            lineage = found[place]
            lineage.touched.add(key)
            for row in rows:
                lineage.rows.append((key[0], row))
                lineage.touched |= set(_named(key[0], row))
            owners |= {(place, owner): None for row in rows for owner in _owners(key[0], row)}
        fresh = _versions(owners, found)
    return found


def _own_rows(places: list[Place]) -> dict[Place, list[Row]]:
    """The rows after their changes, and before where they were there; some are told of that have not changed."""
    own = {change.place: change for change in changes_at(places)}
    others = versions_at([place for place in places if place not in own], there=True)
    rows = {place: [row for row in (change.after, change.before) if row is not None] for place, change in own.items()}
    return rows | {place: [version.after] for place, version in others.items() if version.after is not None}


def _versions(
    owners: Iterable[tuple[Place, RowKey]], found: Mapping[Place, Lineage]
) -> list[tuple[Place, RowKey, list[Row]]]:
    """Those owners that a lineage does not have yet, as they were at the revision of its change."""
    wanted = [(place, key) for place, key in owners if key not in {(t, r.get("id")) for t, r in found[place].rows}]
    versions = versions_at({Place(place.number, *key) for place, key in wanted}, there=True)
    return [
        (place, key, [version.after])
        for place, key in wanted
        if (version := versions.get(Place(place.number, *key))) is not None and version.after is not None
    ]


@cache
def _references(table: str) -> tuple[tuple[str, str], ...]:
    """The columns by which rows of a table name others, each with the other's table, or “@” and the type's column."""
    each = tracked_table(table)
    if each is None:
        return ()
    meta = each.model._meta
    plain: list[Any] = [f for f in meta.concrete_fields if f.many_to_one or f.one_to_one]
    generic = [f for f in meta.private_fields if isinstance(f, GenericForeignKey)]
    columns = {f.name: f.column for f in meta.concrete_fields}
    return (
        *((f.column, f.related_model._meta.db_table) for f in plain),
        *((columns[f.fk_field], f"@{columns[f.ct_field]}") for f in generic),
    )


def _named(table: str, row: Row) -> Iterator[RowKey]:
    for column, target in _references(table):
        yield from _key(row, column, target)


def _owners(table: str, row: Row) -> Iterator[RowKey]:
    each = tracked_table(table)
    if each is not None and each.owner is not None:
        yield from _key(row, each.owner.column, each.owner.table)


def _key(row: Row, column: str, target: str) -> Iterator[RowKey]:
    pk = row.get(column)
    if target.startswith("@"):
        type_id = row.get(target[1:])
        model = ContentType.objects.get_for_id(type_id).model_class() if type_id is not None else None
        target = model._meta.db_table if model is not None else ""
    if pk is not None and target:
        yield target, pk


# Events --------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Selection:
    """What a subscription is about; what it does not narrow is empty or None."""

    collections: frozenset[str]
    rows: frozenset[RowKey] | None

    def has(self, lineage: Lineage) -> bool:
        record = lineage.record
        if self.collections and (record is None or _collection(record[0]) not in self.collections):
            return False
        return self.rows is None or not self.rows.isdisjoint(lineage.touched)


def events_of(changes: Mapping[int, list[FeedChange]], selection: Selection) -> list[Event]:
    """The selected changes as events, in their order."""
    found = lineages(change for told in changes.values() for change in told)
    times = dict(Revision.objects.filter(number__in=list(changes)).values_list("number", "at"))
    return [
        _event(change, found[change.place], times[number])
        for number, told in changes.items()
        for change in told
        if selection.has(found[change.place])
    ]


def _event(change: FeedChange, lineage: Lineage, at: datetime) -> Event:
    number, table, pk = change.place
    return {
        **_envelope(f"{number}-{table}-{pk}", f"record.{WORDS[change.action]}", at),
        "subject": _subject(change, lineage),
        "data": {"revision": number, **change.document()},
    }


def _subject(change: FeedChange, lineage: Lineage) -> str:
    """The record's collection and slug. Of what the reader may not see any more they are not told."""
    if change.row is None and change.slug is None and change.owner is None:
        return f"{change.place.table}/{change.place.object_id}"
    table, row = lineage.record or (change.place.table, {})
    return f"{_collection(table) or table}/{row.get('slug') or change.place.object_id}"


def test_event(at: datetime, name: str) -> Event:
    """What is sent so that a receiver can be tried."""
    identity = f"test-{at.timestamp():.6f}"
    return {**_envelope(identity, "webhook.test", at), "subject": "webhooks", "data": {"name": name}}


def _envelope(identity: str, kind: str, at: datetime) -> Event:
    return {
        "specversion": "1.0",
        "id": identity,
        "source": settings.TRACKER_SITE_URL + BASE_PATH,
        "type": f"{type_prefix()}.{kind}",
        "time": at.astimezone(UTC).isoformat().replace("+00:00", "Z"),
        "datacontenttype": "application/json",
    }


def type_prefix() -> str:
    """The site's host, turned around as names of types are: ``registry.example`` is ``example.registry``."""
    host = urlsplit(settings.TRACKER_SITE_URL).hostname or "localhost"
    return ".".join(reversed(host.split(".")))
