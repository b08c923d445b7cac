"""Signing in with a provider of OpenID Connect: what is believed of what it says, and what is kept."""

from __future__ import annotations

from typing import Any

from allauth.socialaccount.adapter import DefaultSocialAccountAdapter
from allauth.socialaccount.models import SocialApp, SocialLogin
from django.core.exceptions import ValidationError

from tracker.accounts.usernames import VALIDATORS

# Providers of identity tell more, the numbers of documents among it, for which there is no use here.
KEPT_CLAIMS = ("sub", "name", "given_name", "family_name", "preferred_username", "email")


class ProviderAdapter(DefaultSocialAccountAdapter):
    """allauth's hooks.

    An account belongs to who the provider's subject is. An e-mail address, verified or not, never leads into an
    account that exists already: its owner signs in and connects the provider themselves.
    """

    def list_apps(self, *args: Any, **kwargs: Any) -> list[SocialApp]:
        """The providers, under their names in the language of the reader."""
        apps: list[SocialApp] = super().list_apps(*args, **kwargs)
        for app in apps:
            app.name = str(app.name)
        return apps

    def get_signup_form_initial_data(self, sociallogin: SocialLogin) -> dict[str, Any]:
        """What the form for a new account begins with; what cannot be a username is left to the person."""
        initial: dict[str, Any] = super().get_signup_form_initial_data(sociallogin)
        try:
            for validator in VALIDATORS:
                validator(initial["username"])
        except ValidationError:
            initial["username"] = ""
        return initial


def believed(claims: dict[str, Any]) -> dict[str, Any]:
    """What is kept of a person's claims; an address counts as verified only where that is said plainly."""
    kept = {name: claims[name] for name in KEPT_CLAIMS if isinstance(claims.get(name), str)}
    # A text such as "false" would count as true.
    return {**kept, "email_verified": claims.get("email_verified") is True}
