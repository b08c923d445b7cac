"""Strategies, pillars and goals in the admin."""

from __future__ import annotations

from django.contrib import admin

from initiatives.models import Goal, Pillar, Strategy

from .layout import PartInline
from .records import RecordAdmin


class PillarInline(PartInline):
    model = Pillar
    beside = (("slug", "position"),)


@admin.register(Strategy)
class StrategyAdmin(RecordAdmin):
    columns = ("owner", "start", "end")
    filters = ("owner",)
    beside = (("start", "end"),)
    inlines = (PillarInline,)


@admin.register(Pillar)
class PillarAdmin(RecordAdmin):
    columns = ("strategy", "position")
    filters = ("strategy",)
    beside = (("strategy", "position"),)


@admin.register(Goal)
class GoalAdmin(RecordAdmin):
    columns = ("owner", "strategy", "horizon")
    filters = ("owner", "strategy", "stated_by")
    beside = (("owner", "strategy"), ("stated_by", "horizon"))
