"""Publication: who may read records that entities write themselves, and the steps by which they come to the public."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, Self

from django.conf import settings
from django.contrib.contenttypes.fields import GenericForeignKey
from django.contrib.contenttypes.models import ContentType
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from .memberships import Role, reached_by
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


def owned_by_theirs(model: Any, user: User | AnonymousUser) -> Q:
    """The condition that a row belongs to an organization of which the user is a member, there or above."""
    theirs = reached_by(user, Role.CONTRIBUTOR)
    found = Q()
    for path in model.owned_by:
        found |= Q(**{f"{path}__in": theirs})
    return found


class PublishableQuerySet(RecordQuerySet):
    """Records that the public reads once they are published, members of their owner and curators always."""

    def published(self) -> Self:
        return self.filter(state=PublicationState.PUBLISHED)

    def visible_to(self, user: User | AnonymousUser) -> Self:
        if is_curator(user):
            return self.all()
        if not user.is_active:
            return self.published()
        return self.filter(Q(state=PublicationState.PUBLISHED) | owned_by_theirs(self.model, user))


class PublishablePartQuerySet(PartQuerySet):
    """Parts that the public reads once they are published and if it sees their record."""

    def visible_to(self, user: User | AnonymousUser) -> Self:
        if is_curator(user):
            return self.all()
        seen = super().visible_to(user)
        if not user.is_active:
            return seen.filter(state=PublicationState.PUBLISHED)
        return seen.filter(Q(state=PublicationState.PUBLISHED) | owned_by_theirs(self.model, user))


class Publishable(Timestamped):
    """A row with a publication state; it changes by the steps of ``initiatives.workflow`` only."""

    public_when: ClassVar[dict[str, str]] = {"state": PublicationState.PUBLISHED.value}
    """The columns by which history knows that the public may see a row now, and so its past."""
    owned_by: ClassVar[tuple[str, ...]]
    """The paths to the organization that the row belongs to; of several at most one leads anywhere."""

    state = models.CharField(
        _("publication state"),
        max_length=12,
        choices=PublicationState.choices,
        default=PublicationState.PUBLISHED,
        db_default=PublicationState.PUBLISHED,
        db_index=True,
        editable=False,
    )

    class Meta:
        abstract = True

    def owner_id(self) -> int | None:
        """The id of the organization that the row belongs to; None where nobody but the curators answers for it."""
        return next((pk for path in self.owned_by if (pk := _at_the_end(self, path)) is not None), None)

    def publish(self) -> None:
        """Let everybody read the record."""
        self.move_to(PublicationState.PUBLISHED)

    def withdraw(self) -> None:
        """Take the record from the public's sight; its owner and curators still see it."""
        self.move_to(PublicationState.WITHDRAWN)

    def move_to(self, state: PublicationState) -> None:
        """Write the state; what may come after what, ``initiatives.permissions`` says."""
        self.state = state
        self.save(update_fields=["state", "updated_at"])


def _at_the_end(row: Any, path: str) -> int | None:
    *steps, last = path.split("__")
    for step in steps:
        row = getattr(row, step)
        if row is None:
            return None
    pk: int | None = getattr(row, f"{last}_id")
    return pk


class PublicationStep(models.Model):
    """A step that somebody took with a record or with its pending version: the members' log beside the history."""

    class Kind(models.TextChoices):
        SUBMITTED = "submitted", _("Submitted")
        APPROVED = "approved", _("Approved")
        RETURNED = "returned", _("Returned")
        WITHDRAWN = "withdrawn", _("Withdrawn")

    versioned: ClassVar[bool] = False

    content_type = models.ForeignKey(ContentType, on_delete=models.CASCADE, related_name="+", editable=False)
    object_id = models.PositiveBigIntegerField(editable=False)
    record = GenericForeignKey("content_type", "object_id")
    kind = models.CharField(_("step"), max_length=10, choices=Kind.choices, editable=False)
    of_next_version = models.BooleanField(_("of the next version"), default=False, editable=False)
    comment = models.TextField(_("comment"), max_length=2000, blank=True)
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name=_("by"),
        null=True,
        on_delete=models.SET_NULL,
        related_name="+",
        editable=False,
    )
    at = models.DateTimeField(_("at"), auto_now_add=True, editable=False)

    class Meta:
        verbose_name = _("publication step")
        verbose_name_plural = _("publication steps")
        ordering = ("-at", "-id")
        indexes = [models.Index(fields=["content_type", "object_id", "-at"], name="publication_step_of_record")]

    def __str__(self) -> str:
        return f"{self.record}: {self.get_kind_display()}"


class NextVersion(Timestamped):
    """What a published record is to become once it is approved; until then the public sees the record as it is."""

    class State(models.TextChoices):
        DRAFT = "draft", _("Draft")
        IN_REVIEW = "in_review", _("In review")

    versioned: ClassVar[bool] = False

    content_type = models.ForeignKey(ContentType, on_delete=models.CASCADE, related_name="+", editable=False)
    object_id = models.PositiveBigIntegerField(editable=False)
    record = GenericForeignKey("content_type", "object_id")
    state = models.CharField(_("state"), max_length=12, choices=State.choices, default=State.DRAFT, editable=False)
    changes = models.JSONField(_("changes"), help_text=_("The fields that change, as a PATCH would name them."))
    before = models.JSONField(
        _("before"), editable=False, help_text=_("What these fields said when the change was written.")
    )
    author = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name=_("author"),
        null=True,
        on_delete=models.SET_NULL,
        related_name="+",
        editable=False,
    )

    class Meta:
        verbose_name = _("next version")
        verbose_name_plural = _("next versions")
        ordering = ("-updated_at", "-id")
        constraints = [
            models.UniqueConstraint(
                name="next_version_once",
                fields=["content_type", "object_id"],
                violation_error_message=_("This record has a next version already."),
            )
        ]

    def __str__(self) -> str:
        return str(self.record)
