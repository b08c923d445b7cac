"""Organizations: a tree of public and private bodies, and what became of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib.postgres.fields import ArrayField
from django.core.validators import RegexValidator
from django.db import models
from django.utils.translation import gettext_lazy as _

from tracker.search import SearchIndex, both

from .integrity import refuse_cycle
from .records import PublicRecordQuerySet, Record, in_order, text_required

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise

validate_country = RegexValidator(
    r"\A[A-Z]{2}\Z", _("Use a two-letter country code of ISO 3166-1, for example “AE”."), code="invalid_country"
)


def alias_list(verbose_name: StrOrPromise) -> ArrayField[Any, Any]:
    """Other names by which sources call a record, in one language."""
    return ArrayField(models.CharField(max_length=200), verbose_name=verbose_name, default=list, blank=True)


class Organization(Record):
    """A body that owns strategies, leads initiatives or takes part in them."""

    class Kind(models.TextChoices):
        AUTHORITY = "authority", _("Authority or office")
        ESTABLISHMENT = "establishment", _("Establishment")
        MUNICIPALITY = "municipality", _("Municipality")
        DIPLOMATIC_MISSION = "diplomatic_mission", _("Diplomatic mission")
        COMPANY = "company", _("Company")
        INTERNATIONAL_BODY = "international_body", _("International body")
        OTHER = "other", _("Other")

    class Sector(models.TextChoices):
        PUBLIC = "public", _("Public")
        PRIVATE = "private", _("Private")
        NON_PROFIT = "non-profit", _("Non-profit")
        FOREIGN_GOVERNMENT = "foreign-government", _("Foreign government")

    collection = "organizations"

    name_en = models.CharField(_("name (English)"), max_length=200, blank=True)
    name_ar = models.CharField(_("name (Arabic)"), max_length=200, blank=True)
    aliases_en = alias_list(_("other names (English)"))
    aliases_ar = alias_list(_("other names (Arabic)"))
    kind = models.CharField(_("kind"), max_length=20, choices=Kind.choices, blank=True, db_index=True)
    sector = models.CharField(_("sector"), max_length=20, choices=Sector.choices, blank=True, db_index=True)
    parent = models.ForeignKey(
        "self",
        verbose_name=_("stands under"),
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="children",
    )
    country = models.CharField(_("country"), max_length=2, blank=True, validators=[validate_country], db_index=True)
    role_en = models.TextField(_("role (English)"), blank=True)
    role_ar = models.TextField(_("role (Arabic)"), blank=True)
    website = models.URLField(_("website"), max_length=300, blank=True)
    founded_on = models.DateField(_("founded on"), null=True, blank=True, db_index=True)
    dissolved_on = models.DateField(_("dissolved on"), null=True, blank=True, db_index=True)
    successor = models.ForeignKey(
        "self",
        verbose_name=_("successor"),
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="predecessors",
        help_text=_("The organization that took over its duties."),
    )

    objects = PublicRecordQuerySet.as_manager()

    class Meta(Record.Meta):
        verbose_name = _("organization")
        verbose_name_plural = _("organizations")
        indexes = [
            SearchIndex(
                name="organization_search", label=both("name"), names=("slug", *both("aliases")), texts=both("role")
            )
        ]
        constraints = [*Record.Meta.constraints, text_required("name"), in_order("founded_on", "dissolved_on")]
        triggers = [*Record.Meta.triggers, refuse_cycle("parent"), refuse_cycle("successor")]
