"""Subscriptions and the log of what was sent to them. Abstract: the domain says whose they are and what they select.

Where a subscription stands is its cursor: the last revision that its receiver has, or that held nothing for it.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from datetime import timedelta
from typing import Any, ClassVar, Self

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models, transaction
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from tracker.history.time_travel import current_revision
from tracker.webhooks.posting import Outcome
from tracker.webhooks.signing import SALT_LENGTH, derived_secrets, new_salt
from tracker.webhooks.targets import LONGEST, check_target

OLD_SECRET_HOLDS = timedelta(hours=24)
# 5, 10, 20, 40 seconds … 6 hours, each a quarter more or less, so that subscribers who failed together return apart.
FIRST_WAIT = 5.0
LONGEST_WAIT = 6 * 3600.0
SPREAD = 0.25
# What a receiver may ask for at most by Retry-After.
LONGEST_REQUESTED_WAIT = 24 * 3600.0


class SubscriptionQuerySet(models.QuerySet[Any]):
    """Subscriptions, as the delivery process asks for them."""

    def due(self, revision: int) -> Self:
        """Those that something may have to be sent to now, while the registry is at this revision."""
        at_once = Q(next_attempt_at=None) | Q(next_attempt_at__lte=timezone.now())
        return self.filter(at_once, paused_at=None, cursor__lt=revision)


class Subscription(models.Model):
    """Somebody's wish to be sent what changes; it stops by itself when nobody takes it for days."""

    class Pause(models.TextChoices):
        FAILING = "failing", _("No delivery has succeeded for days")
        GONE = "gone", _("The receiver answered that it is gone (410)")
        OWNER_INACTIVE = "owner_inactive", _("The owner's account is not active")
        OWNER_LOST_AUTHORITY = "owner_lost_authority", _("The owner may no longer subscribe to this")

    versioned: ClassVar[bool] = False
    deliveries: Any
    owner: Any

    name = models.CharField(_("name"), max_length=100, help_text=_("What the webhook is for."))
    link = models.CharField(
        _("target address"),
        max_length=LONGEST,
        validators=[check_target],
        help_text=_("The https address to which events are posted."),
    )
    collections: Any = ArrayField(
        models.CharField(max_length=60),
        verbose_name=_("collections"),
        default=list,
        blank=True,
        help_text=_("Only changes of records in these; none means all."),
    )
    salt = models.CharField(max_length=SALT_LENGTH, default=new_salt, editable=False)
    old_salt = models.CharField(max_length=SALT_LENGTH, blank=True, editable=False)
    old_secret_until = models.DateTimeField(_("old secret valid until"), null=True, editable=False)
    cursor = models.BigIntegerField(_("delivered up to revision"), default=current_revision, editable=False)
    replays = models.PositiveIntegerField(_("replays"), default=0, editable=False)
    # The end of the batch that was begun: it is sent again as it was until it is delivered.
    batch_until = models.BigIntegerField(null=True, editable=False)
    attempts = models.PositiveIntegerField(_("failed attempts"), default=0, editable=False)
    failing_since = models.DateTimeField(_("failing since"), null=True, editable=False)
    next_attempt_at = models.DateTimeField(_("next attempt"), null=True, editable=False)
    paused_at = models.DateTimeField(_("paused"), null=True, editable=False)
    pause_reason = models.CharField(
        _("reason of the pause"), max_length=20, choices=Pause.choices, blank=True, editable=False
    )

    class Meta:
        abstract = True
        constraints = [
            models.CheckConstraint(
                name="%(class)s_paused_with_reason",
                condition=Q(paused_at=None, pause_reason="") | Q(paused_at__isnull=False) & ~Q(pause_reason=""),
            ),
            models.CheckConstraint(name="%(class)s_cursor_not_negative", condition=Q(cursor__gte=0)),
        ]

    def __str__(self) -> str:
        return self.name

    # What the domain says ---------------------------------------------------------------------------------------------

    def refusal(self) -> str:
        """Why nothing may be sent to it, as a reason for a pause; nothing where it may."""
        raise NotImplementedError

    def selected_rows(self) -> frozenset[tuple[str, int]] | None:
        """The rows, by table and id, to which all that is sent must belong; None where it need not."""
        raise NotImplementedError

    # Secrets ----------------------------------------------------------------------------------------------------------

    def secret(self) -> str:
        """The secret that signs, to be shown once."""
        return self._derived(self.salt)[0]

    def valid_secrets(self) -> list[str]:
        """All that a receiver may have at this moment."""
        old = self.old_salt if self.old_secret_until and self.old_secret_until > timezone.now() else ""
        return self._derived(self.salt) + (self._derived(old) if old else [])

    def rotate(self) -> None:
        """Take a new secret; the one before signs along with it for a day."""
        self.old_salt, self.old_secret_until = self.salt, timezone.now() + OLD_SECRET_HOLDS
        self.salt = new_salt()
        self.save(update_fields=["salt", "old_salt", "old_secret_until"])

    def _derived(self, salt: str) -> list[str]:
        return derived_secrets(f"{self._meta.label_lower}:{self.pk}", salt)

    # Verbs ------------------------------------------------------------------------------------------------------------

    def pause(self, reason: str) -> None:
        """Send nothing from now on."""
        self._rows().filter(paused_at=None).update(paused_at=timezone.now(), pause_reason=reason)

    def resume(self) -> None:
        """Go on where it stopped, at once."""
        self._rows().update(paused_at=None, pause_reason="", **UNTROUBLED)

    def retry(self) -> None:
        """Do not wait any longer: something has changed that may help."""
        self._rows().update(**UNTROUBLED)

    def replay(self, since: int) -> None:
        """Send again all that came after a revision, in its order."""
        self._rows().update(cursor=since, replays=F("replays") + 1, batch_until=None, **UNTROUBLED)

    def begin(self, since: int, until: int) -> None:
        """Keep to these revisions until they are delivered."""
        self._rows().filter(cursor=since, replays=self.replays).update(batch_until=until)

    def skip_to(self, since: int, until: int) -> None:
        """Nothing in these revisions is for this subscriber."""
        self._rows().filter(cursor=since, replays=self.replays).update(cursor=until, batch_until=None)

    @transaction.atomic
    def note(self, attempt: Attempt, outcome: Outcome, since: int, until: int) -> None:
        """Write down what came of a post, and move on or wait; unless it was deleted or replayed meanwhile."""
        now = self._rows().select_for_update().first()
        if now is None:
            return
        applies = (now.cursor, now.replays) == (since, self.replays)
        attempt.attempt = now.attempts + 1 if applies else self.attempts + 1
        attempt.save()
        if applies and outcome.is_delivered:
            self._rows().update(cursor=until, batch_until=None, **UNTROUBLED)
        elif applies:
            now._failed(outcome)

    def _failed(self, outcome: Outcome) -> None:
        now = timezone.now()
        self.attempts += 1
        self.failing_since = self.failing_since or now
        self.next_attempt_at = now + wait_after(self.attempts, outcome.retry_after)
        self.save(update_fields=["attempts", "failing_since", "next_attempt_at"])
        if outcome.is_gone:
            self.pause(self.Pause.GONE)
        elif now - self.failing_since >= timedelta(days=settings.TRACKER_WEBHOOK_PAUSE_DAYS):
            self.pause(self.Pause.FAILING)

    def _rows(self) -> Any:
        return type(self)._base_manager.filter(pk=self.pk)


UNTROUBLED: dict[str, Any] = {"attempts": 0, "failing_since": None, "next_attempt_at": None}


def wait_after(attempts: int, requested: float | None) -> timedelta:
    """How long to wait after so many failures in a row; longer where the receiver asks for it."""
    doubled = min(FIRST_WAIT * 2 ** min(attempts - 1, 20), LONGEST_WAIT)
    spread = doubled * random.uniform(1 - SPREAD, 1 + SPREAD)  # noqa: S311
    return timedelta(seconds=max(spread, min(requested or 0.0, LONGEST_REQUESTED_WAIT)))


class AttemptQuerySet(models.QuerySet[Any]):
    """What was sent."""

    def expired(self) -> Self:
        """What is no longer kept."""
        return self.filter(at__lt=timezone.now() - timedelta(days=settings.TRACKER_WEBHOOK_LOG_DAYS))

    def sweep(self, most: int) -> int:
        """Delete at most so many that are no longer kept."""
        return self.filter(pk__in=list(self.expired().values_list("pk", flat=True)[:most])).delete()[0]


class Attempt(models.Model):
    """One post to a subscriber, and what came of it."""

    class Kind(models.TextChoices):
        CHANGES = "changes", _("Changes")
        TEST = "test", _("Test")

    versioned: ClassVar[bool] = False

    at = models.DateTimeField(_("time"), default=timezone.now, db_index=True, editable=False)
    kind = models.CharField(_("kind"), max_length=7, choices=Kind.choices, editable=False)
    message_id = models.CharField(_("message"), max_length=100, editable=False)
    first_revision = models.BigIntegerField(_("first revision"), null=True, editable=False)
    last_revision = models.BigIntegerField(_("last revision"), null=True, editable=False)
    events = models.PositiveIntegerField(_("events"), editable=False)
    attempt = models.PositiveIntegerField(_("attempt"), default=1, editable=False)
    status = models.PositiveSmallIntegerField(_("status"), null=True, editable=False)
    error = models.TextField(_("error"), blank=True, editable=False)
    excerpt = models.TextField(_("beginning of the answer"), blank=True, editable=False)
    milliseconds = models.PositiveIntegerField(_("milliseconds"), editable=False)

    class Meta:
        abstract = True
        ordering: ClassVar[Sequence[str]] = ("-at", "-id")
        default_permissions = ("view",)

    def __str__(self) -> str:
        return f"{self.message_id}: {self.status or self.error}"

    def tell(self, outcome: Outcome) -> None:
        """Take what came of the post."""
        self.status, self.error, self.excerpt = outcome.status, outcome.error, outcome.excerpt
        self.milliseconds = outcome.milliseconds

    @property
    def is_delivered(self) -> bool:
        """Whether the receiver took it."""
        return self.status is not None and Outcome(0, self.status).is_delivered
