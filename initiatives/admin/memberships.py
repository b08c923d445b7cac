"""Memberships in the admin, and the ways to them."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.http import HttpRequest

from initiatives.models import Invitation, JoinRequest, Membership

from .meanwhile import Versioned
from .records import RegistryAdmin


@admin.register(Membership)
class MembershipAdmin(Versioned, RegistryAdmin):
    columns = ("user", "organization", "role")
    filters = ("role", "organization")
    beside = (("user", "organization", "role"),)


@admin.register(Invitation)
class InvitationAdmin(RegistryAdmin):
    columns = ("organization", "email", "role", "state", "invited_by", "expires_at")
    filters = ("state", "role", "organization")
    beside = (("organization", "email", "role"),)

    def get_search_fields(self, request: HttpRequest) -> list[str]:
        return ["email", "organization__slug"]

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        if not change:
            obj.invited_by = request.user
        super().save_model(request, obj, form, change)


@admin.register(JoinRequest)
class JoinRequestAdmin(RegistryAdmin):
    columns = ("organization", "user", "state", "decided_by", "decided_at")
    filters = ("state", "organization")
    beside = (("organization", "user"),)

    def get_search_fields(self, request: HttpRequest) -> list[str]:
        return ["user__username", "organization__slug"]
