"""Following: which records a person wants to hear of, how far they have read, and whether they get a daily digest."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self

from django.conf import settings
from django.contrib.contenttypes.models import ContentType
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Greatest
from django.utils.translation import gettext_lazy as _

from tracker.history.time_travel import current_revision

from .records import SLUG_LENGTH, Record, Timestamped

if TYPE_CHECKING:
    from datetime import date

    from django.contrib.auth.models import User

MOST_FOLLOWED = 1_000
"""How many records a person may follow."""


class FollowQuerySet(models.QuerySet[Any]):
    """Who follows what."""

    def of_record(self, record: Record) -> Self:
        return self.filter(content_type=ContentType.objects.get_for_model(record), object_id=record.pk)

    def move(self, duplicate: Record, into: Record) -> None:
        """Have those who follow a duplicate follow the record that it was merged into, once each."""
        already = self.of_record(into).values("user")
        self.of_record(duplicate).filter(user__in=already).delete()
        self.of_record(duplicate).update(object_id=into.pk, slug=into.slug)


class Follow(Timestamped):
    """A person's wish to hear of a record. It outlives the record, which may come back."""

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, verbose_name=_("user"), on_delete=models.CASCADE, related_name="follows"
    )
    content_type = models.ForeignKey(
        ContentType, verbose_name=_("record type"), on_delete=models.CASCADE, related_name="+"
    )
    # No generic foreign key: that would be a reference, which keeps a record from being deleted.
    object_id = models.BigIntegerField(_("record id"))
    slug = models.CharField(
        _("slug"), max_length=SLUG_LENGTH, help_text=_("The record's slug as the person came to know it.")
    )
    since = models.BigIntegerField(_("from revision"), default=current_revision, editable=False)

    objects = FollowQuerySet.as_manager()

    class Meta:
        verbose_name = _("followed record")
        verbose_name_plural = _("followed records")
        ordering = ("id",)
        constraints = [
            models.UniqueConstraint(
                name="follow_once",
                fields=["user", "content_type", "object_id"],
                violation_error_message=_("This user already follows this record."),
            )
        ]
        indexes = [models.Index(fields=["content_type", "object_id"], name="follow_record")]

    def __str__(self) -> str:
        return f"{self.user}: {self.slug}"

    @property
    def table(self) -> str:
        """The table of the record, as history names it."""
        model = self.content_type.model_class()
        return model._meta.db_table if model is not None else ""


class FeedReaderQuerySet(models.QuerySet[Any]):
    """How far people have read."""

    def of_user(self, user: User) -> FeedReader:
        """The user's row, made where there is none yet: it begins at the present."""
        reader: FeedReader = self.get_or_create(user=user)[0]
        return reader

    def owed_digest(self, today: date) -> Self:
        """Those who want a digest and have had none today."""
        unsent = Q(digested_on=None) | Q(digested_on__lt=today)
        return self.filter(unsent, digest=FeedReader.Digest.DAILY, user__is_active=True)


class FeedReader(Timestamped):
    """How far a person has read of what they follow, and whether it is mailed to them."""

    class Digest(models.TextChoices):
        OFF = "off", _("Off")
        DAILY = "daily", _("Daily")

    user = models.OneToOneField(
        settings.AUTH_USER_MODEL, verbose_name=_("user"), on_delete=models.CASCADE, related_name="feed_reader"
    )
    seen = models.BigIntegerField(_("seen up to revision"), default=current_revision)
    digest = models.CharField(
        _("digest by e-mail"), max_length=5, choices=Digest.choices, default=Digest.OFF, db_index=True
    )
    language = models.CharField(
        _("language of the digest"), max_length=2, choices=[("en", _("English")), ("ar", _("Arabic"))], default="en"
    )
    digested = models.BigIntegerField(_("digested up to revision"), default=current_revision, editable=False)
    digested_on = models.DateField(_("last digest on"), null=True, editable=False)

    objects = FeedReaderQuerySet.as_manager()

    class Meta:
        verbose_name = _("feed reader")
        verbose_name_plural = _("feed readers")
        ordering = ("id",)
        constraints = [
            models.CheckConstraint(
                name="feed_reader_marks_not_negative",
                condition=Q(seen__gte=0, digested__gte=0),
                violation_error_message=_("Revisions are counted from 1."),
            )
        ]

    def __str__(self) -> str:
        return str(self.user)

    def see(self, revision: int) -> None:
        """Move the mark on to a revision; a mark that is further already stays."""
        self._rows().update(seen=Greatest(F("seen"), revision))
        self.refresh_from_db(fields=["seen"])

    def return_to(self, revision: int) -> None:
        """Move the mark back, so that what came after it counts as unseen again."""
        self._rows().update(seen=revision)
        self.refresh_from_db(fields=["seen"])

    def switch(self, digest: str) -> None:
        """Turn the digest on, from now on, or off."""
        if digest == self.digest:
            return
        begin = {"digested": current_revision()} if digest == self.Digest.DAILY else {}
        self._rows().update(digest=digest, **begin)
        self.refresh_from_db(fields=["digest", "digested"])

    def note_digest(self, revision: int, on: date) -> None:
        """Note that everything up to a revision was mailed, or was nothing to mail, on this day."""
        self._rows().update(digested=revision, digested_on=on)

    @property
    def undigested_since(self) -> int:
        """After which revision there may be something that the person has neither seen nor been mailed."""
        return max(self.seen, self.digested)

    def _rows(self) -> Any:
        return type(self).objects.filter(pk=self.pk)
