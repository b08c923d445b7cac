"""What a collection says of itself so that the standard tests can hold it to the whole contract.

A new record type adds one `CollectionCase` to `cases.py`; all else is read off its serializer, filters and model.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from rest_framework import serializers

from initiatives.api.urls import router
from initiatives.models.records import Record
from tests.api.client import ApiClient
from tracker.api.fields import LanguageMapField
from tracker.api.serializers import RecordSerializer

Body = dict[str, Any]
# What a record is by itself, however it is written.
IDENTITY = frozenset({"id", "slug", "url", "created_at", "updated_at"})


@dataclass(frozen=True)
class CollectionCase:
    """The data of one collection's tests."""

    model: type[Record]
    make: Callable[..., Any]
    """Makes a minimal row."""
    rich: Callable[[int], Any]
    """Makes the nth of rows that leave nothing unknown; each has parts, citations and references of its own."""
    body: Callable[[], Body]
    """The least that can be posted; what it refers to is made."""
    patch: Mapping[str, Any]
    """Members to change in a rich record."""
    variants: int = 1
    """How many rich rows show every variant of a record whose members exclude each other."""

    @property
    def name(self) -> str:
        return self.model.collection

    @property
    def path(self) -> str:
        return f"{self.name}/"

    def at(self, record: Any) -> str:
        """The path of a record, or of a slug."""
        return f"{self.path}{record if isinstance(record, str) else record.slug}/"

    @property
    def viewset(self) -> Any:
        found: Any = next(viewset for name, viewset, _base in router.registry if name == self.name)
        return found

    def fields(self) -> dict[str, serializers.Field]:
        return dict(self.viewset.serializer_class().fields)

    def writable(self) -> dict[str, serializers.Field]:
        return {name: field for name, field in self.fields().items() if not field.read_only}

    def read_only(self) -> list[str]:
        return [name for name, field in self.fields().items() if field.read_only]

    def of_kind(self, *kinds: type[serializers.BaseSerializer] | type[serializers.Field]) -> list[str]:
        """The names of the writable fields of some kinds."""
        return [name for name, field in self.writable().items() if isinstance(field, kinds)]

    def parts(self) -> list[str]:
        return self.of_kind(serializers.ListSerializer)

    def needed_texts(self) -> list[str]:
        """The texts of which one language is needed."""
        texts = {name: field for name, field in self.fields().items() if isinstance(field, LanguageMapField)}
        return [name for name, field in texts.items() if field.one_needed]

    def rich_rows(self, least: int = 1) -> list[Any]:
        """Rich rows of every variant."""
        return [self.rich(n) for n in range(max(self.variants, least))]

    def rows(self) -> Any:
        return self.model._default_manager.all()

    def count(self) -> int:
        return self.model._base_manager.count()

    def read(self, client: ApiClient, record: Any) -> Body:
        """The record as the client sees it."""
        response = client.read(self.at(record))
        assert response.status_code == 200, response.content
        body: Body = response.json()
        return body

    def writable_form(self, document: Body) -> Body:
        """What was read of a record, as it can be sent back: without what can only be read."""
        return without_read_only(self.viewset.serializer_class(), document)


def without_read_only(serializer: RecordSerializer, document: Body) -> Body:
    """Leave out of a record that was read, and of its parts, what cannot be written."""
    found: Body = {}
    field: Any
    for name, field in serializer.fields.items():
        if isinstance(field, serializers.ListSerializer):
            child: Any = field.child
            found[name] = [without_read_only(child, part) for part in document[name]]
        elif not field.read_only:
            found[name] = document[name]
    return found


def without(document: Any, *names: str) -> Any:
    """A document without some members, at every depth."""
    if isinstance(document, dict):
        return {name: without(value, *names) for name, value in document.items() if name not in names}
    if isinstance(document, list):
        return [without(item, *names) for item in document]
    return document


def unknown_in(documents: list[Body], path: str = "") -> Iterator[str]:
    """The members that are null or empty in all of some documents of one form."""
    for name in documents[0]:
        # References to records of several types do not have all members in common.
        values = [document[name] for document in documents if name in document]
        known = [value for value in values if value not in (None, [], {})]
        where = f"{path}{name}"
        if not known:
            yield where
        elif isinstance(known[0], dict):
            yield from unknown_in(known, f"{where}.")
        elif isinstance(known[0], list) and isinstance(known[0][0], dict):
            yield from unknown_in([item for value in known for item in value], f"{where}.")


def refusals(response: Any, status: int = 400) -> list[tuple[str, str]]:
    """Where and why a request was refused, by the problem document that says so."""
    assert response.status_code == status, (response.status_code, response.content[:500])
    assert response["Content-Type"] == "application/problem+json"
    document = response.json()
    assert document["status"] == status
    assert document["detail"]
    return [(error.get("pointer") or error.get("parameter") or "", error["code"]) for error in document["errors"]]
