"""API3:2023, writing: what only the service sets is refused in a body, of every collection and each of its parts."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from django.db import models
from rest_framework.serializers import ListSerializer

import initiatives.api.urls  # noqa: F401  (it registers the collections)
from initiatives.api.examples import EXAMPLES
from tests.api.client import ApiClient
from tests.api.examples import post_all_examples, written
from tracker.api import collections
from tracker.history.time_travel import current_revision

pytestmark = pytest.mark.django_db

COLLECTIONS = list(EXAMPLES)
# What an attacker would try first, whether or not a model has it.
TEMPTING = (
    "owner", "owner_id", "user", "user_id", "created_by", "is_staff", "is_superuser", "role", "roles", "permissions",
    "pk", "_state", "__class__", "revision", "digest", "rank",
)  # fmt: skip


def serializer_of(collection: str) -> Any:
    return collections.viewset_of(collections.model_named(collection)).serializer_class()


def settable(serializer: Any) -> set[str]:
    return {name for name, field in serializer.fields.items() if not field.read_only}


def forbidden(serializer: Any) -> set[str]:
    """What a body may not name: what can only be read, the model's other columns, and what attackers hope for."""
    model: type[models.Model] = serializer.Meta.model
    columns = {field.name for field in model._meta.get_fields()} | {
        field.attname for field in model._meta.concrete_fields
    }
    return (set(serializer.fields) | columns | set(TEMPTING)) - settable(serializer)


def parts_of(serializer: Any) -> Iterator[tuple[str, Any]]:
    """The nested lists that are written with a record, by name."""
    for name, field in serializer.fields.items():
        if isinstance(field, ListSerializer) and not field.read_only:
            yield name, field.child


@pytest.fixture
def examples(curator: ApiClient) -> dict[str, dict[str, Any]]:
    """A record of each collection, as it is read."""
    post_all_examples(curator)
    return {name: curator.get(f"/api/v1/{name}/{EXAMPLES[name][-1]['slug']}/").json() for name in COLLECTIONS}


def refused_at(answer: Any) -> set[str]:
    assert answer.status_code == 400, answer.content
    return {error["pointer"] for error in answer.json()["errors"]}


def test_what_only_the_service_sets_is_refused_by_name(curator: ApiClient, examples: dict[str, dict[str, Any]]) -> None:
    before = current_revision()
    for collection, record in examples.items():
        at = f"{collection}/{record['slug']}/"
        taken = {name: record.get(name, 1) for name in forbidden(serializer_of(collection))}
        body = written(collection, EXAMPLES[collection][-1])
        pointers = {f"#/{name}" for name in taken}
        assert refused_at(curator.send("PATCH", at, taken)) >= pointers, collection
        assert refused_at(curator.send("PUT", at, {**body, **taken})) >= pointers, collection
        new = {**body, **taken, "slug": "attack"}
        assert refused_at(curator.send("POST", f"{collection}/", new)) >= pointers, collection
        for name in ("created_at", "updated_at", "state", "owner", "id"):
            if name in taken:
                assert f"#/{name}" in refused_at(curator.send("PATCH", at, {name: taken[name]})), (collection, name)
        assert curator.get(f"/api/v1/{at}").json() == record
    assert current_revision() == before


def test_neither_is_it_taken_inside_of_parts(curator: ApiClient, examples: dict[str, dict[str, Any]]) -> None:
    before = current_revision()
    for collection, record in examples.items():
        for part, serializer in parts_of(serializer_of(collection)):
            # Parts are named by their id, which is not to be set but to be found.
            taken = dict.fromkeys(forbidden(serializer) - {"id"}, 1)
            answer = curator.send("PATCH", f"{collection}/{record['slug']}/", {part: [taken]})
            assert refused_at(answer) >= {f"#/{part}/0/{name}" for name in taken}, (collection, part)
    assert current_revision() == before


def test_nor_in_lists_of_changes(curator: ApiClient, examples: dict[str, dict[str, Any]]) -> None:
    before = current_revision()
    for collection, record in examples.items():
        taken = dict.fromkeys(("created_at", "updated_at", "url", "owner", "is_staff"), 1)
        change = {"slug": record["slug"], **taken}
        answer = curator.send("PATCH", f"{collection}/", [change])
        assert refused_at(answer) >= {f"#/0/{name}" for name in taken}, collection
    assert current_revision() == before


def test_a_part_of_another_record_cannot_be_taken_by_its_id(curator: ApiClient) -> None:
    def made(slug: str, milestones: list[dict[str, Any]]) -> Any:
        return curator.send(
            "POST", "initiatives/", {"slug": slug, "title": {"en": slug}, "milestones": milestones}
        ).json()

    victim = made("victim", [{"title": {"en": "Theirs"}}])
    made("mine", [])
    taken = curator.send("PATCH", "initiatives/mine/", {"milestones": [{"id": victim["milestones"][0]["id"]}]})
    assert taken.status_code == 400
    assert curator.get("/api/v1/initiatives/victim/").json() == victim
