"""What follows from dates: progress over weighted milestones, and the day by which the next update is owed.

All are SQL expressions, so that lists filter and order by them and every reader gets the same answer.
"""

from __future__ import annotations

from decimal import Decimal

from django.db import models
from django.db.models import Case, ExpressionWrapper, F, OuterRef, Q, Subquery, Sum, Value, When
from django.db.models.functions import Cast, Coalesce, NullIf, Round
from django.utils.translation import gettext_lazy as _


class UpdateFrequency(models.TextChoices):
    WEEKLY = "weekly", _("Weekly")
    MONTHLY = "monthly", _("Monthly")
    QUARTERLY = "quarterly", _("Quarterly")
    YEARLY = "yearly", _("Yearly")


INTERVALS = {
    UpdateFrequency.WEEKLY: "1 week",
    UpdateFrequency.MONTHLY: "1 month",
    UpdateFrequency.QUARTERLY: "3 months",
    UpdateFrequency.YEARLY: "1 year",
}


def aggregate_of(model: type[models.Model], aggregate: models.Expression) -> Subquery:
    """The aggregate over a row's own related rows, as a subquery, so that several never multiply each other's rows."""
    rows = model._base_manager.filter(pk=OuterRef("pk")).values("pk").annotate(aggregated=aggregate)
    return Subquery(rows.values("aggregated"))


def milestone_progress(initiative: type[models.Model]) -> Subquery:
    """The share of the milestones' weight that is completed, in per cent; null where there are none."""
    done = Coalesce(
        Sum("milestones__weight", filter=Q(milestones__completed_on__isnull=False)),
        Value(Decimal(0)),
    )
    share = Round(done * Value(Decimal(100)) / NullIf(Sum("milestones__weight"), Value(Decimal(0))), precision=2)
    return aggregate_of(
        initiative, ExpressionWrapper(share, output_field=models.DecimalField(max_digits=5, decimal_places=2))
    )


def next_owed(last: str, begin: str, frequency: str = "update_frequency") -> Cast:
    """The day after ``last`` (or else ``begin``) by which the next update is owed; null where none is."""
    whens = [When(**{frequency: choice}, then=Value(interval)) for choice, interval in INTERVALS.items()]
    interval = Cast(Case(*whens, default=None, output_field=models.CharField()), models.DurationField())
    moment = ExpressionWrapper(Coalesce(F(last), F(begin)) + interval, output_field=models.DateTimeField())
    return Cast(moment, models.DateField())
