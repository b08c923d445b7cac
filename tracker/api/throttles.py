"""How often whoever may ask: by token, by user, or by address where nobody has signed in; reads and writes apart.

What a request counts for is noted with it; answers tell it in `RateLimit` and `RateLimit-Policy`
(draft-ietf-httpapi-ratelimit-headers-10). Who comes too often is told when to come again (429, `Retry-After`). Counters
that fail let everybody pass.
"""

from __future__ import annotations

import logging
import time
from collections.abc import MutableMapping
from functools import lru_cache
from typing import Any, NamedTuple

from django.conf import settings
from django.utils.translation import ngettext
from rest_framework.permissions import SAFE_METHODS
from rest_framework.request import Request
from rest_framework.throttling import BaseThrottle

from tracker.api.counters import counters
from tracker.api.models import Token
from tracker.api.problem_types import Problem
from tracker.api.rates import Rate
from tracker.clients import client_of

Environ = MutableMapping[str, Any]
# Where a request's counts wait for its answer.
COUNTED = "tracker.counted"
# A store that fails does so with each request; saying it once in a while is enough.
SAID_EVERY_SECONDS = 60.0

logger = logging.getLogger(__name__)


class Failures:
    """When it was last said that counting fails."""

    def __init__(self) -> None:
        self.said_at = float("-inf")

    def are_to_be_said(self) -> bool:
        now = time.monotonic()
        is_time = now - self.said_at > SAID_EVERY_SECONDS
        self.said_at = now if is_time else self.said_at
        return is_time


failures = Failures()


class Count(NamedTuple):
    """How a client stands with one of the rates after its request."""

    name: str
    rate: Rate
    used: int
    left: float

    @property
    def is_too_much(self) -> bool:
        return self.used > self.rate.requests

    @property
    def wait(self) -> int:
        """The seconds until the next window, rounded up."""
        return int(-(-self.left // 1))

    def state(self) -> str:
        """What is left, as the header tells it."""
        return f'"{self.name}";r={max(self.rate.requests - self.used, 0)};t={self.wait}'


def count(environ: Environ, name: str, client: str) -> Count | None:
    """Count a request, one that counts, of a client for the rate of that name; None where there is no such limit."""
    rate = settings.TRACKER_RATES.get(name)
    if rate is None or not client:
        return None
    try:
        used, left = counters.count(f"{name} {client}", rate[1])
    except (OSError, ValueError):
        if failures.are_to_be_said():
            logger.warning("Requests cannot be counted; everybody passes.", exc_info=True)
        return None
    counted = Count(name, rate, used, left)
    environ[COUNTED].append(counted)
    return counted


def count_stranger(environ: Environ) -> Count | None:
    """Count a request that names nobody; None where it is for others to count, or where there is no limit."""
    if environ.get("HTTP_AUTHORIZATION") or environ.get("HTTP_COOKIE") or COUNTED in environ or not _is_for_us(environ):
        return None
    environ[COUNTED] = []
    return count(environ, _named("anonymous", environ["REQUEST_METHOD"]), client_of(environ))


def headers_of(environ: Environ) -> list[tuple[str, str]]:
    """What an answer tells of the limits that its request has counted for."""
    counted: list[Count] = environ.get(COUNTED) or []
    if not counted:
        return []
    policies = ", ".join([_policy(each.name, each.rate) for each in counted])
    return [("RateLimit-Policy", policies), ("RateLimit", ", ".join([each.state() for each in counted]))]


@lru_cache(maxsize=1_000)
def _policy(name: str, rate: Rate) -> str:
    return f'"{name}";q={rate.requests};w={rate.seconds}'


def too_many(counted: Count) -> Problem:
    """What whoever came too often is told."""
    detail = ngettext(
        "There were too many requests (at most %(requests)d in %(window)d s). Try again in %(wait)d second.",
        "There were too many requests (at most %(requests)d in %(window)d s). Try again in %(wait)d seconds.",
        counted.wait,
    ) % {"requests": counted.rate.requests, "window": counted.rate.seconds, "wait": counted.wait}
    problem = Problem(detail, "throttled", headers={"Retry-After": str(counted.wait)})
    problem.was_logged = counted.used > counted.rate.requests + 1
    return problem


class Throttle(BaseThrottle):
    """Counts who has signed in, at every view, and what a view has a rate of its own for."""

    def allow_request(self, request: Request, view: Any) -> bool:
        """True; raises the problem of whoever came too often."""
        count_reader(request)
        own = getattr(view, "throttle_scope", None)
        request.META.setdefault(COUNTED, [])
        if own and request.method not in SAFE_METHODS:
            _refuse_too_much(request, count(request.META, own, client_behind(request)))
        return True


def count_reader(request: Request) -> None:
    """Count a request, once it is known who sends it, unless it has been counted; raises Problem."""
    if COUNTED in request.META or not _is_for_us(request.META):
        return
    request.META[COUNTED] = []
    kind = _kind_of(request)
    _refuse_too_much(request, count(request.META, _named(kind, request.method or ""), client_behind(request)))


def client_behind(request: Request) -> str:
    """Whom a request counts for: its token, its user or its address."""
    kind = _kind_of(request)
    if kind == "token":
        return f"token {request.auth.pk}"
    return f"user {request.user.pk}" if kind == "user" else client_of(request.META)


def _kind_of(request: Request) -> str:
    if isinstance(request.auth, Token):
        return "token"
    return "user" if request.user.is_authenticated else "anonymous"


def _named(kind: str, method: str) -> str:
    return kind if method in SAFE_METHODS else f"{kind}-writes"


def _is_for_us(environ: Environ) -> bool:
    """Whether a request counts: of the API or a page of saved queries, and no preflight of a browser."""
    is_preflight = environ["REQUEST_METHOD"] == "OPTIONS" and "HTTP_ACCESS_CONTROL_REQUEST_METHOD" in environ
    return environ.get("PATH_INFO", "").startswith(("/api/", "/dashboards/")) and not is_preflight


def _refuse_too_much(request: Request, counted: Count | None) -> None:
    if counted is not None and counted.is_too_much:
        raise too_many(counted)
