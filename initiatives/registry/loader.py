"""Loading registry files: validate everything first, report every error, then write all of it in one transaction.

Each record goes through the serializer of its collection, as a PUT would; what is as the file says is not written.
References may point forwards, backwards and in circles: every record that the files declare has its id before any is
written, and the database checks foreign keys at commit.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from django.db import Error as DatabaseError
from django.db import transaction
from rest_framework import serializers

from initiatives.api import urls as _urls  # noqa: F401 (registers the collections)
from tracker.api import collections
from tracker.api.database_errors import problem_from_database
from tracker.api.parts import reserve_ids
from tracker.api.problem_types import field_errors
from tracker.api.viewsets import check_deferred_constraints

from .files import BrokenRegistryError, Entry, Fault, read

Declared = dict[tuple[Any, str], Any]


@dataclass
class Loaded:
    """How many records a load created, changed, and found as they should be."""

    created: int = 0
    changed: int = 0
    unchanged: int = 0


@dataclass
class Draft:
    """A record of a file on its way into the database."""

    entry: Entry
    serializer: Any
    reserved: int | None = field(default=None)


def load(path: Path) -> Loaded:
    """Load the files at ``path``; raises BrokenRegistryError, and then the database is as it was before."""
    entries = _with_citations_in_place(read(path, collections.names()))
    with transaction.atomic():
        drafts = _validated(entries, _declare(entries))
        loaded = Loaded()
        for draft in drafts:
            _write(draft, loaded)
        try:
            check_deferred_constraints()
        except DatabaseError as error:
            raise BrokenRegistryError(_from_database("", "", error)) from error
    return loaded


def _with_citations_in_place(entries: list[Entry]) -> list[Entry]:
    """A citation in a file of its own joins its record, if that is loaded too: the record's list is then whole."""
    records = {f"{entry.collection}/{entry.slug}": entry for entry in entries}
    kept = []
    for entry in entries:
        record = records.get(entry.data.get("record", "")) if entry.collection == "citations" else None
        if record is None:
            kept.append(entry)
            continue
        inside = {name: value for name, value in entry.data.items() if name != "record"}
        given = record.data.get("citations")
        record.data = {**record.data, "citations": [*(given if isinstance(given, list) else []), inside]}
    return kept


def _declare(entries: list[Entry]) -> Declared:
    """Every record that the files hold, nested ones too: the row there is, or a new one with an id of its own."""
    slugs: dict[Any, set[str]] = defaultdict(set)
    for entry in entries:
        model = collections.model_named(entry.collection)
        if model is not None:
            _collect(collections.viewset_of(model).serializer_class(), entry.data, slugs)
    declared: Declared = {}
    for model, wanted in slugs.items():
        for row in model._base_manager.filter(slug__in=wanted):
            declared[model, row.slug] = row
        new = sorted(slug for slug in wanted if (model, slug) not in declared)
        for slug, pk in zip(new, reserve_ids(model, len(new)), strict=True):
            declared[model, slug] = model(pk=pk, slug=slug)
    return declared


def _collect(serializer: Any, data: Any, slugs: dict[Any, set[str]]) -> None:
    if not isinstance(data, Mapping):
        return
    slug = data.get("slug")
    if isinstance(slug, str) and "slug" in serializer.fields:
        slugs[serializer.Meta.model].add(slug)
    for name, nested in serializer.fields.items():
        if isinstance(nested, serializers.ListSerializer) and isinstance(data.get(name), list):
            for item in data[name]:
                _collect(nested.child, item, slugs)


def _validated(entries: list[Entry], declared: Declared) -> list[Draft]:
    drafts = []
    errors = []
    for entry in entries:
        model = collections.model_named(entry.collection)
        row = declared[model, entry.slug]
        is_new = row._state.adding
        serializer_class = collections.viewset_of(model).serializer_class
        serializer = serializer_class(
            None if is_new else row, data=entry.data, context={"declared": declared, "registry": True}
        )
        if serializer.is_valid():
            drafts.append(Draft(entry, serializer, row.pk if is_new else None))
        else:
            errors += [
                Fault(entry.file, entry.slug, each.get("pointer", "").removeprefix("#/"), str(each["detail"]))
                for each in field_errors(serializer.errors)
            ]
    if errors:
        raise BrokenRegistryError(errors)
    return drafts


def _write(draft: Draft, loaded: Loaded) -> None:
    try:
        if draft.reserved is not None:
            draft.serializer.save(pk=draft.reserved)
            loaded.created += 1
        else:
            draft.serializer.save()
            loaded.changed += draft.serializer.changed
            loaded.unchanged += not draft.serializer.changed
    except DatabaseError as error:
        raise BrokenRegistryError(_from_database(draft.entry.file, draft.entry.slug, error)) from error


def _from_database(file: str, record: str, error: DatabaseError) -> list[Fault]:
    """What the database refused, in words; a fault that is not the files' goes on as it is."""
    problem = problem_from_database(error)
    if problem is None:
        raise error
    return [
        Fault(file, record, each.get("pointer", "").removeprefix("#/"), str(each["detail"]))
        for each in problem.errors or [{"detail": problem.detail}]
    ]
