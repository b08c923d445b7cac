"""Every way in which an operation can be refused, in OpenAPI's words."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

from django.utils.translation import gettext as _
from drf_spectacular.openapi import AutoSchema
from drf_spectacular.plumbing import ResolvedComponent

from tracker.api.problem_types import PROBLEM_TYPES, TYPE_URI_PREFIX
from tracker.api.problems import BEARER_CHALLENGE, ProblemRenderer
from tracker.api.schema_fields import Schema, component

ANYBODY = (
    HTTPStatus.BAD_REQUEST,
    HTTPStatus.UNAUTHORIZED,
    HTTPStatus.NOT_ACCEPTABLE,
    HTTPStatus.TOO_MANY_REQUESTS,
    HTTPStatus.SERVICE_UNAVAILABLE,
)
WRITER = (HTTPStatus.FORBIDDEN, HTTPStatus.CONFLICT)
SENDER = (
    HTTPStatus.LENGTH_REQUIRED,
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
)


def is_private(view: Any) -> bool:
    """Whether a view says that reading it needs an account, too."""
    return bool(getattr(view, "private", False))


def refusals(auto_schema: AutoSchema, *, of_one: bool) -> dict[str, Schema]:
    """The problems with which an operation may answer, by status; ``default`` stands for all that nobody foresees."""
    statuses = {*ANYBODY}
    if of_one:
        statuses.add(HTTPStatus.NOT_FOUND)
    if auto_schema.method != "GET" or is_private(auto_schema.view):
        statuses.update(WRITER)
    if auto_schema.method in ("POST", "PUT", "PATCH"):
        statuses.update(SENDER)
    found = {str(int(status)): _response(auto_schema, status) for status in sorted(statuses)}
    other = {"description": _("Any other refusal."), "content": _content(auto_schema, {})}
    return {**found, "default": component(auto_schema, "OtherProblem", other, ResolvedComponent.RESPONSE)}


def _response(auto_schema: AutoSchema, status: HTTPStatus) -> Schema:
    kinds = {code: str(kind.title) for code, kind in PROBLEM_TYPES.items() if kind.status == status}
    examples = {code: {"summary": title, "value": _example(code, status, title)} for code, title in kinds.items()}
    described = "\n".join(f"* `{code}`: {title}" for code, title in kinds.items())
    response = {"description": described, "content": _content(auto_schema, examples), **_headers(status)}
    name = status.name.title().replace("_", "")
    return component(auto_schema, name, response, ResolvedComponent.RESPONSE)


def _content(auto_schema: AutoSchema, examples: Schema) -> Schema:
    shown = {"examples": examples} if examples else {}
    return {ProblemRenderer.media_type: {"schema": problem(auto_schema), **shown}}


def _headers(status: HTTPStatus) -> Schema:
    if status == HTTPStatus.UNAUTHORIZED:
        schema = {"type": "string", "examples": [BEARER_CHALLENGE]}
        return {"headers": {"WWW-Authenticate": {"description": _("How to sign in."), "schema": schema}}}
    if status not in (HTTPStatus.SERVICE_UNAVAILABLE, HTTPStatus.TOO_MANY_REQUESTS):
        return {}
    described = _("After how many seconds to try again.")
    headers = {"Retry-After": {"description": described, "schema": {"type": "integer", "minimum": 0}}}
    if status == HTTPStatus.TOO_MANY_REQUESTS:
        headers["RateLimit"] = _told(_("What is left of each limit, and for how many seconds."), '"anonymous";r=0;t=42')
        headers["RateLimit-Policy"] = _told(_("Each limit: requests in seconds."), '"anonymous";q=3000;w=60')
    return {"headers": headers}


def _told(description: str, example: str) -> Schema:
    return {"description": description, "schema": {"type": "string", "examples": [example]}}


def _example(code: str, status: HTTPStatus, title: str) -> Any:
    return {"type": f"{TYPE_URI_PREFIX}{code}", "title": title, "status": int(status), "detail": title, "errors": []}


def problem(auto_schema: AutoSchema) -> Schema:
    """A problem document (RFC 9457)."""
    error = component(
        auto_schema,
        "ProblemError",
        {
            "type": "object",
            "description": _("One thing that was wrong, and where: in the body or in the query."),
            "properties": {
                "pointer": {
                    "type": "string",
                    "format": "uri-reference",
                    "description": _("A JSON pointer (RFC 6901) to the member of the body, as a URI fragment."),
                    "examples": ["#/name/en"],
                },
                "parameter": {"type": "string", "description": _("The query parameter.")},
                "url": {"type": "string", "format": "uri-reference", "description": _("The record in the way.")},
                "code": {"type": "string", "description": _("For programs; it does not depend on the language.")},
                "detail": {"type": "string", "description": _("For people.")},
            },
            "required": ["code", "detail"],
        },
    )
    schema = {
        "type": "object",
        "description": _("Why a request was refused (RFC 9457), in the language of the request."),
        "properties": {
            "type": {
                "type": "string",
                "format": "uri-reference",
                "description": _("The kind of problem; the address explains it."),
                "examples": [f"{TYPE_URI_PREFIX}invalid"],
            },
            "title": {"type": "string"},
            "status": {"type": "integer", "minimum": 400, "maximum": 599},
            "detail": {"type": "string"},
            "errors": {"type": "array", "items": error},
        },
        "required": ["type", "title", "status", "detail", "errors"],
    }
    return component(auto_schema, "Problem", schema)
