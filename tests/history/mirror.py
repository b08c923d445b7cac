"""A copy of the registry that is built from the change feed alone, and what it should be equal to."""

from __future__ import annotations

import json
from typing import Any

from django.contrib.auth.models import AnonymousUser, User
from django.contrib.contenttypes.fields import GenericForeignKey
from django.contrib.contenttypes.models import ContentType
from django.db import connection
from django.test import Client

from tracker.history.tracking import tracked

Tables = dict[str, dict[int, Any]]


class Mirror:
    """Follows the feed from where it stopped; knows nothing but what it was told."""

    def __init__(self, client: Client, limit: int = 1_000) -> None:
        self.client = client
        self.limit = limit
        self.revision = 0
        self.tables: Tables = {}
        self.told: list[Any] = []

    def follow(self) -> None:
        """Read to the end."""
        address: str | None = f"/api/v1/changes/?since={self.revision}&limit={self.limit}"
        while address:
            answer = self.client.get(address)
            assert answer.status_code == 200, answer.content
            page = answer.json()
            self._take(page)
            assert page["more"] is (page["next"] is not None)
            address = page["next"]

    def _take(self, page: Any) -> None:
        assert page["since"] == self.revision
        for revision in page["results"]:
            assert self.revision < revision["revision"] <= page["revision"]
            self.revision = revision["revision"]
            for change in revision["changes"]:
                self.told.append(change)
                rows = self.tables.setdefault(change["table"], {})
                if change["row"] is None:
                    assert change["action"] == "delete"
                    rows.pop(change["id"], None)
                else:
                    rows[change["id"]] = change["row"]
        self.revision = page["revision"]

    def without_empty(self) -> Tables:
        return {table: rows for table, rows in self.tables.items() if rows}


def whole_registry() -> Tables:
    """Every row of every table under version control, as JSON has it."""
    return _without_empty({each.table: _rows(each.table) for each in tracked()})


def public_registry() -> Tables:
    """What the models show the public: rows that it sees, with null where they name others."""
    seen = {each.table: _seen(each.model) for each in tracked()}
    found = {
        each.table: {pk: row for pk, row in _rows(each.table).items() if pk in seen[each.table]} for each in tracked()
    }
    for each in tracked():
        for row in found[each.table].values():
            _mask(each.model, row, seen)
    return _without_empty(found)


def _seen(model: Any) -> set[int]:
    rows = model._default_manager.all()
    if hasattr(rows, "visible_to"):
        return set(rows.visible_to(AnonymousUser()).values_list("pk", flat=True))
    # A link is seen by those who see both of its ends.
    for field in model._meta.fields:
        if field.many_to_one:
            rows = rows.filter(**{f"{field.name}__in": field.related_model.objects.visible_to(AnonymousUser())})
    return set(rows.values_list("pk", flat=True))


def _mask(model: Any, row: dict[str, Any], seen: dict[str, set[int]]) -> None:
    for field in model._meta.concrete_fields:
        if field.many_to_one and row[field.column] not in seen.get(
            field.related_model._meta.db_table, [row[field.column]]
        ):
            row[field.column] = None
    for field in model._meta.private_fields:
        if isinstance(field, GenericForeignKey) and row[field.fk_field] is not None:
            type_column = model._meta.get_field(field.ct_field).column
            target = ContentType.objects.get_for_id(row[type_column]).model_class()
            if target is not None and row[field.fk_field] not in seen[target._meta.db_table]:
                row[field.fk_field] = row[type_column] = None


def _rows(table: str) -> dict[int, Any]:
    with connection.cursor() as cursor:
        cursor.execute(f'SELECT id, to_jsonb(found)::text FROM public."{table}" found')
        # Decimals are strings in JSON, so that nothing of them is lost.
        return {pk: json.loads(text, parse_float=str) for pk, text in cursor.fetchall()}


def _without_empty(tables: Tables) -> Tables:
    return {table: rows for table, rows in tables.items() if rows}


def curator() -> Client:
    client = Client()
    client.force_login(User.objects.get_or_create(username="curator", is_staff=True, is_superuser=True)[0])
    # Collections are known once the addresses are.
    client.get("/api/v1/")
    return client
