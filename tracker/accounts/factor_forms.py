"""allauth's forms of second factors, with names that people understand and words for what cannot be read."""

from __future__ import annotations

from typing import Any

from allauth.core.internal.cryptokit import normalize_user_code
from allauth.mfa import app_settings
from allauth.mfa.adapter import get_adapter
from allauth.mfa.base.forms import AuthenticateForm, ReauthenticateForm
from allauth.mfa.webauthn.forms import (
    AddWebAuthnForm,
    AuthenticateWebAuthnForm,
    EditWebAuthnForm,
    LoginWebAuthnForm,
    ReauthenticateWebAuthnForm,
)
from django import forms
from django.core.cache import cache
from django.utils.translation import gettext_lazy as _

# What reading a credential may stumble over that no browser sends.
UNREADABLE = (AttributeError, LookupError, TypeError, ValueError)


class Once:
    """A code that works once for as long as it is valid: allauth forgets it after one period and takes it for three."""

    user: Any

    def clean_code(self) -> str:
        code: str = super().clean_code()  # type: ignore[misc]
        lives = (2 * app_settings.TOTP_TOLERANCE + 1) * app_settings.TOTP_PERIOD
        if not cache.add(f"accounts.code-used:{self.user.pk}:{normalize_user_code(code)}", True, lives):
            raise get_adapter().validation_error("incorrect_code")
        return code


class CodeAtSignIn(Once, AuthenticateForm):
    """A code as the second factor."""


class CodeOnceMore(Once, ReauthenticateForm):
    """A code before something that matters."""


class NamedKey(AddWebAuthnForm):
    """A new key or passkey, and what it is called."""

    name = forms.CharField(label=_("Name"), required=False, max_length=100)

    def clean(self) -> dict[str, Any]:
        try:
            data: dict[str, Any] = super().clean()
        except UNREADABLE as fault:
            raise get_adapter().validation_error("incorrect_code") from fault
        return data


class RenamedKey(EditWebAuthnForm):
    """Another name for a key."""

    name = forms.CharField(label=_("Name"), max_length=100)


class Readable:
    """A credential that proves a key, or is refused in words."""

    def clean_credential(self) -> Any:
        try:
            return super().clean_credential()  # type: ignore[misc]
        except UNREADABLE as fault:
            raise get_adapter().validation_error("incorrect_code") from fault


class KeyAtSignIn(Readable, AuthenticateWebAuthnForm):
    """A key as the second factor."""


class PasskeyAtSignIn(Readable, LoginWebAuthnForm):
    """A passkey instead of a password."""


class KeyOnceMore(Readable, ReauthenticateWebAuthnForm):
    """A key before something that matters."""
