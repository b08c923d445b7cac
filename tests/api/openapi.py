"""The OpenAPI document as a judge: whether an answer or a body is as the document says."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from functools import cache
from typing import Any, Self

from jsonschema import Draft202012Validator
from referencing import Registry
from referencing.jsonschema import DRAFT202012

from tracker.api.documentation import document

JSON = "application/json"
PROBLEM = "application/problem+json"
ADDRESS = "urn:openapi"
METHODS = ("get", "post", "put", "patch", "delete")

Operation = dict[str, Any]


def _absolute(schema: dict[str, Any]) -> str:
    return json.dumps(schema).replace('"#/components/', f'"{ADDRESS}#/components/')


class OpenAPI:
    """The document in one language, with its references followed."""

    def __init__(self, language: str) -> None:
        self.document = document(language)
        # Under an address of its own, so that it is read once and not for each value.
        contents = json.loads(_absolute(self.document))
        self.registry = Registry().with_resource(ADDRESS, DRAFT202012.create_resource(contents))

    @classmethod
    @cache
    def in_language(cls, language: str = "en") -> Self:
        return cls(language)

    def operations(self) -> Iterator[tuple[str, str, Operation]]:
        """Every path, method and operation."""
        for path, item in self.document["paths"].items():
            for method in METHODS:
                if method in item:
                    yield path, method, item[method]

    def operation(self, name: str) -> Operation:
        return next(operation for *_place, operation in self.operations() if operation["operationId"] == name)

    def parameters(self, name: str) -> dict[str, dict[str, Any]]:
        """The parameters of an operation, by name."""
        followed = map(self.follow, self.operation(name)["parameters"])
        return {each["name"]: each for each in followed}

    def operation_at(self, method: str, address: str) -> Operation:
        """The operation that serves a path; a path without variables comes before one with."""
        for path in sorted(self.document["paths"], key=lambda each: "{" in each):
            if re.fullmatch(re.sub(r"\{\w+\}", "[^/]+", path), address):
                found: Operation = self.document["paths"][path][method.lower()]
                return found
        raise AssertionError(f"{address} is not in the document")

    def follow(self, node: dict[str, Any]) -> dict[str, Any]:
        """What a reference stands for."""
        while "$ref" in node:
            kind, name = node["$ref"].removeprefix("#/components/").split("/")
            node = self.document["components"][kind][name]
        return node

    def refusals(self, schema: dict[str, Any], value: Any) -> list[str]:
        """Why a value is not as a schema of the document says; nothing when it is."""
        validator = Draft202012Validator(
            json.loads(_absolute(schema)), registry=self.registry, format_checker=Draft202012Validator.FORMAT_CHECKER
        )
        return [f"{error.json_path}: {error.message[:300]}" for error in validator.iter_errors(value)]

    def named(self, name: str) -> dict[str, Any]:
        """A schema of this name."""
        return {"$ref": f"#/components/schemas/{name}"}

    def response_schema(self, operation: Operation, status: int, media_type: str) -> dict[str, Any]:
        response = self.follow(operation["responses"][str(status)])
        found: dict[str, Any] = response["content"][media_type]["schema"]
        return found

    def assert_documented(self, response: Any) -> None:
        """Fail unless the answer's status, media type, headers and body are documented for its operation."""
        request = response.wsgi_request
        operation = self.operation_at(request.method, request.path)
        name, status = operation["operationId"], str(response.status_code)
        assert status in operation["responses"], f"{name} answers {status}, which is not documented"
        documented = self.follow(operation["responses"][status])
        for header, described in documented.get("headers", {}).items():
            assert header in response.headers or not described.get("required"), f"{name} {status} has no {header}"
        if "content" not in documented:
            assert not response.content
            return
        media_type = response.headers["Content-Type"].split(";")[0]
        assert media_type in documented["content"], f"{name} {status} is {media_type}, which is not documented"
        refusals = self.refusals(documented["content"][media_type]["schema"], response.json())
        assert not refusals, f"{name} {status}: {refusals}"
