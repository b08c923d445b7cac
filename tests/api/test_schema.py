"""The OpenAPI document is valid and complete."""

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
from tests.api.openapi import JSON, METHODS, OpenAPI
from tracker.api import collections
from tracker.api.documentation import document
from tracker.api.problem_types import PROBLEM_TYPES

OPERATIONS = [
    "list",
    "create",
    "retrieve",
    "update",
    "partial_update",
    "partial_update_many",
    "destroy",
    "destroy_many",
    "merge",
    "history",
    "restore",
]
WEBHOOKS = {
    f"webhooks_{verb}"
    for verb in (
        "list", "create", "retrieve", "update", "partial_update", "destroy",
        "test", "replay", "resume", "rotate_secret", "deliveries",
    )
}  # fmt: skip
DASHBOARDS = {
    f"dashboards_{verb}"
    for verb in (
        "list", "create", "retrieve", "update", "partial_update", "destroy",
        "copy", "rotate_link", "shared", "shared_copy",
    )
}  # fmt: skip
FOLLOWING = {
    "following_list", "following_update", "following_destroy",
    "feed", "feed_seen", "digest_retrieve", "digest_partial_update",
}  # fmt: skip
HAPPINESS = {
    "happiness",
    "smart_services_happiness",
    "organizations_happiness",
    "pillars_happiness",
    "smart_services_ratings",
    "smart_services_rate",
}
PUBLICATION = {
    f"{name}_{verb}"
    for name in ("smart_services", "datasets", "initiatives", "observations")
    for verb in (
        "submit", "approve", "return", "withdraw", "steps",
        "next_version", "write_next_version", "discard_next_version",
    )
}  # fmt: skip
REPORTS = {
    f"progress_updates_{verb}"
    for verb in (
        "list", "create", "retrieve", "partial_update", "destroy", "submit", "approve", "return", "withdraw",
    )
}  # fmt: skip
MEMBERS = {
    "memberships_list", "memberships_retrieve", "memberships_partial_update", "memberships_destroy",
    "invitations_list", "invitations_retrieve", "invitations_create", "invitations_destroy",
    "invitations_accept", "invitations_decline",
    "join_requests_list", "join_requests_retrieve", "join_requests_create", "join_requests_destroy",
    "join_requests_accept", "join_requests_refuse",
    "owed",
}  # fmt: skip
SHARING = {"agreements_approve", "agreements_refuse", "agreements_revoke", "agreements_accesses", "datasets_access"}
TOKENS = {f"tokens_{verb}" for verb in ("list", "create", "retrieve", "partial_update", "destroy")}
# Made for people; they answer HTML only.
PAGES = {"api/docs/", "api/redoc/", "api/docs/problems"}


@pytest.fixture(scope="module")
def openapi() -> OpenAPI:
    return OpenAPI.in_language()


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
        path = path.replace("<int:number>", "{number}").replace("(?P<id>[0-9]{1,18})", "{id}")
        path = path.replace("(?P<initiative>[a-z0-9-]+)", "{initiative}")
        path = path.replace("<str:collection>/<str:slug>", "{collection}/{slug}")
        path = path.replace("(?P<key>[A-Za-z0-9_-]{1,64})", "{key}")
        verbs = getattr(callback, "actions", None) or callback.cls().allowed_methods
        registered |= {(path, verb.lower()) for verb in verbs if verb.lower() in METHODS}
    assert registered == {(path, method) for path, method, _operation in openapi.operations()}


def test_every_collection_has_its_operations_under_stable_names(openapi: OpenAPI) -> None:
    names = [operation["operationId"] for *_place, operation in openapi.operations()]
    assert len(names) == len(set(names))
    expected = {f"{name}_{verb}".replace("-", "_") for name in collections.names() for verb in OPERATIONS}
    assert set(names) - expected == {
        "indicators_total",
        "changes",
        "changes_atom",
        "revisions_list",
        "revisions_retrieve",
        "doors",
        "collections",
        "search",
        "schema",
        *WEBHOOKS,
        *DASHBOARDS,
        *FOLLOWING,
        *HAPPINESS,
        *PUBLICATION,
        *REPORTS,
        *MEMBERS,
        *SHARING,
        *TOKENS,
    }
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
        parameters = openapi.parameters(f"{name}_list").values()
        documented = {each["name"] for each in parameters if each["in"] == "query"}
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
