"""Indicators, targets and observations in the admin."""

from __future__ import annotations

from django.contrib import admin
from django.utils.translation import gettext_lazy as _

from initiatives.models import Indicator, Observation, Target

from .columns import computed
from .layout import PartInline, PartTable
from .records import PartAdmin, RecordAdmin


class TargetInline(PartTable):
    model = Target


class ObservationInline(PartInline):
    model = Observation
    beside = (("on", "source"), ("stated_value", "numerator", "denominator"))


@admin.register(Indicator)
class IndicatorAdmin(RecordAdmin):
    columns = (
        "framework",
        "code",
        computed("latest_value", _("latest value")),
        "unit_en",
        computed("latest_on", _("latest on")),
        computed("next_update_on", _("next update owed")),
    )
    filters = ("framework", "meaning", "direction", "organization", "goal", "initiative", "smart_service")
    beside = (
        ("framework", "code"),
        ("meaning", "direction"),
        ("goal", "initiative"),
        ("smart_service", "organization"),
        ("update_frequency", "update_begin"),
    )
    inlines = (TargetInline, ObservationInline)


@admin.register(Observation)
class ObservationAdmin(RecordAdmin):
    columns = ("indicator", "on", computed("value", _("value")), "source")
    filters = ("indicator", "source", "on")
    beside = (("indicator", "on"), ("stated_value", "numerator", "denominator"))


@admin.register(Target)
class TargetAdmin(PartAdmin):
    columns = ("on", "value")
    filters = ("indicator", "on")
    beside = (("on", "value"),)
