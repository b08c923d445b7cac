"""Answers to anonymous GETs, kept under the revision that they were made at: never stale, and nothing to invalidate.

Who asks is answered from here if the same was asked before at the newest revision: by the front, before Django makes a
request of it, or by the middleware, where Django is asked by other ways. Answers are kept as they are sent, compressed
once. Clients that send cookies or a token have their answers made for them.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import lru_cache
from hashlib import blake2b
from http import HTTPStatus
from typing import Any, NamedTuple

from django.core.exceptions import SuspiciousOperation
from django.core.handlers.wsgi import WSGIRequest
from django.db import Error as DatabaseError
from django.db import connection
from django.http import HttpRequest, HttpResponse, HttpResponseNotModified
from django.http.response import HttpResponseBase
from django.utils.translation import get_language_from_request

from tracker.api.codings import coding_of, encode
from tracker.api.entity_tags import Environ, is_known, marks_for_all, tag_from, variant_of
from tracker.api.forgiving_cache import forgiving
from tracker.api.throttles import Count, count_stranger, headers_of
from tracker.api.too_many_requests import refusal
from tracker.history.middleware import request_id_from
from tracker.history.newest import Newest, newest_revision
from tracker.history.prompt_newest import PromptNewest
from tracker.ops.security_log import log_refusal

KEPT_SECONDS = 24 * 60 * 60
KEPT_TYPES = ("application/json", "application/atom+xml")
# What else the API has, its documentation among it, needs no database.
RECORDS = re.compile(r"/api/v[0-9]+/.")

Kept = tuple[bytes, tuple[tuple[str, str], ...]]
"""A body as it is sent, and its headers."""
Application = Callable[..., Iterable[bytes]]
StartResponse = Callable[..., Any]


class Answer(NamedTuple):
    """What a server is told to send."""

    status: str
    headers: list[tuple[str, str]]
    body: list[bytes]


@dataclass(frozen=True)
class Question:
    """A request whose answer depends on nothing but what it says and the newest revision."""

    tag: str
    key: str
    newest: Newest

    @classmethod
    def of(cls, environ: Environ, ask: Callable[[], Newest | None] = newest_revision) -> Question | None:
        """The question that a request asks; None if it is for somebody in particular, or the database is away."""
        if environ["REQUEST_METHOD"] not in ("GET", "HEAD") or not RECORDS.match(environ.get("PATH_INFO", "")):
            return None
        if environ.get("HTTP_AUTHORIZATION") or environ.get("HTTP_COOKIE"):
            return None
        # What a transaction has not committed yet, its revision does not tell.
        if connection.in_atomic_block:
            return None
        try:
            newest = ask()
        except DatabaseError:
            newest = None
        if newest is None:
            return None
        variant = variant_of(environ, (None, False), _language(environ.get("HTTP_ACCEPT_LANGUAGE", "")))
        on = f"{newest.at}\n{newest.number}\n{variant}".encode("utf-8", "replace")
        return cls(tag_from(variant, newest.number), f"answer:{blake2b(on, digest_size=20).hexdigest()}", newest)

    def kept(self) -> Kept | None:
        """What was answered before."""
        found: Kept | None = forgiving.get(self.key)
        return found

    def is_answered(self, environ: Environ) -> bool:
        """Whether the client has the answer already; of “*”, which asks whether there is any, that is not known."""
        given = environ.get("HTTP_IF_NONE_MATCH")
        return given is not None and given.strip() != "*" and is_known(given, self.tag)

    def answer(self, environ: Environ) -> Answer | None:
        """What can be answered without asking for the records; None if that is nothing."""
        unchanged = Answer("304 Not Modified", marks_for_all(self.tag), [])
        if self.is_answered(environ):
            return unchanged
        kept = self.kept()
        if kept is None:
            return None
        # What is left of those who know it is “*”: there is an answer.
        is_there = is_known(environ.get("HTTP_IF_NONE_MATCH"), self.tag)
        return unchanged if is_there else Answer("200 OK", list(kept[1]), [kept[0]])


@lru_cache(maxsize=1_000)
def _language(accepted: str) -> str:
    request = HttpRequest()
    request.META["HTTP_ACCEPT_LANGUAGE"] = accepted
    return get_language_from_request(request)


class KeptAnswers:
    """A WSGI application that gives the answers that are kept, and asks another one for all others."""

    def __init__(self, application: Application) -> None:
        self.application = application
        self.prompt = PromptNewest()

    def __call__(self, environ: dict[str, Any], start_response: StartResponse) -> Iterable[bytes]:
        """The answer that is kept, or else the application's; to who comes too often, that."""
        if not _is_for_all_origins(environ):
            return self._asked(environ, start_response)
        counted = count_stranger(environ)
        if counted is not None and counted.is_too_much:
            return _refused(environ, counted, start_response)
        question = Question.of(environ) if environ["REQUEST_METHOD"] == "GET" else None
        answer = question.answer(environ) if question is not None else None
        if answer is None:
            return self._asked(environ, start_response)
        return _given(environ, answer, start_response)

    def look_anew(self) -> None:
        """Say that what is asked ``at_once`` from now on has come in before now."""
        self.prompt.look_anew()

    def at_once(self, environ: dict[str, Any], start_response: StartResponse) -> Iterable[bytes] | None:
        """The answer, if it can be given without waiting for anybody; else None, and nothing has been done.

        For the one thread of a server that hears of requests: it must never stand still.
        """
        if environ["REQUEST_METHOD"] != "GET" or not _is_for_all_origins(environ):
            return None
        question = Question.of(environ, self.prompt.newest)
        if question is None or not (forgiving.is_at_hand or question.is_answered(environ)):
            return None
        answer = question.answer(environ)
        if answer is None:
            return None
        counted = count_stranger(environ)
        if counted is not None and counted.is_too_much:
            return _refused(environ, counted, start_response)
        return _given(environ, answer, start_response)

    def _asked(self, environ: dict[str, Any], start_response: StartResponse) -> Iterable[bytes]:
        answer = self.application(environ, start_response)
        return _without_body(answer) if environ["REQUEST_METHOD"] == "HEAD" else answer


def _is_for_all_origins(environ: Environ) -> bool:
    """Whether no page of another origin asks: what such a page may read, Django's middleware says."""
    return "HTTP_ORIGIN" not in environ


def _given(environ: dict[str, Any], answer: Answer, start_response: StartResponse) -> Iterable[bytes]:
    own = [("X-Request-ID", request_id_from(environ)), *headers_of(environ)]
    start_response(answer.status, [*answer.headers, *own])
    return answer.body


def _refused(environ: dict[str, Any], counted: Count, start_response: StartResponse) -> Iterable[bytes]:
    request = WSGIRequest(environ)
    answer = refusal(request, counted)
    log_refusal(request, answer)
    start_response(f"{answer.status_code} {answer.reason_phrase}", list(answer.items()))
    return [] if request.method == "HEAD" else [answer.content]


def _without_body(answer: Iterable[bytes]) -> Iterable[bytes]:
    """The answer to HEAD, of which Django leaves the body to the server."""
    close = getattr(answer, "close", None)
    if close is not None:
        close()
    return []


class ResponseCache:
    """The middleware that keeps what everybody may read, and compresses what is long."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        question = Question.of(request.META) if _has_a_host(request) else None
        if question is None:
            return _encoded(self.get_response(request), request)
        answered = question.answer(request.META)
        if answered is not None:
            return _response(answered)
        request.newest_revision = question.newest  # type: ignore[attr-defined]
        answer = _encoded(self.get_response(request), request)
        _keep(answer, question)
        return answer


def _has_a_host(request: HttpRequest) -> bool:
    try:
        return bool(request.get_host())
    except SuspiciousOperation:
        return False


def _encoded(answer: HttpResponseBase, request: HttpRequest) -> HttpResponseBase:
    if request.method in ("GET", "HEAD") and answer.get("Content-Type", "") in KEPT_TYPES and answer.has_header("ETag"):
        encode(answer, coding_of(request))
    return answer


def _response(answer: Answer) -> HttpResponseBase:
    headers = dict(answer.headers)
    return HttpResponse(answer.body, headers=headers) if answer.body else HttpResponseNotModified(headers=headers)


def _keep(answer: Any, question: Question) -> None:
    """Keep an answer if it is the one that the tag promises, made at its revision and for everybody."""
    is_whole = answer.status_code == HTTPStatus.OK and not answer.streaming and not answer.cookies
    if is_whole and answer.get("ETag") == question.tag and answer.get("Content-Type", "") in KEPT_TYPES:
        forgiving.set(question.key, (answer.content, tuple(answer.items())), KEPT_SECONDS)
