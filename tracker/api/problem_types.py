"""The kinds of problem that the API reports (RFC 9457), and the exceptions that raise them."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any
from urllib.parse import quote

from django.conf import settings
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from rest_framework.exceptions import APIException, ErrorDetail
from rest_framework.settings import api_settings

TYPE_URI_PREFIX = "/api/docs/problems#"

# Django's forms and models file what belongs to no single field under this key, DRF under its own.
WHOLE_OBJECT_KEYS = ("__all__", api_settings.NON_FIELD_ERRORS_KEY)


@dataclass(frozen=True)
class ProblemType:
    """One documented kind of problem: `type` in a problem document points at it."""

    status: int
    title: Any


PROBLEM_TYPES: Mapping[str, ProblemType] = {
    "bad_request": ProblemType(400, gettext_lazy("The request cannot be understood")),
    "invalid": ProblemType(400, gettext_lazy("The request has invalid values")),
    "parse_error": ProblemType(400, gettext_lazy("The body cannot be read")),
    "empty_body": ProblemType(400, gettext_lazy("The body is empty")),
    "unknown_parameter": ProblemType(400, gettext_lazy("The query has an unknown parameter")),
    "invalid_parameter": ProblemType(400, gettext_lazy("The query has an invalid parameter")),
    "invalid_header": ProblemType(400, gettext_lazy("The request has an invalid header")),
    "too_many_parameters": ProblemType(400, gettext_lazy("There are too many parameters")),
    "not_authenticated": ProblemType(401, gettext_lazy("Sign in first")),
    "authentication_failed": ProblemType(401, gettext_lazy("The credentials were refused")),
    "token_malformed": ProblemType(401, gettext_lazy("The token is malformed")),
    "token_invalid": ProblemType(401, gettext_lazy("The token is not valid")),
    "token_expired": ProblemType(401, gettext_lazy("The token has expired")),
    "token_revoked": ProblemType(401, gettext_lazy("The token was revoked")),
    "user_inactive": ProblemType(401, gettext_lazy("The account is not active")),
    "permission_denied": ProblemType(403, gettext_lazy("You may not do this")),
    "token_scope": ProblemType(403, gettext_lazy("The token does not reach this far")),
    "second_factor_required": ProblemType(403, gettext_lazy("A second factor is missing")),
    "csrf_failed": ProblemType(403, gettext_lazy("The request carries no valid CSRF token")),
    "not_found": ProblemType(404, gettext_lazy("Not found")),
    "method_not_allowed": ProblemType(405, gettext_lazy("The method is not allowed here")),
    "not_acceptable": ProblemType(406, gettext_lazy("No such format")),
    "conflict": ProblemType(409, gettext_lazy("The request conflicts with a record")),
    "protected": ProblemType(409, gettext_lazy("Other records refer to this one")),
    "answer_not_kept": ProblemType(409, gettext_lazy("The request was carried out before")),
    "length_required": ProblemType(411, gettext_lazy("The length of the body is missing")),
    "precondition_failed": ProblemType(412, gettext_lazy("The record has changed since you read it")),
    "too_large": ProblemType(413, gettext_lazy("The body is too large")),
    "uri_too_long": ProblemType(414, gettext_lazy("The address is too long")),
    "unsupported_media_type": ProblemType(415, gettext_lazy("The body is of an unsupported type")),
    "idempotency_key_reused": ProblemType(422, gettext_lazy("The idempotency key belongs to another request")),
    "precondition_required": ProblemType(428, gettext_lazy("Say which state of the record you change")),
    "throttled": ProblemType(429, gettext_lazy("Too many requests")),
    "headers_too_large": ProblemType(431, gettext_lazy("The headers are too large")),
    "server_error": ProblemType(500, gettext_lazy("The server failed")),
    "too_expensive": ProblemType(503, gettext_lazy("The answer takes too long to find")),
    "unavailable": ProblemType(503, gettext_lazy("The service is not available")),
    "conflict_retry": ProblemType(503, gettext_lazy("Another request came in between; try again")),
}


class Problem(APIException):
    """A refusal that knows its own problem document: raise it anywhere below an API view."""

    status_code: int = HTTPStatus.BAD_REQUEST
    default_detail = gettext_lazy("The request cannot be understood.")
    default_code = "bad_request"
    was_logged: bool = False
    """Whether the same was refused a moment ago, so that the log has it."""

    def __init__(
        self,
        detail: Any = None,
        code: str | None = None,
        *,
        status: int | None = None,
        title: Any = None,
        errors: Sequence[Mapping[str, Any]] = (),
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(detail, code)
        self.code = code or self.default_code
        kind = PROBLEM_TYPES.get(self.code)
        if status is not None:
            self.status_code = status
        elif kind is not None:
            self.status_code = kind.status
        self.title = title or (kind.title if kind else HTTPStatus(self.status_code).phrase)
        self.errors = [dict(error) for error in errors]
        self.headers = dict(headers or {})

    def document(self) -> dict[str, Any]:
        """The problem document, in the language of the current request."""
        return {
            "type": f"{TYPE_URI_PREFIX}{self.code}",
            "title": str(self.title),
            "status": int(self.status_code),
            "detail": str(self.detail),
            "errors": [{key: _plain(value) for key, value in error.items()} for error in self.errors],
        }


class Conflict(Problem):
    """What was asked for clashes with a record that is already there."""

    status_code = HTTPStatus.CONFLICT
    default_detail = gettext_lazy("A record that is already there rules this out.")
    default_code = "conflict"


class InvalidParameters(Problem):
    """Query parameters whose values were refused, each with its reasons."""

    default_detail = gettext_lazy("A query parameter has a value that is not valid.")
    default_code = "invalid_parameter"

    def __init__(self, reasons: Mapping[str, Any], code: str | None = None) -> None:
        errors = [
            {"parameter": name, "code": getattr(reason, "code", None) or "invalid", "detail": reason}
            for name, listed in reasons.items()
            for reason in (listed if isinstance(listed, (list, tuple)) else [listed])
        ]
        super().__init__(summary(errors), code, errors=errors)


class UnknownParameter(Problem):
    """Query parameters that the address does not know; the answer lists those that it does."""

    default_code = "unknown_parameter"

    def __init__(self, names: Iterable[str], valid: Iterable[str]) -> None:
        known = ", ".join(sorted(valid)) or "—"
        errors = [
            {
                "parameter": name,
                "code": "unknown_parameter",
                "detail": _("There is no parameter “%(name)s” here. Valid parameters: %(known)s.")
                % {"name": name, "known": known},
            }
            for name in names
        ]
        super().__init__(summary(errors), errors=errors)


def pointer(path: Iterable[str | int] = ()) -> str:
    """A JSON pointer (RFC 6901) to a member of the body, as a URI fragment."""
    return "#" + "".join(f"/{_escaped(str(step))}" for step in path)


def field_errors(detail: Any, path: tuple[str | int, ...] = ()) -> list[dict[str, Any]]:
    """DRF's nested error detail as a flat list, each error with a pointer to what it is about."""
    if isinstance(detail, Mapping):
        found = []
        for key, value in detail.items():
            found += field_errors(value, path if key in WHOLE_OBJECT_KEYS else (*path, key))
        return found
    if isinstance(detail, (list, tuple)):
        found = []
        for index, item in enumerate(detail):
            about_item = isinstance(item, (Mapping, list, tuple))
            found += field_errors(item, (*path, index) if about_item else path)
        return found
    code = detail.code if isinstance(detail, ErrorDetail) else None
    return [{"pointer": pointer(path), "code": code or "invalid", "detail": detail}]


def model_field_path(field_name: str) -> tuple[str, ...]:
    """Where a model field is found in a body: the columns of a text in two languages are one map."""
    stem, _separator, language = field_name.rpartition("_")
    if stem and language in dict(settings.LANGUAGES):
        return (stem, language)
    return (field_name,)


def model_field_errors(detail: Any) -> list[dict[str, Any]]:
    """Like `field_errors`, for what a model's own validation reports by field name."""
    if not isinstance(detail, Mapping):
        return field_errors(detail)
    found = []
    for key, value in detail.items():
        found += field_errors(value, () if key in WHOLE_OBJECT_KEYS else model_field_path(key))
    return found


def summary(errors: Sequence[Mapping[str, Any]]) -> str:
    """One sentence for `detail`: the only error itself, or how many there are."""
    if len(errors) == 1:
        return str(errors[0]["detail"])
    return _("%(count)d values were refused; “errors” lists them.") % {"count": len(errors)}


def _escaped(step: str) -> str:
    # RFC 6901 escapes ~ and /; as a URI fragment, what RFC 3986 does not allow there is percent-encoded.
    return quote(step.replace("~", "~0").replace("/", "~1"), safe="~!$&'()*+,;=:@-._")


def _plain(value: Any) -> Any:
    return value if isinstance(value, (int, dict, list, type(None))) else str(value)
