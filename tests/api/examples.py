"""The documentation's examples as records: sent as they are shown."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

from initiatives.api.examples import EXAMPLES
from tests.api.client import ApiClient
from tests.api.openapi import JSON, OpenAPI


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
