"""What the OpenAPI document says is true: its examples can be sent, and real answers are as it says."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

import pytest

from initiatives.api.examples import EXAMPLES
from initiatives.registry.files import CURATED
from initiatives.registry.loader import load
from tests.api.client import ApiClient
from tests.api.examples import operation_name, post_all_examples, written
from tests.api.openapi import JSON, OpenAPI
from tracker.api import collections
from tracker.api.schema_fields import SLUG
from tracker.api.schema_parameters import TEXT

COLLECTIONS = list(EXAMPLES)


@pytest.fixture(scope="module")
def openapi() -> OpenAPI:
    return OpenAPI.in_language()


# The examples --------------------------------------------------------------------------------------------------------


def test_every_example_is_as_its_schema_says(openapi: OpenAPI) -> None:
    checked = 0
    for *_place, operation in openapi.operations():
        bodies = [operation["requestBody"]] if "requestBody" in operation else []
        for holder in [*bodies, *map(openapi.follow, operation["responses"].values())]:
            for media in holder.get("content", {}).values():
                for name, example in media.get("examples", {}).items():
                    refusals = openapi.refusals(media["schema"], openapi.follow(example)["value"])
                    assert not refusals, (operation["operationId"], name, refusals)
                    checked += 1
    assert checked > 10 * len(COLLECTIONS)


def test_every_example_can_be_sent_and_is_answered_as_it_is_shown(curator: ApiClient, openapi: OpenAPI) -> None:
    for collection, bodies in EXAMPLES.items():
        operation = openapi.operation(operation_name(collection, "create"))
        shown = openapi.follow(operation["responses"]["201"])["content"][JSON]["examples"]
        for body in bodies:
            answer = curator.send("POST", f"{collection}/", written(collection, body)).json()
            example = openapi.follow(shown[body["slug"]])["value"]
            assert without_circumstances(answer) == without_circumstances(example)


def without_circumstances(value: Any) -> Any:
    """A body but for ids, addresses, times, and slugs that are made of others."""
    if isinstance(value, dict):
        ignored = {"id", "url", "created_at", "updated_at"}
        kept = {key: each for key, each in value.items() if key not in ignored}
        if "stance" in kept and "record" not in kept:
            del kept["slug"]
        return {key: without_circumstances(each) for key, each in kept.items()}
    return [without_circumstances(each) for each in value] if isinstance(value, list) else value


# Real answers --------------------------------------------------------------------------------------------------------


def test_every_answer_of_every_collection_is_as_documented(curator: ApiClient, openapi: OpenAPI) -> None:
    post_all_examples(curator)
    for collection in reversed(COLLECTIONS):
        slug = EXAMPLES[collection][0]["slug"]
        body = written(collection, EXAMPLES[collection][0])
        patch_body = {name: body[name] for name in list(body)[1:2]}
        openapi.assert_documented(curator.send("POST", f"{collection}/", body))
        without_slug = {name: value for name, value in body.items() if name != "slug"}
        openapi.assert_documented(curator.send("POST", f"{collection}/?dry_run=true", without_slug))
        openapi.assert_documented(curator.get(f"/api/v1/{collection}/"))
        openapi.assert_documented(curator.get(f"/api/v1/{collection}/?count=none&limit=1"))
        openapi.assert_documented(curator.get(f"/api/v1/{collection}/{slug}/"))
        openapi.assert_documented(curator.send("PUT", f"{collection}/{slug}/", body))
        openapi.assert_documented(curator.send("PATCH", f"{collection}/{slug}/", patch_body))
        openapi.assert_documented(curator.send("POST", f"{collection}/{slug}/merge/", {}))
        openapi.assert_documented(curator.delete(f"/api/v1/{collection}/{slug}/"))


def test_a_new_record_tells_its_address(curator: ApiClient, openapi: OpenAPI) -> None:
    for collection, bodies in EXAMPLES.items():
        for body in bodies:
            response = curator.send("POST", f"{collection}/", written(collection, body))
            assert response.headers["Location"] == response.json()["url"]
            openapi.assert_documented(response)


def test_every_record_of_the_registry_is_as_documented(anonymous: ApiClient, openapi: OpenAPI) -> None:
    load(CURATED)
    shown = 0
    for collection in collections.names():
        response = anonymous.get(f"/api/v1/{collection}/?limit=1000")
        openapi.assert_documented(response)
        operation = openapi.operation(operation_name(collection, "create"))
        whole = openapi.response_schema(operation, HTTPStatus.CREATED, JSON)
        for record in response.json()["results"]:
            assert not openapi.refusals(whole, record)
            shown += 1
    assert shown > 100


def test_selections_and_expansions_are_as_documented(curator: ApiClient, openapi: OpenAPI) -> None:
    post_all_examples(curator)
    for collection in COLLECTIONS:
        parameters = openapi.parameters(operation_name(collection, "list"))
        every_path = ",".join(parameters["expand"]["schema"]["items"]["enum"])
        openapi.assert_documented(curator.get(f"/api/v1/{collection}/?expand={every_path}"))
        names = parameters["fields"]["schema"]["items"]["enum"]
        response = curator.get(f"/api/v1/{collection}/?fields={names[0]},{names[-1]}")
        openapi.assert_documented(response)
        assert all(set(record) == {names[0], names[-1]} for record in response.json()["results"])
        openapi.assert_documented(curator.get(f"/api/v1/{collection}/?omit={names[0]}"))


@pytest.mark.parametrize("collection", COLLECTIONS)
def test_every_documented_ordering_is_taken(anonymous: ApiClient, openapi: OpenAPI, collection: str) -> None:
    ordering = openapi.parameters(operation_name(collection, "list"))["ordering"]
    every = ",".join(ordering["schema"]["items"]["enum"])
    assert anonymous.get(f"/api/v1/{collection}/?ordering={every}").status_code == HTTPStatus.OK


def value_of(schema: dict[str, Any]) -> str:
    """A value that a parameter's schema allows."""
    schema = schema.get("items", schema)
    by_format = {"date": "2020-01-01", "date-time": "2020-01-01T00:00:00Z"}
    by_type = {"boolean": "true", "integer": "1", "number": "1.5", "string": "smart-dubai-office"}
    given = [*schema.get("enum", ()), by_format.get(schema.get("format", "")), by_type[schema["type"]]]
    return str(next(value for value in given if value))


@pytest.mark.parametrize("collection", COLLECTIONS)
def test_every_parameter_takes_what_is_documented_and_nothing_else(
    curator: ApiClient, openapi: OpenAPI, collection: str
) -> None:
    parameters = openapi.parameters(operation_name(collection, "list"))
    for name, each in ((name, each) for name, each in parameters.items() if each["in"] == "query"):
        schema = each["schema"].get("items", each["schema"])
        # Which records and which revisions there are, no schema says.
        names_something = schema == SLUG or "examples" in schema or name == "as_of"
        if not names_something:
            taken = curator.read(f"{collection}/", **{name: value_of(each["schema"])})
            assert taken.status_code == HTTPStatus.OK, (name, taken.json())
        is_text = schema.get("pattern") == TEXT["pattern"] and name != "as_of"
        refused = curator.read(f"{collection}/", **{name: " " if is_text else "¡no!"})
        assert refused.status_code == HTTPStatus.BAD_REQUEST, name
        assert refused.json()["errors"][0]["parameter"] == name


@pytest.mark.parametrize("collection", COLLECTIONS)
def test_every_refusal_is_a_documented_problem(
    anonymous: ApiClient, reader: ApiClient, curator: ApiClient, openapi: OpenAPI, collection: str
) -> None:
    nowhere = f"/api/v1/{collection}/nowhere/"
    refused = {
        HTTPStatus.BAD_REQUEST: anonymous.get(f"/api/v1/{collection}/?no_such_parameter=1"),
        HTTPStatus.UNAUTHORIZED: anonymous.get(f"/api/v1/{collection}/", headers={"authorization": "Bearer wrong"}),
        HTTPStatus.FORBIDDEN: reader.send("POST", f"{collection}/", {}),
        HTTPStatus.NOT_FOUND: anonymous.get(nowhere),
        HTTPStatus.NOT_ACCEPTABLE: anonymous.get(f"/api/v1/{collection}/", headers={"accept": "image/png"}),
        HTTPStatus.UNSUPPORTED_MEDIA_TYPE: curator.post(f"/api/v1/{collection}/", "<a/>", "application/xml"),
    }
    for status, response in refused.items():
        assert response.status_code == status
        openapi.assert_documented(response)
    openapi.assert_documented(anonymous.send("POST", f"{collection}/", {}))
    openapi.assert_documented(curator.send("POST", f"{collection}/", {"no_such_field": 1}))
    openapi.assert_documented(curator.delete(nowhere))
    openapi.assert_documented(curator.send("PATCH", f"{collection}/nowhere/", {}))


def test_conflicts_and_redirects_are_as_documented(curator: ApiClient, openapi: OpenAPI) -> None:
    post_all_examples(curator)
    twice = curator.send("POST", "people/", written("people", EXAMPLES["people"][0]))
    referred_to = curator.delete("/api/v1/organizations/smart-dubai-office/")
    assert twice.status_code == referred_to.status_code == HTTPStatus.CONFLICT
    openapi.assert_documented(twice)
    openapi.assert_documented(referred_to)
    curator.send("POST", "people/", {"slug": "duplicate", "name": {"en": "A. bin Bishr"}})
    merged = curator.send("POST", "people/duplicate/merge/", {"into": "aisha-bin-bishr"})
    assert merged.status_code == HTTPStatus.OK
    openapi.assert_documented(merged)
    moved = curator.get("/api/v1/people/duplicate/")
    assert moved.status_code == HTTPStatus.PERMANENT_REDIRECT
    openapi.assert_documented(moved)


def test_the_total_of_an_indicator_is_as_documented(curator: ApiClient, openapi: OpenAPI) -> None:
    post_all_examples(curator)
    total = "/api/v1/indicators/dubainow-services/total/"
    for query in ("", "?since=2019-01-01&until=2019-12-31", "?since=2020-01-01", "?since=soon", "?from=2019-01-01"):
        openapi.assert_documented(curator.get(total + query))


def test_the_roots_are_as_documented(anonymous: ApiClient, openapi: OpenAPI) -> None:
    for path in ("/api/", "/api/v1/", "/api/?format=json", "/api/v1/?no_such_parameter=1"):
        openapi.assert_documented(anonymous.get(path))


def test_a_body_that_the_document_forbids_is_refused(curator: ApiClient, openapi: OpenAPI) -> None:
    post_all_examples(curator)
    schema = openapi.named("OrganizationWrite")
    bodies: list[dict[str, Any]] = [
        {},
        {"name": {}},
        {"name": {"en": None, "ar": " "}},
        {"name": {"en": "Name", "fr": "Nom"}},
        {"name": {"en": "Name"}, "kind": "no such kind"},
        {"name": {"en": "Name"}, "parent": 1},
        {"name": {"en": "Name"}, "country": "United Arab Emirates"},
        {"name": {"en": "Name"}, "created_at": "2026-01-01T00:00:00Z"},
        {"name": {"en": "Name"}, "citations": [{"locator": "L1"}]},
    ]
    for body in bodies:
        assert openapi.refusals(schema, body)
        assert curator.send("POST", "organizations/", body).status_code == HTTPStatus.BAD_REQUEST


def test_a_body_that_the_document_allows_is_taken(curator: ApiClient, openapi: OpenAPI) -> None:
    post_all_examples(curator)
    office = curator.get("/api/v1/organizations/smart-dubai-office/").json()
    bodies: list[dict[str, Any]] = [
        {"name": {"ar": "جهة"}},
        {"name": {"en": "Name", "ar": None}, "aliases": None, "role": None, "kind": None, "parent": None},
        {"name": {"en": "Name"}, "parent": office},
        {"name": {"en": "Name"}, "parent": {"slug": "smart-dubai-office"}, "website": None, "founded_on": None},
    ]
    for body in bodies:
        assert not openapi.refusals(openapi.named("OrganizationWrite"), body)
        assert curator.send("POST", "organizations/", body).status_code == HTTPStatus.CREATED
