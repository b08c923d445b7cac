"""What holds for every page of the accounts: none is kept by a browser, some want a second factor first."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.utils.cache import add_never_cache_headers
from django.utils.translation import gettext as _

from tracker.accounts import second_factor

# What a stolen password alone must not reach. The way to a second factor stays open, the address it is tied to too.
PRIVILEGED = {
    "account_change_password",
    "account_delete",
    "account_set_password",
    "account_token_revoke",
    "account_tokens",
    "socialaccount_connections",
    "usersessions_list",
}
GOAL = "account_goal"


class AccountPages:
    """Stands behind allauth's own middleware."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        response = self.get_response(request)
        if request.path_info.startswith("/account/"):
            add_never_cache_headers(response)
        return response

    def process_view(self, request: HttpRequest, view: Any, args: Any, kwargs: Any) -> HttpResponseBase | None:
        """Lead to the second factor where one is owed."""
        match = request.resolver_match
        if match is None or match.url_name not in PRIVILEGED or not second_factor.is_missing(request):
            return None
        return led_to_second_factor(request)


def led_to_second_factor(request: HttpRequest) -> HttpResponse:
    """The answer to whoever may go on only after a second factor."""
    # Where the page at the end of setting one up leads on to.
    request.session[GOAL] = request.get_full_path()
    messages.warning(request, _("Whoever edits the registry signs in with a second factor. Please go on here."))
    return redirect(second_factor.way_to(request))
