"""Who is asking: a program by its token, a person by their session."""

import re
from typing import Any

from django.utils.translation import gettext as _
from rest_framework.authentication import BaseAuthentication, get_authorization_header
from rest_framework.authentication import SessionAuthentication as DjangoSessionAuthentication
from rest_framework.exceptions import AuthenticationFailed, PermissionDenied
from rest_framework.permissions import SAFE_METHODS
from rest_framework.request import Request

from tracker.accounts import second_factor
from tracker.api.models import Token


class TokenAuthentication(BaseAuthentication):
    """`Authorization: Bearer <token>`. A bad token is refused even where nobody needs one."""

    def authenticate(self, request: Request) -> tuple[Any, Token] | None:
        """The token's user and the token; None leaves the request to the next way of signing in."""
        scheme, _separator, plaintext = get_authorization_header(request).partition(b" ")
        if scheme.lower() != b"bearer":
            return None
        if not re.fullmatch(rb"[\x21-\x7e]+", plaintext):
            raise AuthenticationFailed(_("Write it as: Authorization: Bearer <token>."), "token_malformed")
        token = Token.matching(plaintext.decode("ascii"))
        if token is None:
            raise AuthenticationFailed(_("There is no such token."), "token_invalid")
        refusal = token.refusal()
        if refusal:
            raise AuthenticationFailed(_refusal_text(refusal), refusal)
        token.seen()
        return token.user, token

    def authenticate_header(self, request: Request) -> str:
        """The challenge that makes DRF answer 401."""
        return 'Bearer realm="api"'


class SessionAuthentication(DjangoSessionAuthentication):
    """A person who signed in with a browser; their writes need the CSRF token.

    Whoever owes a second factor and did not use it reads as anybody may, and writes nothing.
    """

    def authenticate(self, request: Request) -> tuple[Any, None] | None:
        """The session's user."""
        found: tuple[Any, None] | None = super().authenticate(request)
        if found is None or not second_factor.is_missing(request._request):
            return found
        if request.method in SAFE_METHODS:
            return None
        detail = _("Whoever edits the registry signs in with a second factor: see /account/2fa/.")
        raise PermissionDenied(detail, "second_factor_required")

    def enforce_csrf(self, request: Request) -> None:
        """Refuse as DRF does, under a code of its own and in the language of the request."""
        try:
            super().enforce_csrf(request)
        except PermissionDenied as exc:
            detail = _("Send the value of the cookie “csrftoken” in the header X-CSRFToken, or use a token.")
            raise PermissionDenied(detail, "csrf_failed") from exc


def _refusal_text(code: str) -> str:
    if code == "token_revoked":
        return _("The token was revoked.")
    if code == "token_expired":
        return _("The token has expired.")
    return _("The account is not active.")
