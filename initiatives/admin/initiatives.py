"""Initiatives, involvements and progress updates in the admin."""

from __future__ import annotations

from django.contrib import admin
from django.utils.translation import gettext_lazy as _

from initiatives.models import Initiative, Involvement, Milestone, ProgressUpdate
from initiatives.models.initiatives import Status

from .columns import ChoiceFilter, computed
from .layout import PartInline, PartTable
from .records import PartAdmin, RecordAdmin


class StatusFilter(ChoiceFilter):
    title = _("status")
    parameter_name = "status"
    choices_class = Status


class InvolvementInline(PartTable):
    model = Involvement


class MilestoneInline(PartInline):
    model = Milestone
    beside = (("due_on", "forecast_on", "completed_on", "weight"),)


class ProgressUpdateInline(PartInline):
    model = ProgressUpdate
    beside = (("on", "health"),)


@admin.register(Initiative)
class InitiativeAdmin(RecordAdmin):
    columns = (
        "kind",
        computed("status", _("status"), Status),
        computed("progress", _("progress (%)")),
        "lead",
        computed("next_update_on", _("next update owed")),
    )
    filters = (StatusFilter, "kind", "pillars", "lead", "goals", "update_frequency", "parent")
    beside = (
        ("kind", "parent"),
        ("lead", "update_frequency"),
        ("pillars", "goals"),
        ("planned_start", "planned_end"),
        ("actual_start", "actual_end"),
        ("budget_amount", "budget_currency"),
        ("stated_progress", "progress_source"),
    )
    inlines = (InvolvementInline, MilestoneInline, ProgressUpdateInline)


@admin.register(Involvement)
class InvolvementAdmin(PartAdmin):
    columns = ("organization", "role", "start", "end")
    filters = ("role", "organization", "initiative")
    beside = (("initiative", "organization"), ("start", "end"))


@admin.register(ProgressUpdate)
class ProgressUpdateAdmin(PartAdmin):
    columns = ("health",)
    filters = ("health", "initiative", "on")
    beside = (("on", "health"),)
