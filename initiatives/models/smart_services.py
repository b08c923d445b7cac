"""Platforms with the capabilities they promise, and the smart services that entities place on them."""

from __future__ import annotations

from typing import Self

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, OuterRef, Q, Subquery
from django.utils.translation import gettext_lazy as _

from tracker.search import SearchIndex, both

from .organizations import Organization
from .publication import Publishable, PublishableQuerySet
from .records import OrderedPart, Part, PartQuerySet, PublicRecordQuerySet, Record, text_required
from .strategies import Pillar


class Platform(Record):
    """A platform on which services are offered."""

    collection = "platforms"

    name_en = models.CharField(_("name (English)"), max_length=200, blank=True)
    name_ar = models.CharField(_("name (Arabic)"), max_length=200, blank=True)
    owner = models.ForeignKey(
        Organization,
        verbose_name=_("owner"),
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="platforms",
    )
    description_en = models.TextField(_("description (English)"), blank=True)
    description_ar = models.TextField(_("description (Arabic)"), blank=True)
    website = models.URLField(_("website"), max_length=300, blank=True)
    launched_on = models.DateField(_("launched on"), null=True, blank=True, db_index=True)

    objects = PublicRecordQuerySet.as_manager()

    class Meta(Record.Meta):
        verbose_name = _("platform")
        verbose_name_plural = _("platforms")
        indexes = [SearchIndex(name="platform_search", label=both("name"), names=("slug",), texts=both("description"))]
        constraints = [*Record.Meta.constraints, text_required("name")]


class Capability(OrderedPart):
    """Something that a platform is to make possible; what is announced is promised, never delivered."""

    class Status(models.TextChoices):
        PROMISED = "promised", _("Promised")
        IN_DEVELOPMENT = "in_development", _("In development")
        DELIVERED = "delivered", _("Delivered")
        WITHDRAWN = "withdrawn", _("Withdrawn")

    parent_field = "platform"

    platform = models.ForeignKey(
        Platform, verbose_name=_("platform"), on_delete=models.CASCADE, related_name="capabilities"
    )
    text_en = models.TextField(_("text (English)"), blank=True)
    text_ar = models.TextField(_("text (Arabic)"), blank=True)
    status = models.CharField(
        _("status"), max_length=15, choices=Status.choices, default=Status.PROMISED, db_index=True
    )
    delivered_on = models.DateField(_("delivered on"), null=True, blank=True)

    objects = PartQuerySet.as_manager()

    class Meta(OrderedPart.Meta):
        verbose_name = _("capability")
        verbose_name_plural = _("capabilities")
        constraints = [
            text_required("text"),
            models.CheckConstraint(
                name="capability_delivery_date",
                condition=Q(delivered_on__isnull=True) | Q(status__in=["delivered", "withdrawn"]),
                violation_error_message=_("Only a capability that was delivered has a delivery date."),
            ),
            models.UniqueConstraint(
                name="capability_position",
                fields=["platform", "position"],
                deferrable=models.Deferrable.DEFERRED,
                violation_error_message=_("Another capability of this platform has this position."),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.platform} {self.position}"


class SmartServiceQuerySet(PublishableQuerySet):
    """Questions asked of many smart services."""

    def with_computed(self) -> Self:
        return self.with_current_release()

    def with_current_release(self) -> Self:
        """Annotate ``current_version`` and ``current_released_on``, those of the latest release."""
        latest = ServiceRelease.objects.filter(smart_service=OuterRef("pk"), released_on__isnull=False).order_by(
            "-released_on", "-id"
        )
        return self.annotate(
            current_version=Subquery(latest.values("version")[:1]),
            current_released_on=Subquery(latest.values("released_on")[:1]),
        )


class SmartService(Publishable, Record):
    """A digital service that an entity offers."""

    class Audience(models.TextChoices):
        INDIVIDUALS = "individuals", _("Individuals")
        BUSINESSES = "businesses", _("Businesses")
        GOVERNMENT = "government", _("Government")

    class Channel(models.TextChoices):
        WEB = "web", _("Web")
        MOBILE = "mobile", _("Mobile app")
        KIOSK = "kiosk", _("Kiosk")
        PHONE = "phone", _("Telephone")
        COUNTER = "counter", _("Service counter")

    collection = "smart-services"
    owned_by = ("provider",)

    name_en = models.CharField(_("name (English)"), max_length=200, blank=True)
    name_ar = models.CharField(_("name (Arabic)"), max_length=200, blank=True)
    description_en = models.TextField(_("description (English)"), blank=True)
    description_ar = models.TextField(_("description (Arabic)"), blank=True)
    provider = models.ForeignKey(
        Organization, verbose_name=_("provider"), on_delete=models.PROTECT, related_name="smart_services"
    )
    platform = models.ForeignKey(
        Platform,
        verbose_name=_("platform"),
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="smart_services",
    )
    pillar = models.ForeignKey(
        Pillar,
        verbose_name=_("pillar"),
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="smart_services",
    )
    audience = models.CharField(_("audience"), max_length=12, choices=Audience.choices, blank=True, db_index=True)
    channels = ArrayField(
        models.CharField(max_length=10, choices=Channel.choices), verbose_name=_("channels"), default=list, blank=True
    )
    link = models.URLField(_("web address"), max_length=500, blank=True)

    objects = SmartServiceQuerySet.as_manager()

    class Meta(Record.Meta):
        verbose_name = _("smart service")
        verbose_name_plural = _("smart services")
        indexes = [
            SearchIndex(name="smartservice_search", label=both("name"), names=("slug",), texts=both("description"))
        ]
        constraints = [*Record.Meta.constraints, text_required("name")]


class ServiceRelease(Part):
    """A version of a smart service, with what is new in it."""

    parent_field = "smart_service"

    smart_service = models.ForeignKey(
        SmartService, verbose_name=_("smart service"), on_delete=models.CASCADE, related_name="releases"
    )
    version = models.CharField(_("version"), max_length=40)
    notes_en = models.TextField(_("notes (English)"), blank=True)
    notes_ar = models.TextField(_("notes (Arabic)"), blank=True)
    released_on = models.DateField(_("released on"), null=True, blank=True)

    objects = PartQuerySet.as_manager()

    class Meta(Part.Meta):
        verbose_name = _("service release")
        verbose_name_plural = _("service releases")
        ordering = (F("released_on").asc(nulls_last=True), "id")
        constraints = [
            models.UniqueConstraint(
                name="service_release_version",
                fields=["smart_service", "version"],
                violation_error_message=_("This service already has this version."),
            )
        ]

    def __str__(self) -> str:
        return self.version
