"""Milestones with what they wait for, and roadmaps, in the admin."""

from __future__ import annotations

from django.contrib import admin
from django.utils.translation import gettext_lazy as _

from initiatives.models import Milestone, MilestoneDependency, Roadmap, RoadmapItem

from .columns import computed
from .layout import PartTable
from .meanwhile import Versioned
from .records import PartAdmin, RecordAdmin, RegistryAdmin


class DependencyInline(PartTable):
    model = MilestoneDependency
    fk_name = "milestone"
    show_change_link = False


class RoadmapItemInline(PartTable):
    model = RoadmapItem


@admin.register(Milestone)
class MilestoneAdmin(RecordAdmin):
    columns = (
        "initiative",
        "due_on",
        "completed_on",
        computed("projected_on", _("projected")),
        computed("slippage_days", _("slippage (days)")),
    )
    filters = ("initiative__lead", "initiative", "due_on", "completed_on")
    beside = (("due_on", "forecast_on", "completed_on"),)
    inlines = (DependencyInline,)


@admin.register(Roadmap)
class RoadmapAdmin(RecordAdmin):
    columns = ("owner",)
    filters = ("owner",)
    inlines = (RoadmapItemInline,)


@admin.register(RoadmapItem)
class RoadmapItemAdmin(PartAdmin):
    filters = ("roadmap",)
    beside = (("roadmap", "position"), ("initiative", "milestone"))


@admin.register(MilestoneDependency)
class MilestoneDependencyAdmin(Versioned, RegistryAdmin):
    columns = ("milestone", "depends_on")
    filters = ("milestone__initiative",)
