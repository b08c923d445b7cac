"""Dashboards and their widgets in the admin."""

from __future__ import annotations

from django.contrib import admin

from initiatives.models import Dashboard, Widget

from .layout import PartInline
from .records import RegistryAdmin


class WidgetInline(PartInline):
    model = Widget
    beside = (("position", "display", "query"),)


@admin.register(Dashboard)
class DashboardAdmin(RegistryAdmin):
    named_by = "title"
    columns = ("owner", "visibility", "updated_at")
    filters = ("visibility",)
    beside = (("owner", "visibility"),)
    inlines = (WidgetInline,)


@admin.register(Widget)
class WidgetAdmin(RegistryAdmin):
    named_by = "title"
    columns = ("dashboard", "position", "display")
    filters = ("display",)
    beside = (("dashboard", "position"), ("display", "query"))
