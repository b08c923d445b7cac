"""Partnerships between organizations, in tiers that sources keep apart."""

from __future__ import annotations

from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import RangeOperators
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from tracker.search import SearchIndex, both

from .organizations import Organization
from .ranges import date_span, same_number
from .records import PublicRecordQuerySet, Record, in_order


class Partnership(Record):
    """An organization's standing as the partner of another; “founding strategic” and “strategic” are two tiers."""

    class Tier(models.TextChoices):
        FOUNDING_STRATEGIC = "founding_strategic", _("Founding strategic partner")
        STRATEGIC = "strategic", _("Strategic partner")
        PARTNER = "partner", _("Partner")

    class Scope(models.TextChoices):
        DOMESTIC = "domestic", _("Inside the State")
        INTERNATIONAL = "international", _("Outside the State")

    collection = "partnerships"
    label = None

    organization = models.ForeignKey(
        Organization,
        verbose_name=_("partner"),
        on_delete=models.PROTECT,
        related_name="partnerships",
    )
    with_organization = models.ForeignKey(
        Organization, verbose_name=_("partner of"), on_delete=models.PROTECT, related_name="partners"
    )
    tier = models.CharField(_("tier"), max_length=20, choices=Tier.choices, db_index=True)
    scope = models.CharField(_("scope"), max_length=15, choices=Scope.choices, blank=True, db_index=True)
    since = models.DateField(_("since"), null=True, blank=True, db_index=True)
    until = models.DateField(_("until"), null=True, blank=True, db_index=True)
    description_en = models.TextField(_("description (English)"), blank=True)
    description_ar = models.TextField(_("description (Arabic)"), blank=True)

    objects = PublicRecordQuerySet.as_manager()

    class Meta(Record.Meta):
        verbose_name = _("partnership")
        verbose_name_plural = _("partnerships")
        indexes = [SearchIndex(name="partnership_search", names=("slug",), texts=both("description"))]
        constraints = [
            *Record.Meta.constraints,
            in_order("since", "until"),
            models.CheckConstraint(
                name="partnership_two_organizations",
                condition=~Q(organization=F("with_organization")),
                violation_error_message=_("An organization cannot be its own partner."),
            ),
            models.UniqueConstraint(
                name="partnership_once_undated",
                fields=["organization", "with_organization"],
                condition=Q(since__isnull=True, replaced_by__isnull=True),
                violation_error_message=_("These two already have a partnership without a start date."),
            ),
            ExclusionConstraint(
                name="partnership_overlap",
                expressions=[
                    (same_number("organization"), RangeOperators.OVERLAPS),
                    (same_number("with_organization"), RangeOperators.OVERLAPS),
                    (date_span("since", "until"), RangeOperators.OVERLAPS),
                ],
                condition=Q(since__isnull=False, replaced_by__isnull=True),
                violation_error_message=_("These two already have a partnership for some of this time."),
            ),
        ]

    def slug_texts(self) -> list[str]:
        return [self.organization.slug, self.with_organization.slug]

    def __str__(self) -> str:
        return f"{self.organization} – {self.with_organization} ({self.get_tier_display()})"
