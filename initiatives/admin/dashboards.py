"""Dashboards and their widgets in the admin."""

from __future__ import annotations

from typing import Any

from django.contrib import admin

from initiatives.dashboards.displays import check
from initiatives.dashboards.queries import QueryRefusedError
from initiatives.models import Dashboard, Widget

from .forms import PartForm, RecordForm
from .layout import PartInline
from .records import RegistryAdmin


def _refuse_query(form: Any) -> None:
    """Refuse a query that no widget may save, or that its display cannot show."""
    if form.errors or not form.cleaned_data.get("query") or form.cleaned_data.get("DELETE"):
        return
    said = {name: form.cleaned_data.get(name, "") for name in ("query", "display", "group_by")}
    try:
        check(Widget(**said))
    except QueryRefusedError as refused:
        form.add_error(refused.member, refused.detail)


class WidgetForm(RecordForm):
    def clean(self) -> dict[str, Any] | None:
        cleaned = super().clean()
        _refuse_query(self)
        return cleaned


class WidgetInlineForm(PartForm):
    def clean(self) -> dict[str, Any] | None:
        cleaned = super().clean()
        _refuse_query(self)
        return cleaned


class WidgetInline(PartInline):
    model = Widget
    form = WidgetInlineForm
    beside = (("position", "display", "group_by"),)


@admin.register(Dashboard)
class DashboardAdmin(RegistryAdmin):
    """The link is its owner's alone: it is not shown here."""

    named_by = "title"
    columns = ("owner", "visibility", "updated_at")
    filters = ("visibility",)
    beside = (("owner", "visibility"),)
    inlines = (WidgetInline,)


@admin.register(Widget)
class WidgetAdmin(RegistryAdmin):
    named_by = "title"
    form = WidgetForm
    columns = ("dashboard", "position", "display")
    filters = ("display",)
    beside = (("dashboard", "position"), ("display", "group_by"))
