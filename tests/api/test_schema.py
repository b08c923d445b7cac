"""The OpenAPI document is complete, and what it says is true."""

from __future__ import annotations

from collections.abc import Iterator
from http import HTTPStatus
from typing import Any

import pytest
import yaml
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver
from openapi_spec_validator import OpenAPIV31SpecValidator

from initiatives.api.examples import EXAMPLES
from initiatives.registry.files import CURATED
from initiatives.registry.loader import load
from tests.api.client import ApiClient
from tests.api.openapi import JSON, METHODS, OpenAPI
from tracker.api import collections
from tracker.api.documentation import document
from tracker.api.problem_types import PROBLEM_TYPES
from tracker.api.schema_fields import SLUG
from tracker.api.schema_parameters import TEXT

COLLECTIONS = list(EXAMPLES)
OPERATIONS = ["list", "create", "retrieve", "update", "partial_update", "destroy", "merge"]
# Made for people; they answer HTML only.
PAGES = {"api/docs/", "api/redoc/", "api/docs/problems"}


@pytest.fixture(scope="module")
def openapi() -> OpenAPI:
    return OpenAPI.in_language()


def operation_name(collection: str, action: str) -> str:
    return f"{collection}_{action}".replace("-", "_")


def written(collection: str, body: Any) -> dict[str, Any]:
    """An example as the document shows it to be sent."""
    openapi = OpenAPI.in_language()
    operation = openapi.operation(operation_name(collection, "create"))
    examples = operation["requestBody"]["content"][JSON]["examples"]
    found: dict[str, Any] = openapi.follow(examples[body["slug"]])["value"]
    return found


def post_all_examples(client: ApiClient) -> None:
    for collection, bodies in EXAMPLES.items():
        for body in bodies:
            response = client.send("POST", f"{collection}/", written(collection, body))
            assert response.status_code == HTTPStatus.CREATED, (collection, response.json())


# The document --------------------------------------------------------------------------------------------------------


def test_the_document_is_valid_openapi_3_1() -> None:
    assert document("en")["openapi"].startswith("3.1.")
    OpenAPIV31SpecValidator(document("en")).validate()


def test_it_is_served_as_json_and_as_yaml(client: Client) -> None:
    as_json = client.get("/api/schema/")
    as_yaml = client.get("/api/schema/", headers={"accept": "application/yaml"})
    assert as_json.headers["Content-Type"] == JSON
    assert as_yaml.headers["Content-Type"].startswith("application/yaml")
    assert as_json.json() == yaml.load(as_yaml.content, yaml.CSafeLoader) == document("en")
    assert client.get("/api/schema/?format=yaml").content == as_yaml.content


def test_it_speaks_the_language_that_is_asked_for(client: Client) -> None:
    assert client.get("/api/schema/?lang=ar").headers["Content-Language"] == "ar"
    assert client.get("/api/schema/", headers={"accept-language": "ar"}).headers["Content-Language"] == "ar"


def test_its_names_do_not_depend_on_the_language() -> None:
    english, arabic = OpenAPI.in_language(), OpenAPI.in_language("ar")
    for kind, components in english.document["components"].items():
        assert list(components) == list(arabic.document["components"][kind])
    names = [[operation["operationId"] for *_place, operation in each.operations()] for each in (english, arabic)]
    assert names[0] == names[1]


@pytest.mark.parametrize("query", ["lang=tlh", "language=ar"])
def test_it_refuses_what_it_does_not_know(client: Client, query: str) -> None:
    response = client.get(f"/api/schema/?{query}")
    assert response.status_code == HTTPStatus.BAD_REQUEST
    assert response.json()["errors"][0]["parameter"] == query.partition("=")[0]


# Completeness --------------------------------------------------------------------------------------------------------


def routes(patterns: list[Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    for pattern in patterns:
        whole = prefix + str(pattern.pattern)
        if isinstance(pattern, URLResolver):
            yield from routes(pattern.url_patterns, whole)
        elif isinstance(pattern, URLPattern):
            yield whole, pattern.callback


def test_every_route_of_the_api_is_in_the_document_and_the_other_way_round(openapi: OpenAPI) -> None:
    registered = set()
    for route, callback in routes(get_resolver().url_patterns):
        if not route.startswith("api/") or route in PAGES:
            continue
        path = "/" + route.replace("(?P<slug>[^/]+)", "{slug}").replace("^", "").replace("$", "")
        verbs = getattr(callback, "actions", None) or callback.cls().allowed_methods
        registered |= {(path, verb.lower()) for verb in verbs if verb.lower() in METHODS}
    assert registered == {(path, method) for path, method, _operation in openapi.operations()}


def test_every_collection_has_its_operations_under_stable_names(openapi: OpenAPI) -> None:
    names = [operation["operationId"] for *_place, operation in openapi.operations()]
    assert len(names) == len(set(names))
    expected = {f"{name}_{verb}".replace("-", "_") for name in collections.names() for verb in OPERATIONS}
    assert set(names) - expected == {"indicators_total", "doors", "collections", "schema"}
    assert expected <= set(names)


def test_every_collection_is_described_and_has_examples(openapi: OpenAPI) -> None:
    tags = {tag["name"]: tag["description"] for tag in openapi.document["tags"]}
    assert set(tags) == {*collections.names(), "api"}
    assert all(tags.values())
    assert set(EXAMPLES) == set(collections.names())


def test_a_list_documents_every_parameter_that_it_takes(openapi: OpenAPI) -> None:
    for viewset in collections.viewsets():
        model: Any = collections.model_of(viewset)
        name = model.collection.replace("-", "_")
        documented = set(openapi.parameters(f"{name}_list"))
        taken = set(viewset.filterset_class.base_filters) | viewset().known_parameters()
        assert documented == taken


def test_a_refusal_of_every_documented_status_is_explained(openapi: OpenAPI) -> None:
    statuses = {str(kind.status) for kind in PROBLEM_TYPES.values()}
    for *_place, operation in openapi.operations():
        for status, response in operation["responses"].items():
            if status[0] in "45":
                assert status in statuses
                assert openapi.follow(response)["description"]


def test_what_can_only_be_read_is_not_in_any_body_that_one_sends(openapi: OpenAPI) -> None:
    schemas = openapi.document["components"]["schemas"]
    for viewset in collections.viewsets():
        for name, field in viewset.serializer_class().fields.items():
            for suffix in ("Write", "Patch"):
                sent = schemas[f"{viewset.serializer_class.__name__.removesuffix('Serializer')}{suffix}"]
                assert (name in sent["properties"]) is not field.read_only
                assert not field.read_only or name not in sent.get("required", [])


def test_what_one_reads_has_every_member(openapi: OpenAPI) -> None:
    schemas = openapi.document["components"]["schemas"]
    for viewset in collections.viewsets():
        read = schemas[viewset.serializer_class.__name__.removesuffix("Serializer")]
        assert read["required"] == list(viewset.serializer_class().fields) == list(read["properties"])


# Truth: the examples -------------------------------------------------------------------------------------------------


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


# Truth: real answers -------------------------------------------------------------------------------------------------


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
    for name, each in openapi.parameters(operation_name(collection, "list")).items():
        schema = each["schema"].get("items", each["schema"])
        is_reference = schema == SLUG or "examples" in schema
        if not is_reference:
            taken = curator.read(f"{collection}/", **{name: value_of(each["schema"])})
            assert taken.status_code == HTTPStatus.OK, (name, taken.json())
        refused = curator.read(f"{collection}/", **{name: " " if schema == TEXT else "¡no!"})
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
