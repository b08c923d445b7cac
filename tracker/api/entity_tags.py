"""Entity tags (RFC 9110, 8.8.3) made of revision numbers, and the preconditions that save reads and updates by them.

A tag names the revision that a representation was read at, and what else it depends on: who reads which address, in
which of the forms, languages and codings that the client takes, on which day. ``If-Match`` holds if the record has not
changed since that revision, whatever else has. A tag of the past (``as_of``) permits no write: its reader has not seen
the present.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any, TypeAlias, TypeVar

from django.conf import settings
from django.http import HttpResponseNotModified, QueryDict
from django.http.response import HttpResponseBase
from django.utils.cache import patch_vary_headers
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from rest_framework.request import Request

from tracker.api.codings import preferred
from tracker.api.problem_types import Problem
from tracker.history.time_travel import current_revision
from tracker.history.versions import last_revision_of

TAG = re.compile(r'"(\d{1,18})-[0-9a-f]{8}"')
WEAK = "W/"
KEPT_QUERIES = 1_000
Environ: TypeAlias = Mapping[str, Any]
Answer = TypeVar("Answer", bound=HttpResponseBase)
VARIES_BY = ("Accept", "Accept-Encoding", "Accept-Language", "Authorization", "Cookie", "Origin")
FOR_ALL = "public, no-cache"
FOR_ONE = "private, no-cache"
OWED = "precondition_required"
MOVED_ON = "precondition_failed"


def tag_of(request: Any, revision: int, record: Any = None) -> str:
    """The strong tag of what a request is answered with, or of a record at its own address, at a revision."""
    address = f"{request.build_absolute_uri(record.get_absolute_url())}?" if record else None
    user = (request.user.pk, request.user.is_staff)
    return tag_from(variant_of(request.META, user, get_language(), address), revision)


def variant_of(environ: Environ, user: tuple[Any, bool], language: str | None, address: str | None = None) -> str:
    """All that an answer depends on besides the revision: the request as WSGI has it, and who sent it."""
    on = (
        "past" if asks_for_the_past(environ.get("QUERY_STRING", "")) else "present",
        *user,
        address or address_of(environ),
        environ.get("HTTP_ACCEPT", ""),
        language,
        preferred(environ.get("HTTP_ACCEPT_ENCODING", "")),
        datetime.now(UTC).date(),
    )
    return "\n".join(map(str, on))


def tag_from(variant: str, revision: int) -> str:
    then = "-past" if variant.startswith("past") else ""
    return f'"{revision}{then}-{zlib.crc32(variant.encode("utf-8", "replace")):08x}"'


def address_of(environ: Environ) -> str:
    """What a request asks for."""
    path = f"{environ.get('SCRIPT_NAME', '')}{environ.get('PATH_INFO', '')}"
    return f"{site_of(environ)}{path}?{in_order(environ.get('QUERY_STRING', ''))}"


def site_of(environ: Environ) -> str:
    """The scheme and host that a request names, as Django tells them, which also checks the host."""
    scheme = environ["wsgi.url_scheme"]
    if settings.SECURE_PROXY_SSL_HEADER:
        header, secure = settings.SECURE_PROXY_SSL_HEADER
        told = environ.get(header)
        scheme = scheme if told is None else "https" if told.split(",")[0].strip() == secure else "http"
    return f"{scheme}://{environ.get('HTTP_HOST') or _host_without_header(environ, scheme)}"


def _host_without_header(environ: Environ, scheme: str) -> str:
    port = str(environ["SERVER_PORT"])
    name: str = environ["SERVER_NAME"]
    return name if port == ("443" if scheme == "https" else "80") else f"{name}:{port}"


@lru_cache(maxsize=KEPT_QUERIES)
def in_order(query: str) -> str:
    """A query, however its parameters are ordered; of those with one name the order counts."""
    return "&".join(sorted(query.split("&"), key=lambda pair: pair.partition("=")[0]))


@lru_cache(maxsize=KEPT_QUERIES)
def asks_for_the_past(query: str) -> bool:
    return "as_of" in QueryDict(query)


def marked(response: Answer, request: Any, tag: str) -> Answer:
    """An answer under its tag: whoever keeps it asks each time whether it still is as it was."""
    user = getattr(request, "user", None)
    response["ETag"] = tag
    response["Cache-Control"] = FOR_ONE if user and user.is_authenticated else FOR_ALL
    patch_vary_headers(response, VARIES_BY)
    return response


def marks_for_all(tag: str) -> list[tuple[str, str]]:
    """The headers by which an answer for everybody is marked: all that one without a body owes (RFC 9110, 15.4.5)."""
    return [("ETag", tag), ("Cache-Control", FOR_ALL), ("Vary", ", ".join(VARIES_BY))]


def not_modified(request: Any, tag: str) -> HttpResponseNotModified | None:
    """The answer to a reader whose ``If-None-Match`` names the tag of what they would get; None where it does not."""
    if not is_known(request.META.get("HTTP_IF_NONE_MATCH"), tag):
        return None
    return marked(HttpResponseNotModified(), request, tag)


def is_known(given: str | None, tag: str) -> bool:
    """Whether an ``If-None-Match`` names a tag; the comparison is the weak one (RFC 9110, 13.1.2)."""
    if given is None:
        return False
    known = _listed(given)
    return "*" in known or tag in (each.removeprefix(WEAK) for each in known)


def check_precondition(request: Request, record: Any) -> None:
    """Refuse the write with 412 if the record has moved on since ``If-Match``, and with 428 if that is owed.

    The caller holds the record's lock.
    """
    given = request.headers.get("If-Match")
    if given is None:
        if settings.TRACKER_REQUIRE_IF_MATCH:
            raise Problem(_("Send If-Match with the record's ETag, so that no other change is lost."), OWED)
        return
    last = last_revision_of(record)
    if not has_seen(given, last, current_revision()):
        tag = tag_of(request, last, record)
        raise Problem(moved_on(tag), MOVED_ON, headers={"ETag": tag})


def moved_on(tag: str) -> str:
    """What a writer is told who has not seen the record's last change."""
    return _("The record has changed since you read it. Read it again; its ETag is now %(tag)s.") % {"tag": tag}


def has_seen(given: str, last: int, current: int) -> bool:
    """Whether ``given``, as in ``If-Match``, names a revision that is not older than the record's last.

    Weak tags never match (RFC 9110, 13.1.1), nor do tags of revisions after the registry's current one.
    """
    tags = _listed(given)
    named = [int(match[1]) for tag in tags if (match := TAG.fullmatch(tag))]
    return "*" in tags or any(last <= number <= current for number in named)


def _listed(header: str | None) -> list[str]:
    return [tag.strip() for tag in (header or "").split(",")]
