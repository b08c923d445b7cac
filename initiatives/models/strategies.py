"""Strategies, the pillars that they stand on, and goals with who stated them."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from tracker.search import SearchIndex, both

from .organizations import Organization
from .people import Person
from .records import PublicRecordQuerySet, Record, in_order, text_required


class Strategy(Record):
    """A strategy that an organization owns."""

    collection = "strategies"
    label = "title"

    title_en = models.CharField(_("title (English)"), max_length=200, blank=True)
    title_ar = models.CharField(_("title (Arabic)"), max_length=200, blank=True)
    owner = models.ForeignKey(
        Organization,
        verbose_name=_("owner"),
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="strategies",
    )
    description_en = models.TextField(_("description (English)"), blank=True)
    description_ar = models.TextField(_("description (Arabic)"), blank=True)
    start = models.DateField(_("start"), null=True, blank=True, db_index=True)
    end = models.DateField(_("end"), null=True, blank=True, db_index=True)
    period_note_en = models.CharField(
        _("period, as sources give it (English)"),
        max_length=200,
        blank=True,
        help_text=_("For example “October 2016”."),
    )
    period_note_ar = models.CharField(_("period, as sources give it (Arabic)"), max_length=200, blank=True)

    objects = PublicRecordQuerySet.as_manager()

    class Meta(Record.Meta):
        verbose_name = _("strategy")
        verbose_name_plural = _("strategies")
        indexes = [
            SearchIndex(
                name="strategy_search",
                label=both("title"),
                names=("slug",),
                notes=both("period_note"),
                texts=both("description"),
            )
        ]
        constraints = [*Record.Meta.constraints, text_required("title"), in_order("start", "end")]


class Pillar(Record):
    """One of the pillars of a strategy, in the strategy's order."""

    collection = "pillars"

    strategy = models.ForeignKey(Strategy, verbose_name=_("strategy"), on_delete=models.CASCADE, related_name="pillars")
    position = models.PositiveSmallIntegerField(_("position"), help_text=_("Its place in the order, counted from 1."))
    name_en = models.CharField(_("name (English)"), max_length=200, blank=True)
    name_ar = models.CharField(_("name (Arabic)"), max_length=200, blank=True)
    description_en = models.TextField(_("description (English)"), blank=True)
    description_ar = models.TextField(_("description (Arabic)"), blank=True)

    objects = PublicRecordQuerySet.as_manager()

    class Meta(Record.Meta):
        verbose_name = _("pillar")
        verbose_name_plural = _("pillars")
        indexes = [SearchIndex(name="pillar_search", label=both("name"), names=("slug",), texts=both("description"))]
        ordering = ("strategy", "position", "slug")
        constraints = [
            *Record.Meta.constraints,
            text_required("name"),
            models.UniqueConstraint(
                name="pillar_position",
                fields=["strategy", "position"],
                deferrable=models.Deferrable.DEFERRED,
                violation_error_message=_("Another pillar of this strategy has this position."),
            ),
        ]


class Goal(Record):
    """What an organization or a city wants to reach, and who said so."""

    collection = "goals"
    label = "title"

    title_en = models.CharField(_("title (English)"), max_length=300, blank=True)
    title_ar = models.CharField(_("title (Arabic)"), max_length=300, blank=True)
    description_en = models.TextField(_("description (English)"), blank=True)
    description_ar = models.TextField(_("description (Arabic)"), blank=True)
    owner = models.ForeignKey(
        Organization,
        verbose_name=_("owner"),
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="goals",
    )
    stated_by = models.ManyToManyField(Person, verbose_name=_("stated by"), blank=True, related_name="stated_goals")
    strategy = models.ForeignKey(
        Strategy,
        verbose_name=_("strategy"),
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="goals",
    )
    horizon = models.DateField(_("horizon"), null=True, blank=True, db_index=True, help_text=_("To be reached by."))

    objects = PublicRecordQuerySet.as_manager()

    class Meta(Record.Meta):
        verbose_name = _("goal")
        verbose_name_plural = _("goals")
        indexes = [SearchIndex(name="goal_search", label=both("title"), names=("slug",), texts=both("description"))]
        constraints = [*Record.Meta.constraints, text_required("title")]
