"""Milestones, how slippage runs along their dependencies, and roadmaps that put initiatives and milestones in order."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, ClassVar, Self

from django.core.validators import MinValueValidator
from django.db import models
from django.db.models import Case, Exists, ExpressionWrapper, F, Func, OuterRef, Q, When
from django.db.models.functions import Coalesce
from django.utils.translation import gettext_lazy as _

from tracker.search import SearchIndex, both

from .initiatives import Initiative
from .integrity import refuse_cycle
from .organizations import Organization
from .records import OrderedPart, PartQuerySet, PublicRecordQuerySet, Record, RecordQuerySet, text_required

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser, User

# The ORM has no recursion. A milestone that is not completed is late by its own forecast or by the lateness of whatever
# it waits for, whichever is more; a completed one by what it really took. Being early is not passed on.
MILESTONE_SLIPPAGE_SQL = """
CREATE FUNCTION milestone_slippage(bigint) RETURNS integer LANGUAGE sql STABLE AS $$
    WITH RECURSIVE reached(id, completed_on, slippage) AS (
        SELECT id, completed_on, COALESCE(completed_on, forecast_on, due_on) - due_on
        FROM initiatives_milestone WHERE id = $1
        UNION
        SELECT awaited.id, awaited.completed_on,
               COALESCE(awaited.completed_on, awaited.forecast_on, awaited.due_on) - awaited.due_on
        FROM reached
        JOIN initiatives_milestonedependency dependency ON dependency.milestone_id = reached.id
        JOIN initiatives_milestone awaited ON awaited.id = dependency.depends_on_id
        WHERE reached.completed_on IS NULL
    )
    SELECT max(slippage) FROM reached WHERE id = $1 OR slippage > 0
$$;
"""
DROP_MILESTONE_SLIPPAGE_SQL = "DROP FUNCTION milestone_slippage(bigint);"


class MilestoneQuerySet(RecordQuerySet):
    """Questions asked of many milestones; the public sees those of the initiatives that it sees."""

    def visible_to(self, user: User | AnonymousUser) -> Self:
        return self.filter(initiative__in=Initiative.objects.visible_to(user))

    def with_computed(self) -> Self:
        return self.with_slippage()

    def with_slippage(self) -> Self:
        """Annotate ``slippage_days`` (forecast against plan, along dependencies) and ``projected_on``."""
        # Most wait for nothing; a call of a recursive function for each would take longer than all the rest of a list.
        waiting = Q(completed_on__isnull=True) & Exists(MilestoneDependency.objects.filter(milestone=OuterRef("pk")))
        late = Case(
            When(waiting, then=Func(F("pk"), function="milestone_slippage")),
            default=Func(
                Coalesce(F("completed_on"), F("forecast_on"), F("due_on")),
                F("due_on"),
                template="(%(expressions)s)",
                arg_joiner=" - ",
            ),
            output_field=models.IntegerField(),
        )
        projected = ExpressionWrapper(F("due_on") + F("slippage_days"), output_field=models.DateField())
        return self.annotate(slippage_days=late).annotate(
            projected_on=Coalesce(F("completed_on"), projected, F("forecast_on"))
        )


class Milestone(Record):
    """A point that an initiative wants to reach by a day."""

    collection = "milestones"
    label = "title"

    initiative = models.ForeignKey(
        Initiative, verbose_name=_("initiative"), on_delete=models.CASCADE, related_name="milestones"
    )
    title_en = models.CharField(_("title (English)"), max_length=200, blank=True)
    title_ar = models.CharField(_("title (Arabic)"), max_length=200, blank=True)
    due_on = models.DateField(_("due on"), null=True, blank=True, db_index=True)
    forecast_on = models.DateField(
        _("forecast"), null=True, blank=True, db_index=True, help_text=_("The day that is expected now.")
    )
    completed_on = models.DateField(_("completed on"), null=True, blank=True, db_index=True)
    weight = models.DecimalField(
        _("weight"),
        max_digits=8,
        decimal_places=2,
        default=Decimal(1),
        validators=[MinValueValidator(Decimal("0.01"))],
        help_text=_("Its share in the initiative's progress, in relation to the other milestones."),
    )
    depends_on = models.ManyToManyField(
        "self",
        verbose_name=_("depends on"),
        symmetrical=False,
        blank=True,
        through="MilestoneDependency",
        through_fields=("milestone", "depends_on"),
        related_name="dependents",
    )

    objects = MilestoneQuerySet.as_manager()

    class Meta(Record.Meta):
        verbose_name = _("milestone")
        verbose_name_plural = _("milestones")
        ordering = ("due_on", "slug")
        indexes = [
            SearchIndex(name="milestone_search", label=both("title"), names=("slug",)),
            # Many are due on the same day, so that the day alone does not find a page.
            models.Index(fields=["due_on", "slug"], name="milestone_order"),
        ]
        constraints = [
            *Record.Meta.constraints,
            text_required("title"),
            models.CheckConstraint(
                name="milestone_weight_positive",
                condition=Q(weight__gt=0),
                violation_error_message=_("A weight is more than 0."),
            ),
        ]


class MilestoneDependency(models.Model):
    """One milestone that another waits for."""

    versioned: ClassVar[bool] = True
    public_with: ClassVar[tuple[str, ...]] = ("depends_on",)

    milestone = models.ForeignKey(
        Milestone, verbose_name=_("milestone"), on_delete=models.CASCADE, related_name="dependencies"
    )
    depends_on = models.ForeignKey(
        Milestone, verbose_name=_("depends on"), on_delete=models.RESTRICT, related_name="dependent_links"
    )

    class Meta:
        verbose_name = _("milestone dependency")
        verbose_name_plural = _("milestone dependencies")
        constraints = [
            models.UniqueConstraint(
                name="milestone_dependency_once",
                fields=["milestone", "depends_on"],
                violation_error_message=_("This dependency is already there."),
            )
        ]
        triggers = [refuse_cycle("depends_on", node="milestone")]

    def __str__(self) -> str:
        return f"{self.milestone} → {self.depends_on}"


class Roadmap(Record):
    """An ordered way through initiatives and milestones, made for an audience."""

    collection = "roadmaps"
    label = "title"

    title_en = models.CharField(_("title (English)"), max_length=200, blank=True)
    title_ar = models.CharField(_("title (Arabic)"), max_length=200, blank=True)
    owner = models.ForeignKey(
        Organization,
        verbose_name=_("owner"),
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="roadmaps",
    )
    audience_en = models.CharField(_("audience (English)"), max_length=200, blank=True)
    audience_ar = models.CharField(_("audience (Arabic)"), max_length=200, blank=True)
    description_en = models.TextField(_("description (English)"), blank=True)
    description_ar = models.TextField(_("description (Arabic)"), blank=True)

    objects = PublicRecordQuerySet.as_manager()

    class Meta(Record.Meta):
        verbose_name = _("roadmap")
        verbose_name_plural = _("roadmaps")
        indexes = [
            SearchIndex(
                name="roadmap_search",
                label=both("title"),
                names=("slug",),
                notes=both("audience"),
                texts=both("description"),
            )
        ]
        constraints = [*Record.Meta.constraints, text_required("title")]


class RoadmapItemQuerySet(PartQuerySet):
    """The public sees the items whose initiative or milestone it sees."""

    def visible_to(self, user: User | AnonymousUser) -> Self:
        initiatives = Initiative.objects.visible_to(user)
        return self.filter(Q(initiative__in=initiatives) | Q(milestone__initiative__in=initiatives))


class RoadmapItem(OrderedPart):
    """A station of a roadmap: an initiative or a milestone."""

    parent_field = "roadmap"
    public_with = ("initiative", "milestone")

    roadmap = models.ForeignKey(Roadmap, verbose_name=_("roadmap"), on_delete=models.CASCADE, related_name="items")
    initiative = models.ForeignKey(
        Initiative,
        verbose_name=_("initiative"),
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="roadmap_items",
    )
    milestone = models.ForeignKey(
        Milestone,
        verbose_name=_("milestone"),
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="roadmap_items",
    )

    objects = RoadmapItemQuerySet.as_manager()

    class Meta(OrderedPart.Meta):
        verbose_name = _("roadmap item")
        verbose_name_plural = _("roadmap items")
        constraints = [
            models.CheckConstraint(
                name="roadmap_item_one_target",
                condition=Q(initiative__isnull=False, milestone__isnull=True)
                | Q(initiative__isnull=True, milestone__isnull=False),
                violation_error_message=_("An item points at one initiative or at one milestone."),
            ),
            models.UniqueConstraint(
                name="roadmap_item_position",
                fields=["roadmap", "position"],
                deferrable=models.Deferrable.DEFERRED,
                violation_error_message=_("Another item of this roadmap has this position."),
            ),
        ]

    def __str__(self) -> str:
        return str(self.initiative or self.milestone)
