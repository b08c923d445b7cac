"""Initiatives, who is involved in them, and how they go on."""

from __future__ import annotations

from decimal import Decimal
from typing import Self

from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import RangeOperators
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Case, F, Max, Q, Value, When
from django.db.models.functions import Coalesce, NullIf
from django.utils.translation import gettext_lazy as _

from tracker.search import SearchIndex, both

from .integrity import refuse_cycle
from .organizations import Organization
from .publication import PublicationState, Publishable, PublishablePartQuerySet, PublishableQuerySet
from .ranges import date_span, same_choice, same_number
from .records import Part, PartQuerySet, Record, in_order, text_required
from .schedules import UpdateFrequency, aggregate_of, milestone_progress, next_owed
from .sources import Source
from .strategies import Goal, Pillar


class Status(models.TextChoices):
    PROPOSED = "proposed", _("Proposed")
    PLANNED = "planned", _("Planned")
    ACTIVE = "active", _("Active")
    ON_HOLD = "on_hold", _("On hold")
    COMPLETED = "completed", _("Completed")
    CANCELLED = "cancelled", _("Cancelled")


class InitiativeQuerySet(PublishableQuerySet):
    """Questions asked of many initiatives."""

    def with_computed(self) -> Self:
        return self.with_progress().with_next_update()

    def with_progress(self) -> Self:
        """Annotate ``progress`` (per cent): of the weighted milestones where there are any, else as stated."""
        return self.annotate(progress=Coalesce(milestone_progress(self.model), F("stated_progress")))

    def with_next_update(self) -> Self:
        """Annotate ``last_update_on`` and ``next_update_on``, the day by which the next progress update is owed."""
        published = Q(progress_updates__state=PublicationState.PUBLISHED)
        last = aggregate_of(self.model, Max("progress_updates__on", filter=published))
        return self.annotate(last_update_on=last).annotate(next_update_on=next_owed("last_update_on", "actual_start"))


class Initiative(Publishable, Record):
    """A programme, initiative, project or plan of the transformation.

    ``status`` follows from the dates; ``status_override`` replaces it and then owes a reason.
    """

    class Kind(models.TextChoices):
        PROGRAMME = "programme", _("Programme")
        INITIATIVE = "initiative", _("Initiative")
        PROJECT = "project", _("Project")
        PLAN = "plan", _("Plan")

    collection = "initiatives"
    label = "title"
    owned_by = ("lead",)

    title_en = models.CharField(_("title (English)"), max_length=200, blank=True)
    title_ar = models.CharField(_("title (Arabic)"), max_length=200, blank=True)
    summary_en = models.TextField(_("summary (English)"), blank=True)
    summary_ar = models.TextField(_("summary (Arabic)"), blank=True)
    kind = models.CharField(_("kind"), max_length=12, choices=Kind.choices, default=Kind.INITIATIVE, db_index=True)
    parent = models.ForeignKey(
        "self", verbose_name=_("part of"), null=True, blank=True, on_delete=models.PROTECT, related_name="children"
    )
    pillars = models.ManyToManyField(Pillar, verbose_name=_("pillars"), blank=True, related_name="initiatives")
    goals = models.ManyToManyField(Goal, verbose_name=_("goals"), blank=True, related_name="initiatives")
    lead = models.ForeignKey(
        Organization,
        verbose_name=_("lead"),
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="led_initiatives",
    )
    status_override = models.CharField(
        _("status, overridden"),
        max_length=10,
        choices=Status.choices,
        blank=True,
        help_text=_("Replaces the status that follows from the dates. Give the reason."),
    )
    status_reason_en = models.TextField(_("reason for the status (English)"), blank=True)
    status_reason_ar = models.TextField(_("reason for the status (Arabic)"), blank=True)
    planned_start = models.DateField(_("planned start"), null=True, blank=True, db_index=True)
    planned_end = models.DateField(_("planned end"), null=True, blank=True, db_index=True)
    actual_start = models.DateField(_("actual start"), null=True, blank=True, db_index=True)
    actual_end = models.DateField(_("actual end"), null=True, blank=True, db_index=True)
    status = models.GeneratedField(
        verbose_name=_("status"),
        expression=Coalesce(
            NullIf(F("status_override"), Value("")),
            Case(
                When(actual_end__isnull=False, then=Value(Status.COMPLETED.value)),
                When(actual_start__isnull=False, then=Value(Status.ACTIVE.value)),
                When(Q(planned_start__isnull=False) | Q(planned_end__isnull=False), then=Value(Status.PLANNED.value)),
                default=None,
            ),
        ),
        output_field=models.CharField(max_length=10, choices=Status.choices, null=True),
        db_persist=True,
        db_index=True,
    )
    dates_note_en = models.CharField(_("dates, as sources give them (English)"), max_length=200, blank=True)
    dates_note_ar = models.CharField(_("dates, as sources give them (Arabic)"), max_length=200, blank=True)
    budget_amount = models.DecimalField(
        _("budget"), max_digits=18, decimal_places=2, null=True, blank=True, validators=[MinValueValidator(Decimal(0))]
    )
    budget_currency = models.CharField(
        _("currency"), max_length=3, blank=True, help_text=_("ISO 4217, for example “AED”.")
    )
    stated_progress = models.DecimalField(
        _("progress, as stated (%)"),
        max_digits=5,
        decimal_places=2,
        null=True,
        blank=True,
        validators=[MinValueValidator(Decimal(0)), MaxValueValidator(Decimal(100))],
        help_text=_("Counts only while there are no milestones. Name the source that states it."),
    )
    progress_source = models.ForeignKey(
        Source,
        verbose_name=_("source of the stated progress"),
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="+",
    )
    update_frequency = models.CharField(
        _("updates owed"), max_length=10, choices=UpdateFrequency.choices, blank=True, db_index=True
    )

    objects = InitiativeQuerySet.as_manager()

    class Meta(Record.Meta):
        verbose_name = _("initiative")
        verbose_name_plural = _("initiatives")
        indexes = [
            SearchIndex(
                name="initiative_search",
                label=both("title"),
                names=("slug",),
                notes=both("dates_note"),
                texts=both("summary", "status_reason"),
            ),
            # A filtered list is read in its order; by the filter's own index all that it finds would have to be sorted,
            # by the order's own all that it does not find would have to be read.
            models.Index(fields=["status", "slug"], name="initiative_by_status"),
            models.Index(fields=["kind", "slug"], name="initiative_by_kind"),
            models.Index(fields=["lead", "slug"], name="initiative_by_lead"),
        ]
        constraints = [
            *Record.Meta.constraints,
            text_required("title"),
            in_order("planned_start", "planned_end"),
            in_order("actual_start", "actual_end"),
            models.CheckConstraint(
                name="initiative_override_has_reason",
                condition=Q(status_override="") | ~Q(status_reason_en="", status_reason_ar=""),
                violation_error_message=_("Say why the status is overridden."),
                violation_error_code="reason_missing",
            ),
            models.CheckConstraint(
                name="initiative_budget_has_currency",
                condition=Q(budget_amount__isnull=True, budget_currency="")
                # A comparison with an unknown is unknown, which a check lets pass.
                | Q(budget_amount__isnull=False, budget_amount__gte=0, budget_currency__regex=r"^[A-Z]{3}$"),
                violation_error_message=_("A budget is an amount of 0 or more and a currency code such as “AED”."),
            ),
            models.CheckConstraint(
                name="initiative_stated_progress_sourced",
                condition=Q(stated_progress__isnull=True)
                | Q(stated_progress__gte=0, stated_progress__lte=100, progress_source__isnull=False),
                violation_error_message=_("A stated progress is 0 to 100 and names its source."),
            ),
        ]
        triggers = [*Record.Meta.triggers, refuse_cycle("parent")]


class Involvement(Part):
    """What an organization is to an initiative, for a time."""

    class Role(models.TextChoices):
        LEAD = "lead", _("Lead")
        FOUNDING_STRATEGIC_PARTNER = "founding_strategic_partner", _("Founding strategic partner")
        STRATEGIC_PARTNER = "strategic_partner", _("Strategic partner")
        PARTNER = "partner", _("Partner")
        SUPPLIER = "supplier", _("Supplier")
        FUNDER = "funder", _("Funder")
        BENEFICIARY = "beneficiary", _("Beneficiary")

    parent_field = "initiative"

    initiative = models.ForeignKey(
        Initiative, verbose_name=_("initiative"), on_delete=models.CASCADE, related_name="involvements"
    )
    organization = models.ForeignKey(
        Organization, verbose_name=_("organization"), on_delete=models.PROTECT, related_name="involvements"
    )
    role = models.CharField(_("role"), max_length=30, choices=Role.choices, db_index=True)
    start = models.DateField(_("start"), null=True, blank=True)
    end = models.DateField(_("end"), null=True, blank=True)

    objects = PartQuerySet.as_manager()

    class Meta(Part.Meta):
        verbose_name = _("involvement")
        verbose_name_plural = _("involvements")
        constraints = [
            in_order("start", "end"),
            models.UniqueConstraint(
                name="involvement_once_undated",
                fields=["initiative", "organization", "role"],
                condition=Q(start__isnull=True),
                violation_error_message=_("This organization already has this role without a start date."),
            ),
            ExclusionConstraint(
                name="involvement_overlap",
                expressions=[
                    (same_number("initiative"), RangeOperators.OVERLAPS),
                    (same_number("organization"), RangeOperators.OVERLAPS),
                    (same_choice("role"), RangeOperators.OVERLAPS),
                    (date_span("start", "end"), RangeOperators.OVERLAPS),
                ],
                condition=Q(start__isnull=False),
                violation_error_message=_("This organization already has this role for some of this time."),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.organization}: {self.get_role_display()}"


class ProgressUpdate(Publishable, Part):
    """What those who run an initiative report on a day."""

    class Health(models.TextChoices):
        ON_TRACK = "on_track", _("On track")
        AT_RISK = "at_risk", _("At risk")
        OFF_TRACK = "off_track", _("Off track")

    parent_field = "initiative"
    owned_by = ("initiative__lead",)

    initiative = models.ForeignKey(
        Initiative, verbose_name=_("initiative"), on_delete=models.CASCADE, related_name="progress_updates"
    )
    on = models.DateField(_("on"))
    health = models.CharField(_("health"), max_length=10, choices=Health.choices)
    text_en = models.TextField(_("text (English)"), blank=True)
    text_ar = models.TextField(_("text (Arabic)"), blank=True)

    objects = PublishablePartQuerySet.as_manager()

    class Meta(Part.Meta):
        verbose_name = _("progress update")
        verbose_name_plural = _("progress updates")
        ordering = ("on", "id")
        constraints = [
            text_required("text"),
            models.UniqueConstraint(
                name="progress_update_once_a_day",
                fields=["initiative", "on"],
                violation_error_message=_("There is already an update for this day."),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.on}: {self.get_health_display()}"
