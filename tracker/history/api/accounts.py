"""Revisions as JSON: who, when and why, and what became of which record."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Any

from django.urls import reverse
from rest_framework.request import Request

from tracker.api import collections
from tracker.history.change_log import Place, Row, RowChange, Version, versions_at
from tracker.history.diff import FieldChange, Ref, differences, link_in
from tracker.history.models import Revision
from tracker.history.naming import Names, referred
from tracker.history.readers import Reader
from tracker.history.tracking import tracked_table

Document = dict[str, Any]


def revision_url(number: int, request: Request) -> str:
    # DRF's own reverse() would carry the request's “format” along.
    return request.build_absolute_uri(reverse("revision-detail", kwargs={"number": number}))


def revisions_numbered(numbers: Iterable[int]) -> dict[int, Revision]:
    """The revisions by their numbers."""
    found = Revision.objects.numbered().filter(number__in=list(numbers))
    return {revision.number: revision for revision in found if revision.number is not None}


def head(number: int, revision: Revision, reader: Reader, request: Request) -> Document:
    """Who, when and why. Names of people are for members of staff."""
    return {
        "revision": number,
        "url": revision_url(number, request),
        "at": revision.at,
        "actor": revision.actor if reader.is_staff else None,
        "reason": revision.reason or None,
        "request_id": (revision.request_id or None) if reader.is_staff else None,
    }


class Account:
    """Tells changes, all of which the reader may see, by revision."""

    def __init__(self, changes: Sequence[RowChange], reader: Reader, request: Request) -> None:
        self.request = request
        self.names = Names(reader, request)
        self.changed = {change.place: change for change in changes}
        self.holders = self._holders(changes)
        self.fields = self._fields(changes)
        self._load_names()

    def of(self, number: int, *, with_records: bool) -> list[Document]:
        """The changes of one revision, those of parts and links after those of their records."""
        found = [self._document(place, with_records) for place in self.fields if place.number == number]
        return [document for document in found if document is not None]

    def among(self, places: Iterable[Place]) -> list[Document]:
        """The changes of some rows of one revision, those of links with the rows that they belong to."""
        wanted = {_holder(self.changed[place]) for place in places if place in self.changed}
        found = [self._document(place, False) for place in self.fields if place in wanted]
        return [document for document in found if document is not None]

    def _holders(self, changes: Iterable[RowChange]) -> dict[Place, Version]:
        """What links belong to, and what that is a part of."""
        wanted = [_owner_place(change.place.number, change) for change in changes if link_in(change.place.table)]
        return versions_at({place for place in wanted if place}, there=True)

    def _fields(self, changes: Iterable[RowChange]) -> dict[Place, list[FieldChange]]:
        """What changed, by the row whose fields they are: links are a field of the row that they belong to."""
        found: dict[Place, list[FieldChange]] = defaultdict(list)
        for change in changes:
            holder = _holder(change)
            if holder is not None:
                found[holder] += differences(change)
        return found

    def _row(self, place: Place) -> Row:
        if place in self.changed:
            return self.changed[place].row
        holder = self.holders.get(place)
        return (holder and holder.after) or {}

    def _record(self, place: Place) -> Ref | None:
        """The record with an address that a row is or belongs to."""
        each = tracked_table(place.table)
        if each is None or collections.has_collection(each.model):
            return Ref(each.model, place.object_id, of_any_type=True) if each else None
        owner = self.changed.get(place) or self.holders.get(place)
        above = _owner_place(place.number, owner) if owner else None
        return self._record(above) if above else None

    def _load_names(self) -> None:
        refs: list[Ref] = []
        for place, fields in self.fields.items():
            each = tracked_table(place.table)
            refs += [value for field in fields for value in (field.before, field.after) if isinstance(value, Ref)]
            refs += referred(each.model, self._row(place)) if each else []
            record = self._record(place)
            refs += [record] if record else []
        self.names.load(refs)

    def _document(self, place: Place, with_record: bool) -> Document | None:
        each = tracked_table(place.table)
        if each is None:
            return None
        shown = [self._field(field) for field in self.fields[place]]
        fields = [field for field in shown if field["from"] != field["to"]]
        change = self.changed.get(place)
        action = change.action if change else "update"
        if action == "update" and not fields:
            # Only its time was written, because a part of it changed.
            return None
        record = self._record(place)
        named = self.names.show(record) if record else None
        on = {
            "type": each.model._meta.model_name,
            "id": place.object_id,
            "label": self.names.label(each.model, self._row(place)),
        }
        document = {"action": action, "on": on, "fields": fields}
        return {"record": named, **document} if with_record else document

    def _field(self, field: FieldChange) -> Document:
        before, after = self.names.show(field.before), self.names.show(field.after)
        return {"field": field.field, "language": field.language, "from": before, "to": after}


def _holder(change: RowChange) -> Place | None:
    """The row whose fields a change is of: of a link what it belongs to."""
    if link_in(change.place.table) is None:
        return change.place
    return _owner_place(change.place.number, change)


def _owner_place(number: int, owned: RowChange | Version) -> Place | None:
    if owned.owner_id is None or not owned.owner_table:
        return None
    return Place(number, owned.owner_table, owned.owner_id)
