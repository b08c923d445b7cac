"""GETs of our own API within the process: by the views that answer others, for whoever sent the request at hand.

Nothing goes over HTTP. The user and the token are those of the request at hand, so that permissions, scopes, filters
and what is shown are as if they had asked themselves; nobody counts them as further requests.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from io import BytesIO
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core.handlers.wsgi import WSGIRequest
from django.urls import resolve
from rest_framework.request import Request

from tracker.api.middleware import refuse_unreadable
from tracker.api.problem_types import Problem
from tracker.history.newest import newest_for

# What of a request says how the service is reached; who asks is handed on otherwise.
KEPT = ("SERVER_NAME", "SERVER_PORT", "SERVER_PROTOCOL", "HTTP_HOST", "REMOTE_ADDR", "wsgi.url_scheme")

ViewOf = Callable[[type[Any]], tuple[type[Any], Mapping[str, Any]]]
"""What makes another view of the one that serves an address, with what it is told."""


@dataclass(frozen=True)
class Answer:
    """What an address answers; where it refuses, a problem document."""

    status: int
    body: Any

    @property
    def is_refusal(self) -> bool:
        return self.status >= HTTPStatus.MULTIPLE_CHOICES

    def refusal(self) -> Problem:
        """The refusal as what a view may raise."""
        code = str(self.body["type"]).rpartition("#")[2]
        return Problem(self.body["detail"], code, status=self.status, errors=self.body["errors"])


def read_internally(request: Request, path: str, query: str = "", *, view_of: ViewOf | None = None) -> Answer:
    """What a GET of ``path``, with a query as it stands in an address, answers to whoever sent ``request``.

    The address of a duplicate answers as the record that it was merged into. Raises what no view could read as Django's
    or DRF's exceptions.
    """
    response = _respond(request, path, query, view_of)
    if response.status_code == HTTPStatus.PERMANENT_REDIRECT:
        response = _respond(request, urlsplit(response["Location"]).path, query, view_of)
    if hasattr(response, "render") and not response.is_rendered:
        response.render()
    return Answer(response.status_code, json.loads(response.content))


def _respond(request: Request, path: str, query: str, view_of: ViewOf | None) -> Any:
    inner: Any = WSGIRequest(_environ(request, path, query))
    inner._force_auth_user, inner._force_auth_token = request.user, request.auth
    # Asked once for all that is read for a request.
    inner.newest_revision = request.newest_revision = newest_for(request)  # type: ignore[attr-defined]
    refuse_unreadable(inner)
    match = resolve(path)
    return _view(match.func, view_of)(inner, *match.args, **match.kwargs)


def _environ(request: Request, path: str, query: str) -> dict[str, Any]:
    header = (settings.SECURE_PROXY_SSL_HEADER or ("",))[0]
    kept = {name: request.META[name] for name in (*KEPT, header) if name in request.META}
    return {
        **kept,
        "REQUEST_METHOD": "GET",
        "PATH_INFO": path,
        "QUERY_STRING": query,
        "HTTP_ACCEPT": "application/json",
        "wsgi.input": BytesIO(),
    }


def _view(served: Any, view_of: ViewOf | None) -> Callable[..., Any]:
    """The view of an address anew: with its own settings, and without throttles."""
    view, told = view_of(served.cls) if view_of else (served.cls, {})
    settings_of_view = {**served.initkwargs, **told, "throttle_classes": ()}
    actions = getattr(served, "actions", None)
    made: Callable[..., Any] = (
        view.as_view(actions, **settings_of_view) if actions else view.as_view(**settings_of_view)
    )
    return made
