"""Attributes what a request writes: API and admin alike, also where a session signs in only later in the request."""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Mapping, MutableMapping
from typing import Any

from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.utils.translation import gettext as _

from tracker.api.problem_types import Problem
from tracker.api.problems import problem_response
from tracker.history.attribution import LONGEST_REASON, Attribution, attributed

READING = ("GET", "HEAD", "OPTIONS")
# Where a request's id waits for all who tell it.
NOTED = "tracker.request_id"
REQUEST_ID = re.compile(r"[A-Za-z0-9._:-]{1,64}")


class RequestIds:
    """Tells with each answer, whoever gives it, by which id its request is known: ``X-Request-ID``."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        response = self.get_response(request)
        response["X-Request-ID"] = request_id_of(request)
        return response


class AttributionMiddleware:
    """Takes the actor from the request's user, the reason from ``X-Change-Reason``, and the request's id."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        if request.method in READING:
            return self.get_response(request)
        reason = reason_of(request)
        if len(reason) > LONGEST_REASON:
            message = _("X-Change-Reason may have at most %(limit)d characters.") % {"limit": LONGEST_REASON}
            return problem_response(Problem(message, "invalid"))
        attribution = Attribution(reason=reason, request_id=request_id_of(request))
        request.attribution = attribution  # type: ignore[attr-defined]
        with attributed(attribution):
            attribution.to(getattr(request, "user", None))
            return self.get_response(request)


def request_id_of(request: HttpRequest) -> str:
    """The id that the client gives the request, or else one that it keeps from the first time it is asked for."""
    return request_id_from(request.META)


def request_id_from(environ: MutableMapping[str, Any]) -> str:
    """The same of a request as WSGI has it."""
    noted: str | None = environ.get(NOTED)
    if noted is None:
        noted = environ[NOTED] = _request_id(environ)
    return noted


def _request_id(environ: Mapping[str, Any]) -> str:
    given: str = environ.get("HTTP_X_REQUEST_ID", "")
    if REQUEST_ID.fullmatch(given):
        return given
    # No secret, so it need not come from the system, whose answer would let other threads go first.
    return f"{random.getrandbits(128):032x}"


def reason_of(request: HttpRequest) -> str:
    """The reason that a client gives; headers carry UTF-8, which WSGI hands on as Latin-1."""
    raw: Any = request.META.get("HTTP_X_CHANGE_REASON", "")
    try:
        return str(raw).encode("latin-1").decode("utf-8").replace("\x00", "").strip()
    except (UnicodeEncodeError, UnicodeDecodeError):
        return str(raw).replace("\x00", "").strip()
