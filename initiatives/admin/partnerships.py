"""Partnerships in the admin."""

from __future__ import annotations

from django.contrib import admin

from initiatives.models import Partnership

from .records import RecordAdmin


@admin.register(Partnership)
class PartnershipAdmin(RecordAdmin):
    columns = ("organization", "with_organization", "tier", "scope", "since", "until")
    filters = ("tier", "scope", "with_organization", "organization")
    beside = (("organization", "with_organization"), ("tier", "scope"), ("since", "until"))
