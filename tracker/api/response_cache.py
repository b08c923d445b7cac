"""Answers to anonymous GETs, kept under the revision that they were made at: never stale, and nothing to invalidate.

The middleware stands before all others. It asks the database for the newest revision and, where the same was asked at
this revision before, answers without going further. Answers are kept as they are sent, compressed once.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from hashlib import blake2b
from http import HTTPStatus
from typing import Any

from django.conf import settings
from django.core.exceptions import SuspiciousOperation
from django.db import Error as DatabaseError
from django.db import connection
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase

from tracker.api.codings import coding_of, encode
from tracker.api.entity_tags import not_modified, public_variant_of, tag_from
from tracker.api.forgiving_cache import forgiving
from tracker.history.middleware import request_id_of
from tracker.history.newest import Newest, newest_revision

KEPT_SECONDS = 24 * 60 * 60
KEPT_TYPES = ("application/json", "application/atom+xml")
# What else the API has, its documentation among it, needs no database.
RECORDS = re.compile(r"/api/v[0-9]+/.")
# Made anew for each request.
NOT_KEPT = ("x-request-id", "date", "server")


class ResponseCache:
    """Serves what it may from the cache, compresses what is long, and keeps what it may."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        newest = _newest_for(request)
        if newest is None:
            return _encoded(self.get_response(request), request)
        variant = public_variant_of(request)
        tag = tag_from(variant, newest.number)
        key = _key(variant, newest)
        known = not_modified(request, tag) or kept(key)
        if known is not None:
            known["X-Request-ID"] = request_id_of(request)
            return known
        request.newest_revision = newest  # type: ignore[attr-defined]
        answer = _encoded(self.get_response(request), request)
        if _may_be_kept(answer, tag):
            keep(key, answer)
        return answer


def _newest_for(request: HttpRequest) -> Newest | None:
    """The newest revision, for a request whose answer depends on nothing else but what it says of itself."""
    anonymous = "HTTP_AUTHORIZATION" not in request.META and settings.SESSION_COOKIE_NAME not in request.COOKIES
    # What a transaction has not committed yet, its revision does not tell.
    if request.method not in ("GET", "HEAD") or not anonymous or not RECORDS.match(request.path_info):
        return None
    if connection.in_atomic_block:
        return None
    try:
        request.get_host()
        return newest_revision()
    except (SuspiciousOperation, DatabaseError):
        return None


def _key(variant: str, newest: Newest) -> str:
    on = f"{newest.number}\n{newest.at}\n{variant}"
    return "answer:" + blake2b(on.encode("utf-8", "replace"), digest_size=20).hexdigest()


def _encoded(answer: HttpResponseBase, request: HttpRequest) -> HttpResponseBase:
    if request.method in ("GET", "HEAD") and answer.get("Content-Type", "") in KEPT_TYPES and answer.has_header("ETag"):
        encode(answer, coding_of(request))
    return answer


def _may_be_kept(answer: HttpResponseBase, tag: str) -> bool:
    """Whether an answer is the one that the tag promises, made at its revision and for everybody."""
    return (
        answer.status_code == HTTPStatus.OK
        and answer.get("ETag") == tag
        and answer.get("Content-Type", "") in KEPT_TYPES
        and not answer.streaming
        and not answer.cookies
    )


def kept(key: str) -> HttpResponse | None:
    """The answer that is kept under a key."""
    found = forgiving.get(key)
    if found is None:
        return None
    body, headers = found
    return HttpResponse(body, headers=dict(headers))


def keep(key: str, answer: Any) -> None:
    headers = tuple((name, value) for name, value in answer.items() if name.lower() not in NOT_KEPT)
    forgiving.set(key, (answer.content, headers), KEPT_SECONDS)
