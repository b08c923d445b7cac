"""What versioned writes add to an operation in OpenAPI's words: lists of items, headers, and the past on reads."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext as _

from tracker.api.schema_fields import SLUG, Schema
from tracker.api.schema_parameters import parameter

JSON = "application/json"
MOST_ITEMS = 1_000
CHANGES_ONE = ("update", "partial_update", "destroy")
CHANGES_MANY = ("partial_update_many", "destroy_many")


def complete(operation: Schema, action: str, method: str) -> Schema:
    """The operation of a collection with what version control and lists of items add to it."""
    parameters = [*operation.get("parameters", []), *_headers(action, method)]
    if method == "GET":
        if all(each["name"] != "as_of" for each in parameters):
            parameters.append(as_of())
        operation["responses"]["304"] = {"description": _("Nothing has changed since the revision of If-None-Match.")}
    operation["parameters"] = parameters
    if action == "create":
        _take_lists_too(operation)
    elif action in CHANGES_MANY:
        _take_a_list(operation, action)
    return operation


def as_of() -> Schema:
    """The moment in the past that a read is of."""
    moment = {"type": "string", "pattern": r"\S"}
    return parameter("as_of", moment, _("Show the registry as it was: the number of a revision, or a time (ISO 8601)."))


def _headers(action: str, method: str) -> list[Schema]:
    if method == "GET":
        return [_header("If-None-Match", _("Answer 304 while the ETag is still this one."))]
    found = [_header("X-Change-Reason", _("Why; it becomes the reason of the revision."))]
    if action in CHANGES_ONE:
        found.append(_header("If-Match", _("Write only if the record has not changed since this ETag.")))
    if method == "POST":
        found.append(_header("Idempotency-Key", _("The same key and body get the first answer again, for 24 hours.")))
    return found


def _header(name: str, description: str) -> Schema:
    return {"name": name, "in": "header", "required": False, "schema": {"type": "string"}, "description": description}


def _listed(items: Schema) -> Schema:
    return {"type": "array", "items": items, "minItems": 1, "maxItems": MOST_ITEMS}


def _one_or_many(content: Schema) -> None:
    content[JSON]["schema"] = {"anyOf": [content[JSON]["schema"], _listed(content[JSON]["schema"])]}


def _take_lists_too(operation: Schema) -> None:
    _one_or_many(operation["requestBody"]["content"])
    for status in ("200", "201"):
        _one_or_many(operation["responses"][status]["content"])
    # A list of new records has no one address.
    operation["responses"]["201"]["headers"]["Location"]["required"] = False


def _take_a_list(operation: Schema, action: str) -> None:
    item: Schema = {
        "type": "object",
        "properties": {
            "slug": dict(SLUG),
            "id": {"type": "integer"},
            "etag": {"type": "string", "description": _("Write only if the record has not changed since this ETag.")},
        },
        "anyOf": [{"required": ["slug"]}, {"required": ["id"]}],
        "description": _("A record by its slug or id, and the members that change."),
    }
    body: Any = _listed(item if action == "partial_update_many" else {"anyOf": [dict(SLUG), item]})
    operation["requestBody"] = {"content": {JSON: {"schema": body}}, "required": True}
    done = operation["responses"].get("200")
    if done is not None and "content" in done:
        done["content"] = {JSON: {"schema": {"type": "array", "items": done["content"][JSON]["schema"]}}}
