"""Indicators: what is measured, in which unit and with which meaning, so that totals are the same everywhere."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, Self

from django.db import models
from django.db.models import Case, F, Func, OuterRef, Q, Subquery, Sum, Value, When
from django.db.models.functions import Round
from django.db.models.lookups import Exact
from django.utils.translation import gettext_lazy as _

from tracker.search import SearchIndex, both

from .initiatives import Initiative
from .integrity import refuse_cycle, refuse_locked_period
from .organizations import Organization
from .publication import Publishable, PublishableQuerySet
from .records import Part, PartQuerySet, Record, RecordQuerySet, text_required
from .schedules import UpdateFrequency, next_owed
from .smart_services import SmartService
from .sources import Source
from .strategies import Goal

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser, User


class Meaning(models.TextChoices):
    POINT = "point", _("Point value: how it stands on the day")
    CUMULATIVE = "cumulative", _("Cumulative: the running total up to the day")
    RATIO = "ratio", _("Ratio of numerator to denominator, in per cent")


class IndicatorQuerySet(RecordQuerySet):
    """Questions asked of many indicators; the public sees those whose subject it sees."""

    def visible_to(self, user: User | AnonymousUser) -> Self:
        initiatives = Initiative.objects.visible_to(user)
        services = SmartService.objects.visible_to(user)
        return self.filter(
            Q(initiative__isnull=True) | Q(initiative__in=initiatives),
            Q(smart_service__isnull=True) | Q(smart_service__in=services),
        )

    def with_computed(self) -> Self:
        return self.with_latest()

    def with_latest(self) -> Self:
        """Annotate ``latest_value`` and ``latest_on``, of the last observation, and ``next_update_on``."""
        newest = Observation.objects.published().filter(indicator=OuterRef("pk")).order_by("-on")
        return self.annotate(
            latest_value=Subquery(newest.values("value")[:1]), latest_on=Subquery(newest.values("on")[:1])
        ).annotate(next_update_on=next_owed("latest_on", "update_begin"))


class Indicator(Record):
    """A measure of a goal, an initiative, a smart service or an organization."""

    class Framework(models.TextChoices):
        U4SSC = "U4SSC", _("U4SSC")
        ISO_37122 = "ISO 37122", _("ISO 37122")
        OWN = "own", _("Own")

    class Direction(models.TextChoices):
        INCREASE = "increase", _("More is better")
        DECREASE = "decrease", _("Less is better")

    collection = "indicators"
    label = "title"
    public_with = ("initiative", "smart_service")

    code = models.CharField(_("code"), max_length=40, blank=True, db_index=True)
    framework = models.CharField(
        _("framework"), max_length=10, choices=Framework.choices, default=Framework.OWN, db_index=True
    )
    title_en = models.CharField(_("title (English)"), max_length=300, blank=True)
    title_ar = models.CharField(_("title (Arabic)"), max_length=300, blank=True)
    unit_en = models.CharField(_("unit (English)"), max_length=40, blank=True)
    unit_ar = models.CharField(_("unit (Arabic)"), max_length=40, blank=True)
    meaning = models.CharField(_("meaning of a value"), max_length=10, choices=Meaning.choices, db_index=True)
    direction = models.CharField(
        _("direction"), max_length=8, choices=Direction.choices, default=Direction.INCREASE, db_index=True
    )
    parent = models.ForeignKey(
        "self",
        verbose_name=_("part of"),
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="children",
        help_text=_("The indicator of the same unit and meaning whose total this one is a part of."),
    )
    goal = models.ForeignKey(
        Goal, verbose_name=_("goal"), null=True, blank=True, on_delete=models.PROTECT, related_name="indicators"
    )
    initiative = models.ForeignKey(
        Initiative,
        verbose_name=_("initiative"),
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="indicators",
    )
    smart_service = models.ForeignKey(
        SmartService,
        verbose_name=_("smart service"),
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="indicators",
    )
    organization = models.ForeignKey(
        Organization,
        verbose_name=_("organization"),
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="indicators",
    )
    update_frequency = models.CharField(
        _("updates owed"), max_length=10, choices=UpdateFrequency.choices, blank=True, db_index=True
    )
    update_begin = models.DateField(
        _("updates owed from"), null=True, blank=True, help_text=_("Counts until there is a first observation.")
    )
    locked_until = models.DateField(
        _("locked until"),
        null=True,
        blank=True,
        help_text=_("Observations of this day and of those before it can no longer be added, changed or deleted."),
    )

    objects = IndicatorQuerySet.as_manager()

    class Meta(Record.Meta):
        verbose_name = _("indicator")
        verbose_name_plural = _("indicators")
        indexes = [
            SearchIndex(name="indicator_search", label=both("title"), names=("slug", "code"), notes=both("unit"))
        ]
        constraints = [
            *Record.Meta.constraints,
            text_required("title"),
            text_required("unit"),
            models.UniqueConstraint(
                name="indicator_code",
                fields=["framework", "code"],
                condition=~Q(code=""),
                violation_error_message=_("Another indicator of this framework has this code."),
            ),
            models.CheckConstraint(
                name="indicator_one_subject",
                condition=Exact(
                    Func(
                        F("goal"),
                        F("initiative"),
                        F("smart_service"),
                        F("organization"),
                        function="num_nonnulls",
                        output_field=models.IntegerField(),
                    ),
                    1,
                ),
                violation_error_message=_(
                    "An indicator measures exactly one of: a goal, an initiative, a smart service, an organization."
                ),
            ),
        ]
        triggers = [*Record.Meta.triggers, refuse_cycle("parent")]

    def total(self, since: date | None = None, until: date | None = None) -> Total:
        """What the indicator and its parts come to over the days from ``since`` to ``until``, both included."""
        own = Observation.objects.filter(indicator=self).total(self.meaning, since, until)
        parts = [child.total(since, until) for child in self.children.filter(replaced_by__isnull=True)]
        return own if own.observations or not parts else Total.over(parts, self.meaning)


@dataclass(frozen=True)
class Total:
    """A value over a period; ``None`` where the observations do not allow one."""

    value: Decimal | None
    numerator: Decimal | None
    denominator: Decimal | None
    observations: int

    @classmethod
    def ratio(cls, numerator: Decimal, denominator: Decimal, observations: int) -> Self:
        value = round(100 * numerator / denominator, 6) if denominator else None
        return cls(value=value, numerator=numerator, denominator=denominator, observations=observations)

    @classmethod
    def over(cls, parts: list[Total], meaning: str) -> Self:
        """The total of an indicator's parts: values add up, ratios are taken anew from the sums below them."""
        counted = sum(part.observations for part in parts)
        if meaning == Meaning.RATIO:
            known = [part for part in parts if part.numerator is not None and part.denominator is not None]
            if len(known) < len([part for part in parts if part.observations]):
                return cls(value=None, numerator=None, denominator=None, observations=counted)
            return cls.ratio(
                sum((part.numerator or Decimal(0) for part in known), Decimal(0)),
                sum((part.denominator or Decimal(0) for part in known), Decimal(0)),
                counted,
            )
        values = [part.value for part in parts if part.value is not None]
        return cls(
            value=sum(values, Decimal(0)) if values else None, numerator=None, denominator=None, observations=counted
        )


class Target(Part):
    """The value that an indicator is to reach by a day."""

    parent_field = "indicator"

    indicator = models.ForeignKey(
        Indicator, verbose_name=_("indicator"), on_delete=models.CASCADE, related_name="targets"
    )
    on = models.DateField(_("on"))
    value = models.DecimalField(_("value"), max_digits=20, decimal_places=6)

    objects = PartQuerySet.as_manager()

    class Meta(Part.Meta):
        verbose_name = _("target")
        verbose_name_plural = _("targets")
        ordering = ("on", "id")
        constraints = [
            models.UniqueConstraint(
                name="target_once_a_day",
                fields=["indicator", "on"],
                violation_error_message=_("This indicator already has a target for this day."),
            )
        ]

    def __str__(self) -> str:
        return f"{self.on}: {self.value.normalize():f}"


class ObservationQuerySet(PublishableQuerySet):
    """Questions asked of many observations; the public sees what is published of the indicators that it sees."""

    def visible_to(self, user: User | AnonymousUser) -> Self:
        return super().visible_to(user).filter(indicator__in=Indicator.objects.visible_to(user))

    def total(self, meaning: str, since: date | None, until: date | None) -> Total:
        """What the published ones of these, all of one indicator of that meaning, come to over a period."""
        rows = self.published().filter(replaced_by__isnull=True).order_by("on")
        upto = rows.filter(on__lte=until) if until else rows
        within = upto.filter(on__gte=since) if since else upto
        count = within.count()
        last = within.last()
        if last is None:
            return Total(value=None, numerator=None, denominator=None, observations=0)
        if meaning == Meaning.RATIO:
            if within.filter(numerator__isnull=True).exists():
                return Total(
                    value=last.value if count == 1 else None, numerator=None, denominator=None, observations=count
                )
            sums = within.aggregate(above=Sum("numerator"), below=Sum("denominator"))
            return Total.ratio(sums["above"], sums["below"], count)
        value = last.value
        if meaning == Meaning.CUMULATIVE and since:
            before = rows.filter(on__lt=since).last()
            value -= before.value if before else Decimal(0)
        return Total(value=value, numerator=None, denominator=None, observations=count)


class Observation(Publishable, Record):
    """A value of an indicator on a day: stated, or the ratio of a numerator to a denominator in per cent."""

    collection = "observations"
    label = None
    public_with = ("indicator",)
    owned_by = (
        "indicator__organization",
        "indicator__initiative__lead",
        "indicator__smart_service__provider",
        "indicator__goal__owner",
    )

    indicator = models.ForeignKey(
        Indicator, verbose_name=_("indicator"), on_delete=models.PROTECT, related_name="observations"
    )
    on = models.DateField(_("on"), db_index=True)
    stated_value = models.DecimalField(
        _("stated value"),
        max_digits=20,
        decimal_places=6,
        null=True,
        blank=True,
        help_text=_("Leave empty where numerator and denominator are given."),
    )
    numerator = models.DecimalField(_("numerator"), max_digits=20, decimal_places=6, null=True, blank=True)
    denominator = models.DecimalField(_("denominator"), max_digits=20, decimal_places=6, null=True, blank=True)
    value = models.GeneratedField(
        verbose_name=_("value"),
        expression=Case(
            When(
                denominator__gt=0,
                then=Round(F("numerator") * Value(100) / F("denominator"), precision=6),
            ),
            default=F("stated_value"),
        ),
        output_field=models.DecimalField(max_digits=24, decimal_places=6),
        db_persist=True,
        db_index=True,
    )
    date_note_en = models.CharField(_("date, as the source gives it (English)"), max_length=200, blank=True)
    date_note_ar = models.CharField(_("date, as the source gives it (Arabic)"), max_length=200, blank=True)
    source = models.ForeignKey(
        Source,
        verbose_name=_("source"),
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="observations",
    )

    objects = ObservationQuerySet.as_manager()

    class Meta(Record.Meta):
        verbose_name = _("observation")
        verbose_name_plural = _("observations")
        indexes = [SearchIndex(name="observation_search", names=("slug",), notes=both("date_note"))]
        ordering = ("indicator", "on", "slug")
        triggers = [*Record.Meta.triggers, refuse_locked_period()]
        constraints = [
            *Record.Meta.constraints,
            models.UniqueConstraint(
                name="observation_once_a_day",
                fields=["indicator", "on"],
                condition=Q(replaced_by__isnull=True),
                violation_error_message=_("This indicator already has an observation for this day."),
            ),
            models.CheckConstraint(
                name="observation_one_form",
                condition=Q(stated_value__isnull=False, numerator__isnull=True, denominator__isnull=True)
                # A comparison with an unknown is unknown, which a check lets pass.
                | Q(stated_value__isnull=True, numerator__isnull=False, denominator__isnull=False, denominator__gt=0),
                violation_error_message=_("Give a stated value, or a numerator and a denominator above 0."),
            ),
        ]

    def slug_texts(self) -> list[str]:
        return [self.indicator.slug, str(self.on)]

    def __str__(self) -> str:
        return f"{self.indicator}, {self.on}"
