"""Organizations in the admin."""

from __future__ import annotations

from django.contrib import admin

from initiatives.models import Organization

from .records import RecordAdmin


@admin.register(Organization)
class OrganizationAdmin(RecordAdmin):
    columns = ("kind", "sector", "parent", "country")
    filters = ("kind", "sector", "country", "parent")
    beside = (("kind", "sector"), ("country", "website"), ("founded_on", "dissolved_on"))
