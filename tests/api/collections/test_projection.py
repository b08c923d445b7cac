"""What PostgreSQL writes is what DRF would have written of the same rows by the same declaration."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from django.contrib.auth.models import AnonymousUser, User
from django.core.management import CommandError, call_command
from django.db import DatabaseError, models, transaction
from django.test import RequestFactory
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from rest_framework import serializers
from rest_framework.renderers import JSONRenderer

from tests.api.client import ApiClient
from tests.api.collections.random_columns import columns_of
from tests.api.collections.suite import CollectionCase
from tracker.api import collections
from tracker.api.loading import for_reading
from tracker.api.selection import expandable

EXAMPLES = settings(
    max_examples=6, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)


def in_order(text: bytes) -> Any:
    """A document whose members' order counts."""
    return json.loads(text, object_pairs_hook=lambda pairs: ("object", pairs))


def as_drf_writes(case: CollectionCase, user: Any, pks: list[int], **selection: Any) -> Any:
    """The records as plain DRF serializers write them."""
    request: Any = RequestFactory().get("/")
    request.user = user
    serializer: Any = case.viewset.serializer_class(many=True, context={"request": request, **selection})
    rows = for_reading(case.rows().with_computed(), serializer.child, user).in_bulk(pks)
    serializer.instance = [rows[pk] for pk in pks]
    return in_order(JSONRenderer().render(serializer.data))


def parts_of(record: models.Model) -> Iterator[models.Model]:
    """The rows that are shown inside a record."""
    for relation in record._meta.related_objects:
        if relation.one_to_many and getattr(relation.related_model, "parent_field", None) == relation.field.name:
            yield from getattr(record, str(relation.get_accessor_name())).all()
    citations: Any = getattr(record, "citations", None)
    yield from citations.all() if citations is not None else ()


def overwrite(row: models.Model, drawn: dict[str, Any]) -> None:
    """Put values into a row's columns past every rule of the application, as far as the database takes them."""
    rows = type(row)._base_manager.filter(pk=row.pk)
    for name, value in drawn.items():
        try:
            with transaction.atomic():
                rows.update(**{name: value})
        except DatabaseError:
            continue


@pytest.fixture
def readers(curator_user: User) -> dict[Any, ApiClient]:
    return {AnonymousUser(): ApiClient(), curator_user: ApiClient(curator_user)}


@EXAMPLES
@given(data=st.data())
def test_lists_and_records_are_as_drf_writes_them(
    case: CollectionCase, readers: dict[Any, ApiClient], data: st.DataObject
) -> None:
    with transaction.atomic():
        records = case.rich_rows(2)
        for record in records:
            for row in (record, *parts_of(record)):
                overwrite(row, data.draw(columns_of(type(row))))
        for user, client in readers.items():
            compare(case, user, client, data)
        transaction.set_rollback(True)


def compare(case: CollectionCase, user: Any, client: ApiClient, data: st.DataObject) -> None:
    names = list(case.fields())
    only = data.draw(st.sets(st.sampled_from(names), min_size=1))
    order = data.draw(st.permutations(sorted(only)))
    seen = case.rows().visible_to(user).current().order_by("pk")
    pks, slugs = [row.pk for row in seen], [row.slug for row in seen]
    # The list is asked for by ids, so that texts and choices may be anything.
    asked = {"ordering": "id", "limit": 1000}
    whole = client.read(case.path, **asked)
    assert whole.status_code == 200, whole.content
    expected = as_drf_writes(case, user, pks)
    assert dict(in_order(whole.content)[1])["results"] == expected
    thin = client.read(case.path, fields=",".join(order), **asked)
    assert dict(in_order(thin.content)[1])["results"] == as_drf_writes(case, user, pks, fields=frozenset(only))
    for slug, document in list(zip(slugs, expected, strict=True))[-2:]:
        assert in_order(client.read(f"{case.path}{slug}/").content) == document


def test_expanded_references_are_as_drf_writes_them(case: CollectionCase, readers: dict[Any, ApiClient]) -> None:
    case.rich_rows(2)
    targets = expandable(case.viewset.serializer_class)
    tree: dict[str, dict[str, Any]] = {
        name: {each: {} for each in expandable(collections.viewset_of(t).serializer_class)}
        for name, t in targets.items()
    }
    paths = [f"{name}.{each}" for name, within in tree.items() for each in within]
    for user, client in readers.items():
        pks = [row.pk for row in case.rows().visible_to(user).current().order_by("pk")]
        answer = client.read(case.path, ordering="id", limit=1000, expand=",".join(paths))
        assert answer.status_code == 200, answer.content
        assert dict(in_order(answer.content)[1])["results"] == as_drf_writes(case, user, pks, expand=tree)


def test_a_field_that_postgresql_cannot_write_fails_the_check(
    case: CollectionCase, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Odd(case.viewset.serializer_class):  # type: ignore[name-defined]
        greeting = serializers.SerializerMethodField()
        shade = serializers.CharField(source="no_such_column", read_only=True)

        class Meta(case.viewset.serializer_class.Meta):  # type: ignore[name-defined]
            fields = (*case.viewset.serializer_class.Meta.fields, "greeting", "shade")

        def get_greeting(self, _record: Any) -> str:
            return "Hello"

    monkeypatch.setattr(case.viewset, "serializer_class", Odd)
    found = case.viewset.check()
    for hint in ("Odd.greeting", "Odd.shade", "no_such_column", "as_json"):
        assert hint in str(found)
    if case.name == "agreements":
        # The command looks at every collection, which takes a while.
        with pytest.raises(CommandError, match=r"Odd\.greeting"):
            call_command("check")
