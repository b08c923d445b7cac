"""Accounts at the desk: addresses, connections and second factors. Secrets are not shown, sessions are not listed."""

from __future__ import annotations

from typing import Any

from allauth.account import admin as addresses
from allauth.account.models import EmailAddress
from allauth.mfa import admin as factors
from allauth.mfa.models import Authenticator
from allauth.socialaccount import admin as connections
from allauth.socialaccount.models import SocialAccount, SocialApp, SocialToken
from allauth.usersessions import admin as sessions
from allauth.usersessions.models import UserSession
from django.contrib import admin
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from tracker.accounts.models import Profile, SecondFactor

# allauth's own are registered by being imported, and replaced below by what fits the desk.
ALLAUTHS = (addresses, factors, connections, sessions)
admin.site.unregister([EmailAddress, Authenticator, SocialAccount, SocialApp, SocialToken, UserSession])


class OfAUser(admin.ModelAdmin):
    """What belongs to an account."""

    list_select_related = ("user",)
    autocomplete_fields = ("user",)


class MadeByItsPerson(OfAUser):
    """What only the person themselves can make; here it is seen and taken away."""

    @admin.display(description=_("user"), ordering="user__username")
    def person(self, row: Any) -> str:
        return str(row.user)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


@admin.register(EmailAddress)
class EmailAddressAdmin(addresses.EmailAddressAdmin):
    """Addresses; one that cannot get mail may be confirmed by hand."""

    raw_id_fields = ()
    autocomplete_fields = ("user",)
    list_select_related = ("user",)
    search_fields = ("email", "user__username")

    def get_search_fields(self, request: HttpRequest) -> tuple[str, ...]:
        return self.search_fields


@admin.register(SecondFactor)
class SecondFactorAdmin(MadeByItsPerson):
    """Second factors: deleted for a person who has lost theirs and every recovery code."""

    list_display = ("__str__", "person", "since", "last_used")
    search_fields = ("user__username",)
    fields = ("person", "kind", "since", "last_used")

    @admin.display(description=_("kind"), ordering="type")
    def kind(self, factor: SecondFactor) -> str:
        return str(factor.get_type_display())

    @admin.display(description=_("created"), ordering="created_at")
    def since(self, factor: SecondFactor) -> Any:
        return factor.created_at

    @admin.display(description=_("last used"), ordering="last_used_at")
    def last_used(self, factor: SecondFactor) -> Any:
        return factor.last_used_at


@admin.register(SocialAccount)
class SocialAccountAdmin(MadeByItsPerson):
    """Which account belongs to whom at a provider."""

    list_display = ("uid", "provider", "person", "date_joined", "last_login")
    list_filter = ("provider",)
    search_fields = ("user__username", "uid")
    fields = ("person", "provider", "uid", "date_joined", "last_login")


@admin.register(Profile)
class ProfileAdmin(OfAUser):
    """The language that a person has chosen."""

    list_display = ("user", "language")
    list_filter = ("language",)
    search_fields = ("user__username",)
