"""Problem documents (RFC 9457): every refusal leaves the API through here, in one shape."""

import sys
from collections.abc import Callable, Mapping
from http import HTTPStatus
from typing import Any

import psycopg
from django.conf import settings
from django.core import exceptions as django_exceptions
from django.db import Error as DatabaseError
from django.db.models import ProtectedError, RestrictedError
from django.http import Http404, HttpRequest, HttpResponse, UnreadablePostError
from django.http.multipartparser import MultiPartParserError
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views import csrf, defaults
from rest_framework import exceptions
from rest_framework.fields import get_error_detail
from rest_framework.renderers import BrowsableAPIRenderer, JSONRenderer
from rest_framework.response import Response
from rest_framework.views import set_rollback

from tracker.api.database_errors import problem_from_database, problem_from_referrers
from tracker.api.problem_types import (
    Conflict,
    InvalidParameters,
    Problem,
    UnknownParameter,
    field_errors,
    model_field_errors,
    pointer,
    summary,
)
from tracker.api.throttles import count_reader

__all__ = [
    "Conflict",
    "InvalidParameters",
    "Problem",
    "ProblemRenderer",
    "UnknownParameter",
    "exception_handler",
    "field_errors",
    "is_api_request",
    "pointer",
    "problem_response",
]

REFUSED_TO_READER = (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN)
BEARER_CHALLENGE = 'Bearer realm="api"'


class ProblemRenderer(JSONRenderer):
    """Writes a problem document, whatever the client said it accepts."""

    media_type = "application/problem+json"
    format = "problem+json"


class ProblemResponse(Response):
    """A problem as the answer of an API view."""

    problem: Problem

    @property
    def rendered_content(self) -> Any:
        """The body: a page for a browser that made a mistake, the bare document for all others."""
        renderer = getattr(self, "accepted_renderer", None)
        # The page asks the database for forms and permissions, which a failing server cannot answer.
        if not isinstance(renderer, BrowsableAPIRenderer) or self.status_code >= HTTPStatus.INTERNAL_SERVER_ERROR:
            self.accepted_renderer = ProblemRenderer()
            self.accepted_media_type = ProblemRenderer.media_type
        return super().rendered_content


def exception_handler(exc: Exception, context: Mapping[str, Any]) -> Response | None:
    """DRF's EXCEPTION_HANDLER: any exception of an API view as a problem, or None for a fault of ours."""
    problem = to_problem(exc, context.get("view"))
    if problem is None:
        return None
    if problem.status_code in REFUSED_TO_READER:
        problem = _or_too_often(problem, context.get("request"))
    response = ProblemResponse(problem.document(), status=problem.status_code, headers=problem.headers)
    response.problem = problem
    # Last, because naming the records that forbid a deletion may still ask the database.
    set_rollback()
    return response


def _or_too_often(problem: Problem, request: Any) -> Problem:
    """The refusal of who asks, before anything was counted: such requests count too, or passwords could be guessed."""
    try:
        if request is not None:
            count_reader(request)
    except Problem as too_often:
        return too_often
    return problem


def to_problem(exc: BaseException, view: Any = None) -> Problem | None:
    """The problem that an exception amounts to, or None when the fault is the server's own."""
    if isinstance(exc, Problem):
        return exc
    if isinstance(exc, exceptions.APIException):
        return _from_rest_framework(exc, view)
    if isinstance(exc, (ProtectedError, RestrictedError)):
        return problem_from_referrers(exc)
    if isinstance(exc, (DatabaseError, psycopg.Error)):
        return problem_from_database(exc)
    return _from_django(exc)


def _from_rest_framework(exc: exceptions.APIException, view: Any) -> Problem:
    if isinstance(exc.detail, (list, dict)):
        errors = field_errors(exc.detail)
        return Problem(summary(errors), exc.default_code, status=exc.status_code, errors=errors)
    code = getattr(exc.detail, "code", None) or exc.default_code
    status, detail, headers = exc.status_code, str(exc.detail), {}
    if isinstance(exc, (exceptions.NotAuthenticated, exceptions.AuthenticationFailed)):
        # DRF turns 401 into 403 when its first authenticator has no challenge; the challenge here is always Bearer.
        status = HTTPStatus.UNAUTHORIZED
        refused = ', error="invalid_token"' if isinstance(exc, exceptions.AuthenticationFailed) else ""
        headers = {"WWW-Authenticate": BEARER_CHALLENGE + refused}
    elif isinstance(exc, exceptions.Throttled):
        wait = getattr(exc, "wait", None)
        headers = {} if wait is None else {"Retry-After": str(wait)}
    elif isinstance(exc, exceptions.NotAcceptable):
        detail = _("This address answers as: %(types)s.") % {"types": _media_types(view, "get_renderers")}
    elif isinstance(exc, exceptions.UnsupportedMediaType):
        detail = _("Send the body as: %(types)s.") % {"types": _media_types(view, "get_parsers")}
    return Problem(detail, code, status=status, headers=headers)


def _from_django(exc: BaseException) -> Problem | None:
    if isinstance(exc, Http404):
        return Problem(_("There is nothing at this address, or you may not see it."), "not_found")
    if isinstance(exc, django_exceptions.PermissionDenied):
        return Problem(str(exc) or _("You do not have permission to perform this action."), "permission_denied")
    if isinstance(exc, django_exceptions.ValidationError):
        errors = model_field_errors(get_error_detail(exc))
        return Problem(summary(errors), "invalid", errors=errors)
    if isinstance(exc, django_exceptions.RequestDataTooBig):
        limit = settings.DATA_UPLOAD_MAX_MEMORY_SIZE
        return Problem(_("The body may have at most %(limit)s bytes.") % {"limit": limit}, "too_large")
    if isinstance(exc, (django_exceptions.TooManyFieldsSent, django_exceptions.TooManyFilesSent)):
        limit = settings.DATA_UPLOAD_MAX_NUMBER_FIELDS
        return Problem(_("There may be at most %(limit)s parameters.") % {"limit": limit}, "too_many_parameters")
    if isinstance(exc, (MultiPartParserError, UnreadablePostError)):
        return Problem(_("The body could not be read to its end."), "parse_error")
    if isinstance(exc, (django_exceptions.SuspiciousOperation, django_exceptions.BadRequest)):
        return Problem()
    return None


def _media_types(view: Any, ask: str) -> str:
    parts = getattr(view, ask)() if view is not None else ()
    return ", ".join(dict.fromkeys(part.media_type for part in parts))


def is_api_request(request: HttpRequest) -> bool:
    """Whether a request is a program's, to be answered with problem documents also outside DRF's views."""
    return request.path_info.startswith("/api/")


def problem_response(problem: Problem) -> HttpResponse:
    """A problem as a plain Django response, for middleware and Django's own error handlers."""
    body = ProblemRenderer().render(problem.document())
    response = HttpResponse(
        body, status=problem.status_code, headers=problem.headers, content_type=ProblemRenderer.media_type
    )
    response.problem = problem  # type: ignore[attr-defined]
    return response


def _handled(
    request: HttpRequest, exc: BaseException | None, otherwise: Problem, page: Callable[[], HttpResponseBase]
) -> HttpResponseBase:
    if not is_api_request(request):
        return page()
    return problem_response((to_problem(exc) if exc is not None else None) or otherwise)


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponseBase:
    """Django's handler400."""
    return _handled(request, exception, Problem(), lambda: _bad_request_page(request, exception))


def _bad_request_page(request: HttpRequest, exception: Exception) -> HttpResponseBase:
    if isinstance(exception, django_exceptions.RequestDataTooBig):
        return render(request, "413.html", status=HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
    return defaults.bad_request(request, exception)


def permission_denied(request: HttpRequest, exception: Exception) -> HttpResponseBase:
    """Django's handler403."""
    refused = Problem(_("You do not have permission to perform this action."), "permission_denied")
    return _handled(request, exception, refused, lambda: defaults.permission_denied(request, exception))


def not_found(request: HttpRequest, exception: Exception) -> HttpResponseBase:
    """Django's handler404."""
    missing = Problem(_("There is nothing at this address, or you may not see it."), "not_found")
    return _handled(request, exception, missing, lambda: defaults.page_not_found(request, exception))


def server_error(request: HttpRequest) -> HttpResponseBase:
    """Django's handler500, which also hears of a database that went away outside any view."""
    failed = Problem(_("The server failed. The failure was recorded."), "server_error")
    return _handled(request, sys.exception(), failed, lambda: defaults.server_error(request))


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponseBase:
    """Django's CSRF_FAILURE_VIEW."""
    refused = Problem(reason or None, "csrf_failed")
    return _handled(request, None, refused, lambda: csrf.csrf_failure(request, reason))
