"""What all pages for people have in common."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.urls import reverse
from django.views.decorators.cache import never_cache
from rest_framework.request import Request

from tracker.api.problem_types import Conflict, field_errors

View = Callable[..., HttpResponseBase]
LARGEST_ID = 2**63 - 1


def page(view: View) -> View:
    """A page that nobody keeps and no search engine lists: a link that was taken back leads nowhere at once."""

    @never_cache
    @wraps(view)
    def wrapped(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        response = view(request, *args, **kwargs)
        response["X-Robots-Tag"] = "noindex"
        return response

    return wrapped


def signed_in(instead: str) -> Callable[[View], View]:
    """A page for those who have signed in; whoever sent a form to it is led to the page ``instead`` once they have."""

    def deco(view: View) -> View:
        @wraps(view)
        def wrapped(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
            if not request.user.is_authenticated:
                return redirect_to_login(request.path if request.method == "GET" else reverse(instead))
            return view(request, *args, **kwargs)

        return wrapped

    return deco


def api_request(request: HttpRequest) -> Request:
    """The request as views of the API have it, by the session's user."""
    found = Request(request)
    found.user, found.auth = request.user, None
    return found


def row_id(given: str) -> int:
    """The id of a row that a form names; one that there is not where it names none."""
    is_number = given.isascii() and given.isdigit() and len(given) < len(str(LARGEST_ID))
    return int(given) if is_number else -1


def reasons(refused: Any) -> list[str]:
    """What was wrong, in sentences."""
    if isinstance(refused, Conflict):
        return [str(refused.detail)]
    return [str(each["detail"]) for each in field_errors(refused.detail)]
