"""What a collection takes and answers is as the OpenAPI document says."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

import pytest

from tests.api.client import ApiClient
from tests.api.collections.suite import CollectionCase
from tests.api.openapi import JSON, OpenAPI
from tracker.api.browsable import writable


@pytest.fixture(scope="module")
def openapi() -> OpenAPI:
    return OpenAPI.in_language()


def sent(openapi: OpenAPI, case: CollectionCase, action: str) -> dict[str, Any]:
    """The schema of the body that an operation takes."""
    operation = openapi.operation(f"{case.name}_{action}".replace("-", "_"))
    found: dict[str, Any] = operation["requestBody"]["content"][JSON]["schema"]
    return found


def whole(openapi: OpenAPI, case: CollectionCase) -> dict[str, Any]:
    """The schema of a record with all its members."""
    operation = openapi.operation(f"{case.name}_create".replace("-", "_"))
    return openapi.response_schema(operation, HTTPStatus.CREATED, JSON)


def test_records_that_leave_nothing_unknown_are_as_documented(
    case: CollectionCase, curator: ApiClient, openapi: OpenAPI
) -> None:
    for record in case.rich_rows():
        response = curator.read(case.at(record))
        openapi.assert_documented(response)
        assert not openapi.refusals(whole(openapi, case), response.json())
    openapi.assert_documented(curator.read(case.path))


def test_records_of_which_least_is_known_are_as_documented(
    case: CollectionCase, anonymous: ApiClient, openapi: OpenAPI
) -> None:
    record = anonymous.read(case.at(case.make())).json()
    assert not openapi.refusals(whole(openapi, case), record)


def test_bodies_that_are_taken_are_as_documented(case: CollectionCase, curator: ApiClient, openapi: OpenAPI) -> None:
    body = case.body()
    assert not openapi.refusals(sent(openapi, case, "create"), body)
    openapi.assert_documented(curator.send("POST", case.path, body))
    record = case.rich(0)
    assert not openapi.refusals(sent(openapi, case, "partial_update"), dict(case.patch))
    openapi.assert_documented(curator.send("PATCH", case.at(record), dict(case.patch)))


def test_a_record_that_was_read_can_be_written_back_as_documented(
    case: CollectionCase, curator: ApiClient, openapi: OpenAPI
) -> None:
    record = case.rich(0)
    before = curator.read(case.at(record)).json()
    body = writable(case.viewset.serializer_class(), before)
    assert not openapi.refusals(sent(openapi, case, "update"), body)
    assert not openapi.refusals(sent(openapi, case, "partial_update"), body)
    assert curator.send("PUT", case.at(record), body).json() == before
