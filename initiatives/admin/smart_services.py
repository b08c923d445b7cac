"""Platforms, their capabilities, smart services and their releases in the admin."""

from __future__ import annotations

from django.contrib import admin
from django.utils.translation import gettext_lazy as _

from initiatives.models import Capability, Platform, ServiceRelease, SmartService

from .columns import computed
from .layout import PartInline
from .records import PartAdmin, RecordAdmin


class CapabilityInline(PartInline):
    model = Capability
    beside = (("position", "status", "delivered_on"),)


class ServiceReleaseInline(PartInline):
    model = ServiceRelease
    beside = (("version", "released_on"),)


@admin.register(Platform)
class PlatformAdmin(RecordAdmin):
    columns = ("owner", "launched_on")
    filters = ("owner",)
    beside = (("owner", "launched_on"),)
    inlines = (CapabilityInline,)


@admin.register(SmartService)
class SmartServiceAdmin(RecordAdmin):
    columns = (
        "provider",
        "platform",
        "pillar",
        computed("current_version", _("current version")),
        computed("current_released_on", _("released on")),
    )
    filters = ("pillar", "provider", "platform", "audience")
    beside = (("provider", "platform"), ("pillar", "audience"))
    inlines = (ServiceReleaseInline,)


@admin.register(Capability)
class CapabilityAdmin(PartAdmin):
    named_by = "text"
    columns = ("status", "delivered_on")
    filters = ("status", "platform")
    beside = (("platform", "position"), ("status", "delivered_on"))


@admin.register(ServiceRelease)
class ServiceReleaseAdmin(PartAdmin):
    columns = ("released_on",)
    filters = ("smart_service", "released_on")
    beside = (("version", "released_on"),)
