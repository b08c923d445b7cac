"""Whether a session may use a member of staff's authority: where the setting asks it, only after a second factor."""

from __future__ import annotations

from typing import Any

from allauth.account.adapter import get_adapter
from allauth.account.authentication import get_authentication_records
from allauth.mfa.models import Authenticator
from allauth.mfa.utils import is_mfa_enabled
from django.conf import settings
from django.contrib.auth import REDIRECT_FIELD_NAME
from django.http import HttpRequest
from django.urls import reverse
from django.utils.http import urlencode

FACTORS = (Authenticator.Type.TOTP, Authenticator.Type.WEBAUTHN)


def is_owed_by(user: Any) -> bool:
    """Whether the person must have a second factor."""
    return settings.TRACKER_REQUIRE_STAFF_MFA and user.is_authenticated and (user.is_staff or user.is_superuser)


def is_missing(request: Any) -> bool:
    """Whether the session's authority rests, because the person has no second factor or did not use it."""
    return is_owed_by(request.user) and not (_was_used(request) and is_mfa_enabled(request.user, FACTORS))


def _was_used(request: Any) -> bool:
    return any(record["method"] == "mfa" for record in get_authentication_records(request, request.user))


def way_to(request: HttpRequest) -> str:
    """The page on which the person uses their second factor, or else gets one, and then goes on."""
    methods = get_adapter().get_reauthentication_methods(request.user)
    pages = [method["url"] for method in methods if method["id"].startswith("mfa")]
    page = pages[0] if pages and is_mfa_enabled(request.user, FACTORS) else reverse("mfa_index")
    return f"{page}?{urlencode({REDIRECT_FIELD_NAME: request.get_full_path()})}"
