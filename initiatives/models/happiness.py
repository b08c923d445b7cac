"""Happiness: what people who used a smart service felt, and the counts that every index is summed from.

Ratings are anonymous and never changed. They are counted in fives: a rating waits, unseen, until four others of its
service have come, and then all five are counted at once, on the day of the fifth. So whatever is published, and
whatever is left when one published number is taken from another, is of five people or more (docs/happiness.md).
"""

from __future__ import annotations

from typing import Any, Self

import pgtrigger
from django.core.validators import RegexValidator
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import gettext_noop

from .days import city_day
from .smart_services import SmartService

LONGEST_COMMENT = 1_000
FIVE = 5
"""How many ratings are counted at once, and the fewest that are ever shown."""
# Control characters but for the line break, and those that reverse the direction of the text around them.
UNPRINTABLE = r"\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069"
KEPT_AS_GIVEN = gettext_noop("A rating is never changed or deleted; only whether its comment is shown may change.")

printable = RegexValidator(
    rf"^[^{UNPRINTABLE}]*$", _("A comment has no control characters but line breaks."), code="control_character"
)


def _never_changed() -> pgtrigger.Trigger:
    """A trigger that refuses to change or delete a rating, except for what moderators say of its comment."""
    return pgtrigger.Trigger(
        name="never_changed",
        when=pgtrigger.Before,
        operation=pgtrigger.Update | pgtrigger.Delete,
        func=pgtrigger.Func(
            f"""
            IF TG_OP = 'UPDATE' AND to_jsonb(OLD) - 'comment_state' = to_jsonb(NEW) - 'comment_state' THEN
                RETURN NEW;
            END IF;
            RAISE EXCEPTION USING
                ERRCODE = 'check_violation',
                MESSAGE = '{KEPT_AS_GIVEN}',
                TABLE = '{{meta.db_table}}', CONSTRAINT = '{{meta.db_table}}_never_changed';
            """
        ),
    )


def _counted_in_fives() -> pgtrigger.Trigger:
    """A trigger by which each rating waits with others, and the fifth has all five counted, in the same transaction.

    Those with a comment wait apart: their scores are shown with their comments, and would tell those of the others.
    """
    return pgtrigger.Trigger(
        name="counted_in_fives",
        when=pgtrigger.After,
        operation=pgtrigger.Insert,
        declare=[("five", "public.initiatives_waitingratings")],
        func=pgtrigger.Func(
            f"""
            INSERT INTO public.initiatives_waitingratings AS waiting
                (smart_service_id, commented, happy, neutral, unhappy)
            VALUES (
                NEW.smart_service_id, NEW.comment <> '',
                (NEW.score = 'happy')::int, (NEW.score = 'neutral')::int, (NEW.score = 'unhappy')::int
            )
            ON CONFLICT (smart_service_id, commented) DO UPDATE SET
                happy = waiting.happy + EXCLUDED.happy,
                neutral = waiting.neutral + EXCLUDED.neutral,
                unhappy = waiting.unhappy + EXCLUDED.unhappy
            RETURNING * INTO five;
            IF five.happy + five.neutral + five.unhappy < {FIVE} THEN
                RETURN NULL;
            END IF;
            UPDATE public.initiatives_waitingratings SET happy = 0, neutral = 0, unhappy = 0 WHERE id = five.id;
            INSERT INTO public.initiatives_happinesscount AS counted
                (smart_service_id, period, start, happy, neutral, unhappy)
            SELECT NEW.smart_service_id, period, date_trunc(period, NEW.day::timestamp)::date,
                five.happy, five.neutral, five.unhappy
            FROM unnest(ARRAY['day', 'week', 'month']) period
            ON CONFLICT (smart_service_id, period, start) DO UPDATE SET
                happy = counted.happy + EXCLUDED.happy,
                neutral = counted.neutral + EXCLUDED.neutral,
                unhappy = counted.unhappy + EXCLUDED.unhappy;
            RETURN NULL;
            """
        ),
    )


class RatingQuerySet(models.QuerySet[Any]):
    """Many ratings."""

    def of(self, service: SmartService) -> Self:
        """Those of a service, and of the duplicates that were merged into it."""
        # Named one by one: by a join PostgreSQL would read the ratings of all services, to put them in order.
        merged = SmartService.objects.filter(replaced_by=service).values_list("pk", flat=True)
        return self.filter(smart_service__in=[service.pk, *merged])

    def shown(self) -> Self:
        """Those whose comments everybody may read."""
        return self.filter(comment_state=Rating.CommentState.SHOWN)

    def moderate(self, state: Rating.CommentState) -> int:
        """Show or refuse the comments of these, as far as they have any; how many there were."""
        return self.exclude(comment="").update(comment_state=state)


class Rating(models.Model):
    """One answer to the question whether a service made its user happy.

    The table is partitioned by the month of ``rated_at`` (``rating_partitions``), and its primary key (id, rated_at).
    """

    class Score(models.TextChoices):
        HAPPY = "happy", _("Happy")
        NEUTRAL = "neutral", _("Neutral")
        UNHAPPY = "unhappy", _("Unhappy")

    class CommentState(models.TextChoices):
        PENDING = "pending", _("To be read")
        SHOWN = "shown", _("Shown")
        REFUSED = "refused", _("Refused")

    # Out of a merge's sight: ratings are of the service that was rated, and are counted for the one that it leads to.
    # The database protects the service; Django would load every rating to say so.
    smart_service = models.ForeignKey(
        SmartService, verbose_name=_("smart service"), on_delete=models.DO_NOTHING, related_name="+", db_index=False
    )
    score = models.CharField(_("score"), max_length=8, choices=Score.choices)
    channel = models.CharField(_("channel"), max_length=10, choices=SmartService.Channel.choices)
    comment = models.TextField(_("comment"), max_length=LONGEST_COMMENT, blank=True, validators=[printable])
    comment_state = models.CharField(
        _("state of the comment"), max_length=7, choices=CommentState.choices, blank=True, editable=False
    )
    rated_at = models.DateTimeField(_("rated at"), default=timezone.now, editable=False)
    day = models.DateField(_("day"), editable=False, help_text=_("The city's day on which it was given."))

    objects = RatingQuerySet.as_manager()

    class Meta:
        verbose_name = _("rating")
        verbose_name_plural = _("ratings")
        ordering = ("-rated_at", "-id")
        indexes = [
            models.Index(fields=["smart_service", "rated_at"], name="rating_service_time"),
            models.Index(fields=["-rated_at", "-id"], name="rating_newest"),
            models.Index(
                fields=["smart_service", "-rated_at", "-id"],
                name="rating_comments_shown",
                condition=Q(comment_state="shown"),
            ),
            models.Index(
                fields=["-rated_at", "-id"], name="rating_comments_pending", condition=Q(comment_state="pending")
            ),
        ]
        constraints = [
            models.CheckConstraint(name="rating_score_known", condition=Q(score__in=["happy", "neutral", "unhappy"])),
            models.CheckConstraint(
                name="rating_comment_has_state",
                condition=Q(comment="", comment_state="")
                | (~Q(comment="") & Q(comment_state__in=["pending", "shown", "refused"])),
            ),
        ]
        triggers = [_never_changed(), _counted_in_fives()]

    def __str__(self) -> str:
        return f"{self.smart_service}: {self.get_score_display()}"

    def save(self, *args: Any, **kwargs: Any) -> None:
        if self._state.adding:
            self.day = self.day or city_day(self.rated_at)
            self.comment_state = self.comment_state or (self.CommentState.PENDING if self.comment else "")
        super().save(*args, **kwargs)


class Tally(models.Model):
    """How many ratings of each score, of one service."""

    happy = models.PositiveIntegerField(_("happy"), default=0, editable=False)
    neutral = models.PositiveIntegerField(_("neutral"), default=0, editable=False)
    unhappy = models.PositiveIntegerField(_("unhappy"), default=0, editable=False)

    class Meta:
        abstract = True


class WaitingRatings(Tally):
    """The ratings of a service that are not counted yet: fewer than five with a comment, fewer than five without."""

    smart_service = models.ForeignKey(
        SmartService,
        verbose_name=_("smart service"),
        on_delete=models.PROTECT,
        related_name="+",
        db_index=False,
        editable=False,
    )
    commented = models.BooleanField(_("with a comment"), editable=False)

    class Meta:
        verbose_name = _("waiting ratings")
        verbose_name_plural = _("waiting ratings")
        ordering = ("smart_service", "commented")
        constraints = [
            models.UniqueConstraint(name="waiting_ratings_once", fields=["smart_service", "commented"]),
        ]

    def __str__(self) -> str:
        return str(self.smart_service)


class HappinessCount(Tally):
    """The ratings of a service that are counted in a day, a week (from Monday) or a month, in fives."""

    class Period(models.TextChoices):
        DAY = "day", _("Day")
        WEEK = "week", _("Week")
        MONTH = "month", _("Month")

    smart_service = models.ForeignKey(
        SmartService,
        verbose_name=_("smart service"),
        on_delete=models.DO_NOTHING,
        related_name="+",
        db_index=False,
        editable=False,
    )
    period = models.CharField(_("period"), max_length=5, choices=Period.choices, editable=False)
    start = models.DateField(_("first day"), editable=False)

    class Meta:
        verbose_name = _("happiness count")
        verbose_name_plural = _("happiness counts")
        ordering = ("-start", "period", "smart_service")
        constraints = [
            models.UniqueConstraint(name="happiness_count_once", fields=["smart_service", "period", "start"]),
        ]
        indexes = [models.Index(fields=["period", "start"], name="happiness_count_period")]

    def __str__(self) -> str:
        return f"{self.smart_service}, {self.get_period_display()} {self.start}"
