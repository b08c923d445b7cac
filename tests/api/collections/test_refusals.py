"""Every collection refuses what it cannot take, points at it, and writes nothing."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import models
from rest_framework import serializers

from tests import factories
from tests.admin.rows import ROWS
from tests.api.client import ApiClient
from tests.api.collections.suite import CollectionCase, refusals
from tracker.api.fields import AnyReferenceField, LanguageMapField, ReferenceField
from tracker.api.viewsets import check_deferred_constraints

NO_TEXT: list[Any] = [5, 1.5, True, [], {}, ["text"]]
NO_DATE: list[Any] = ["soon", "2017-02-30", "0000-00-00", "99999-01-01", "2017-01-01T00:00:00Z", 20170101, True, [], {}]
NO_NUMBER: list[Any] = ["many", "1e400", "1" * 60, "NaN", "Infinity", "", True, [], {}]
NO_REFERENCE: list[Any] = ["no-such-slug", "", "a\u202eb", 5, True, [], {}, {"id": 1}, {"slug": None}, ["a"]]
NO_GENERIC_REFERENCE: list[Any] = [
    "organizations/no-such-slug",
    "nowhere/a",
    "capabilities/1",
    "organizations",
    "organizations/",
    "/",
    "a/b/c",
    {"collection": "organizations"},
    {"collection": ["organizations"], "slug": {}},
    *NO_TEXT,
]
# Each holds one item that cannot be; the refusal points into the list.
NO_PARTS: list[Any] = [
    "text",
    5,
    True,
    {},
    {"id": 1},
    [5],
    [None],
    [[]],
    ["text"],
    [{"no_such_field": 1}],
    [{"id": "x"}],
]
NO_SLUG: list[Any] = [
    "Upper",
    "two words",
    "under_score",
    "double--hyphen",
    "-before",
    "after-",
    "dots.and/slashes",
    "عربي",
    "digits-٣",
    "a\u202eb",
    "\u200fa",
    "a\u2066b\u2069",
    "a\u200bb",
    "",
    "a" * 121,
    None,
    *NO_TEXT,
]


# The first kind that fits decides: some derive from others.
WRONG: list[tuple[Any, list[Any]]] = [
    (LanguageMapField, ["text", 5, True, [], ["en"], {"fr": "texte"}, {"en": {}}, {"ar": 5}, {"en": "E", "": "?"}]),
    (serializers.ListSerializer, NO_PARTS),
    (AnyReferenceField, NO_GENERIC_REFERENCE),
    (
        serializers.ManyRelatedField,
        ["no-such-slug", 5, {}, {"slug": "a"}, ["no-such-slug"], [5], [None], [[]], [{"slug": []}]],
    ),
    (ReferenceField, NO_REFERENCE),
    (serializers.ChoiceField, ["no such choice", 5, True, [], {}, ["x"]]),
    (serializers.ListField, ["text", 5, {}, [[]], [{}], [None], [5], ["x" * 1000]]),
    (serializers.DateField, NO_DATE),
    (serializers.IntegerField, [*NO_NUMBER, 1.5, 2**15, 2**70, -1]),
    (serializers.DecimalField, [*NO_NUMBER, 10**30]),
    (serializers.URLField, [*NO_TEXT, "no address", "javascript:alert(1)", "https://example.org/" + "a" * 600]),
    (serializers.EmailField, [*NO_TEXT, "no address", "a@b", "@example.org"]),
    (serializers.CharField, NO_TEXT),
]


def wrong_values(field: serializers.Field) -> list[Any]:
    """Values that a field of this kind never takes."""
    values = next(values for kind, values in WRONG if isinstance(field, kind))
    most = getattr(field, "max_length", None)
    return [*values, "x" * (most + 1)] if type(field).__name__.endswith("TextField") and most else values


def fields_at(response: Any) -> set[str]:
    """The members of the body that a refusal points at."""
    return {pointer.split("/")[1] for pointer, _code in refusals(response) if "/" in pointer}


def test_a_value_of_the_wrong_kind_is_refused_at_its_field(case: CollectionCase, curator: ApiClient) -> None:
    row = case.rich(0)
    before = case.read(curator, row)
    wrong = {name: wrong_values(field) for name, field in case.writable().items() if name != "slug"}
    for turn in range(max(map(len, wrong.values()))):
        body = {name: values[turn] for name, values in wrong.items() if turn < len(values)}
        told = fields_at(curator.send("PATCH", case.at(row), body))
        assert told == set(body), {name: body[name] for name in set(body) ^ told}
    assert case.read(curator, row) == before


def test_several_wrong_values_are_all_told(case: CollectionCase, curator: ApiClient) -> None:
    wrong = {name: wrong_values(field)[0] for name, field in case.writable().items() if name != "slug"}
    response = curator.send("POST", case.path, {**case.body(), **wrong, "slug": "Wrong", "no_such_field": 1})
    assert fields_at(response) == {*wrong, "slug", "no_such_field"}
    assert case.count() == 0


def test_a_body_that_is_no_object_is_refused(case: CollectionCase, curator: ApiClient) -> None:
    row = case.make()
    bodies: tuple[Any, ...] = (None, [], "text", 5, True, [[]], [{}])
    for body in bodies:
        for method, path in (("POST", case.path), ("PUT", case.at(row)), ("PATCH", case.at(row))):
            assert refusals(curator.send(method, path, body))
    for method, path in (("POST", case.path), ("PUT", case.at(row)), ("PATCH", case.at(row))):
        assert refusals(curator.send(method, path, b"")) == []
        assert refusals(curator.send(method, path, b"{"))
    assert case.count() == 1


def test_a_field_that_there_is_not_is_refused_with_those_that_there_are(
    case: CollectionCase, curator: ApiClient
) -> None:
    row = case.make()
    for method, path in (("POST", case.path), ("PUT", case.at(row)), ("PATCH", case.at(row))):
        response = curator.send(method, path, {**case.body(), "no_such_field": None})
        assert refusals(response) == [("#/no_such_field", "unknown_field")]
        assert all(name in response.json()["errors"][0]["detail"] for name in case.writable())


def test_what_can_only_be_read_is_refused(case: CollectionCase, curator: ApiClient) -> None:
    row = case.rich(0)
    before = case.read(curator, row)
    response = curator.send("PATCH", case.at(row), {name: before[name] for name in case.read_only()})
    assert sorted(refusals(response)) == sorted((f"#/{name}", "read_only") for name in case.read_only())


def test_what_is_needed_is_asked_for(case: CollectionCase, curator: ApiClient) -> None:
    body = case.body()
    for name in body:
        for wrong in ({other: value for other, value in body.items() if other != name}, {**body, name: None}):
            response = curator.send("POST", case.path, wrong)
            # What one of several members must say, a constraint asks for.
            assert response.status_code == 400, (name, response.content)
    assert case.count() == 0


def test_a_needed_text_needs_one_of_both_languages(case: CollectionCase, curator: ApiClient) -> None:
    row = case.make()
    for name in case.needed_texts():
        for text in ({}, {"en": None}, {"en": "", "ar": " "}, {"en": None, "ar": None}):
            response = curator.send("POST", case.path, {**case.body(), name: text})
            assert refusals(response) == [(f"#/{name}", "both_languages_missing")]
        emptied = curator.send("PATCH", case.at(row), {name: {"en": None, "ar": None}})
        assert refusals(emptied) == [(f"#/{name}", "both_languages_missing")]
        for language in ("en", "ar"):
            assert curator.send("POST", case.path, {**case.body(), name: {language: "دبي"}}).status_code == 201


def test_a_patch_of_one_language_leaves_the_other(case: CollectionCase, curator: ApiClient) -> None:
    row = case.rich(0)
    before = case.read(curator, row)
    for name in case.needed_texts():
        after = curator.send("PATCH", case.at(row), {name: {"en": "Changed"}}).json()
        assert after[name] == {**before[name], "en": "Changed"}
        after = curator.send("PATCH", case.at(row), {name: {"en": None}}).json()
        assert after[name] == {**before[name], "en": None}


def test_a_bad_slug_is_refused(case: CollectionCase, curator: ApiClient) -> None:
    row = case.make()
    for slug in NO_SLUG:
        response = curator.send("PATCH", case.at(row), {"slug": slug})
        assert {where for where, _code in refusals(response)} == {"#/slug"}, slug
    response = curator.send("POST", case.path, {**case.body(), "slug": "a\u202eb"})
    assert refusals(response) == [("#/slug", "invalid_slug")]
    assert case.count() == 1


def test_a_slug_that_is_taken_is_a_conflict(case: CollectionCase, curator: ApiClient) -> None:
    row, other = case.make(), case.make()
    body = {**case.body(), "slug": row.slug}
    for method, path in (("POST", case.path), ("PUT", case.at(other)), ("PATCH", case.at(other))):
        assert refusals(curator.send(method, path, body), 409) == [("#/slug", "unique")]
    assert case.count() == 2


def test_a_part_of_another_record_is_refused(case: CollectionCase, curator: ApiClient) -> None:
    row, other = case.rich(0), case.rich(0)
    before = case.read(curator, row)
    theirs = case.read(curator, other)
    for name in case.parts():
        response = curator.send("PATCH", case.at(row), {name: [{"id": theirs[name][0]["id"]}]})
        assert refusals(response) == [(f"#/{name}/0/id", "unknown_part")]
        mine = before[name][0]["id"]
        response = curator.send("PATCH", case.at(row), {name: [{"id": mine}, {"id": mine}]})
        assert refusals(response) == [(f"#/{name}/1", "duplicate_part")]
    assert case.read(curator, row) == before
    assert case.read(curator, other) == theirs


def test_a_part_that_fails_leaves_nothing_of_the_record(case: CollectionCase, curator: ApiClient) -> None:
    documents = [case.read(curator, row) for row in case.rich_rows()]
    count = case.count()
    for name in case.parts():
        for document in documents:
            parts = case.writable_form(document)[name]
            good = {key: value for key, value in parts[0].items() if key not in ("id", "slug", "citations")}
            body = {**case.body(), "slug": "broken", name: [good, {**good, "no_such_field": 1}]}
            assert (f"#/{name}/1/no_such_field", "unknown_field") in refusals(curator.send("POST", case.path, body))
    assert case.count() == count


def test_too_many_parts_are_refused(case: CollectionCase, curator: ApiClient) -> None:
    for name in case.parts():
        response = curator.send("POST", case.path, {**case.body(), name: [{}] * 1001})
        assert refusals(response) == [(f"#/{name}", "max_length")]


def protecting_relations(model: type[models.Model]) -> list[Any]:
    return [
        relation
        for relation in model._meta.related_objects
        if relation.many_to_many or relation.on_delete in (models.PROTECT, models.RESTRICT)
    ]


def make_referrer(relation: Any, record: Any) -> Any:
    """A row that refers to the record through the relation."""
    name = relation.field.name
    if relation.many_to_many:
        row: Any = ROWS[relation.related_model]()
        getattr(row, name).add(record)
        return row
    model = relation.related_model._meta.model_name
    make = next(getattr(factories, each) for each in dir(factories) if each.replace("_", "") == f"make{model}")
    return make(**{name: record})


def test_a_record_that_others_refer_to_is_not_deleted_and_they_are_named(
    case: CollectionCase, curator: ApiClient
) -> None:
    for relation in protecting_relations(case.model):
        if relation.field.name == "replaced_by" or relation.related_model.__name__ == "MilestoneDependency":
            continue
        record = case.make()
        referrer = make_referrer(relation, record)
        response = curator.send("DELETE", case.at(record))
        assert refusals(response, 409) == [("", "protected")], relation
        error = response.json()["errors"][0]
        assert str(referrer) in error["detail"]
        if hasattr(referrer, "slug"):
            assert error["url"] == referrer.get_absolute_url()
        assert case.read(curator, record)


@pytest.mark.parametrize("make", [factories.make_statement, factories.make_agenda_item])
def test_a_record_that_is_spoken_of_is_not_deleted(case: CollectionCase, curator: ApiClient, make: Any) -> None:
    record = case.make()
    referrer = make(**{"about" if make is factories.make_statement else "refers_to": record})
    response = curator.send("DELETE", case.at(record))
    assert refusals(response, 409) == [("", "protected")]
    assert str(referrer) in response.json()["errors"][0]["detail"]
    assert case.read(curator, record)


def test_citations_go_with_their_record(case: CollectionCase, curator: ApiClient) -> None:
    record = case.make()
    citation = factories.make_citation(record=record)
    check_deferred_constraints()
    assert curator.send("DELETE", case.at(record)).status_code == 204
    refusals(curator.read(f"citations/{citation.slug}/"), 404)
