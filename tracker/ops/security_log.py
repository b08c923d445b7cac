"""The log of what was refused: to whom, from where, and why; one line each, under the name `tracker.security`."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from http import HTTPStatus
from typing import Any

from django.http import HttpRequest
from django.http.response import HttpResponseBase

from tracker.clients import address_of

# Ways of working together, not of doing harm: somebody was faster, or has not read what is there now.
NOT_LOGGED = (
    HTTPStatus.CONFLICT,
    HTTPStatus.PRECONDITION_FAILED,
    HTTPStatus.UNPROCESSABLE_ENTITY,
    HTTPStatus.PRECONDITION_REQUIRED,
)
ALARMING = (
    HTTPStatus.UNAUTHORIZED,
    HTTPStatus.FORBIDDEN,
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    HTTPStatus.TOO_MANY_REQUESTS,
)
READING = ("GET", "HEAD", "OPTIONS")
# Of what a line quotes from a request.
LONGEST = 200
NAMED_ERRORS = 5

logger = logging.getLogger("tracker.security")


class SecurityLog:
    """The middleware that logs what was refused."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        answer = self.get_response(request)
        if HTTPStatus.BAD_REQUEST <= answer.status_code < HTTPStatus.INTERNAL_SERVER_ERROR:
            log_refusal(request, answer)
        return answer


def log_refusal(request: HttpRequest, answer: Any) -> None:
    """Log an answer that refuses, unless it is one of the everyday, or was logged a moment ago."""
    status = answer.status_code
    problem = getattr(answer, "problem", None)
    user: Any = getattr(request, "user", None)
    name = user.get_username() if user is not None and user.is_authenticated else "-"
    is_everyday = status == HTTPStatus.NOT_FOUND and request.method in READING and name == "-"
    if status in NOT_LOGGED or is_everyday or getattr(problem, "was_logged", False):
        return
    token = getattr(getattr(request, "auth", None), "prefix", None) or "-"
    logger.log(
        logging.WARNING if status in ALARMING else logging.INFO,
        "refused %d %s user=%s token=%s address=%s %s %s",
        status,
        " ".join(_reasons(problem)) or answer.reason_phrase,
        _quoted(name),
        token,
        address_of(request.META) or "-",
        _quoted(request.method or ""),
        _quoted(request.path),
    )


def _reasons(problem: Any) -> Iterator[str]:
    """The code of a problem, and of its first errors with their places."""
    if problem is None:
        return
    yield problem.code
    for error in problem.errors[:NAMED_ERRORS]:
        place = error.get("pointer") or error.get("parameter") or ""
        yield _quoted(f"{place}:{error.get('code', '')}")


def _quoted(text: str) -> str:
    """A text in visible ASCII, so that nobody writes lines of their own into the log."""
    return text[:LONGEST].encode("unicode_escape").decode("ascii").replace(" ", "\\x20")
