"""The publication state of records that entities write themselves: who may read them before they are published."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Self

from django.db import models
from django.utils.translation import gettext_lazy as _

from .records import PartQuerySet, RecordQuerySet, Timestamped

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser, User


class PublicationState(models.TextChoices):
    DRAFT = "draft", _("Draft")
    IN_REVIEW = "in_review", _("In review")
    PUBLISHED = "published", _("Published")
    WITHDRAWN = "withdrawn", _("Withdrawn")


def is_curator(user: User | AnonymousUser) -> bool:
    """Whether the user works for the registry itself."""
    return user.is_active and user.is_staff


class PublishableQuerySet(RecordQuerySet):
    """Records that the public reads once they are published, and curators always."""

    def published(self) -> Self:
        return self.filter(state=PublicationState.PUBLISHED)

    def visible_to(self, user: User | AnonymousUser) -> Self:
        return self.all() if is_curator(user) else self.published()


class PublishablePartQuerySet(PartQuerySet):
    """Parts that the public reads once they are published and if it sees their record."""

    def visible_to(self, user: User | AnonymousUser) -> Self:
        return self.all() if is_curator(user) else super().visible_to(user).filter(state=PublicationState.PUBLISHED)


class Publishable(Timestamped):
    """A row with a publication state; it changes by the verbs below only."""

    public_when: ClassVar[dict[str, str]] = {"state": PublicationState.PUBLISHED.value}
    """The columns by which history knows that the public may see a row now, and so its past."""

    state = models.CharField(
        _("publication state"),
        max_length=12,
        choices=PublicationState.choices,
        default=PublicationState.PUBLISHED,
        db_index=True,
        editable=False,
    )

    class Meta:
        abstract = True

    def publish(self) -> None:
        """Let everybody read the record."""
        self._move_to(PublicationState.PUBLISHED)

    def withdraw(self) -> None:
        """Take the record from the public's sight; curators still see it."""
        self._move_to(PublicationState.WITHDRAWN)

    def _move_to(self, state: PublicationState) -> None:
        self.state = state
        self.save(update_fields=["state", "updated_at"])
