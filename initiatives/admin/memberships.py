"""Memberships in the admin."""

from __future__ import annotations

from django.contrib import admin

from initiatives.models import Membership

from .records import RegistryAdmin


@admin.register(Membership)
class MembershipAdmin(RegistryAdmin):
    columns = ("user", "organization", "role")
    filters = ("role", "organization")
    beside = (("user", "organization", "role"),)
