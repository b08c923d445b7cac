"""Webhooks: who may be sent what. How it is sent is for ``tracker.webhooks``."""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING, Any, Self

from django.conf import settings
from django.db import models
from django.utils.functional import cached_property
from django.utils.translation import gettext_lazy as _

from tracker.webhooks.models import Attempt, AttemptQuerySet, Subscription, SubscriptionQuerySet

from .memberships import organizations_managed_by
from .organizations import Organization
from .publication import is_curator
from .records import Timestamped

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser, User

VERBS = ("view", "add", "change", "delete")


def may_subscribe_to_all(user: Any) -> bool:
    """Whether the user may be sent changes of any organization, as staff who may add webhooks."""
    return is_curator(user) and user.has_perm("initiatives.add_webhook")


def may_subscribe(user: Any) -> bool:
    """Whether there is anything of which the user may be sent the changes."""
    return may_subscribe_to_all(user) or bool(organizations_managed_by(user))


def may(user: Any, verb: str) -> bool:
    """Whether the user may do this to webhooks of others: staff with Django's permission."""
    return is_curator(user) and user.has_perm(f"initiatives.{verb}_webhook")


class WebhookQuerySet(SubscriptionQuerySet):
    """Webhooks: everybody sees their own, staff with a permission see all."""

    def visible_to(self, user: User | AnonymousUser) -> Self:
        if any(may(user, verb) for verb in VERBS):
            return self.all()
        return self.filter(owner=user.pk) if user.is_authenticated and user.is_active else self.none()


class Webhook(Subscription, Timestamped):
    """A user's wish to be sent what changes, as far as they may see it, in collections or of organizations."""

    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, verbose_name=_("owner"), on_delete=models.CASCADE, related_name="webhooks"
    )
    organizations = models.ManyToManyField(
        Organization,
        verbose_name=_("organizations"),
        blank=True,
        related_name="webhooks",
        help_text=_(
            "Only changes of these, of records that refer to them, and of parts of such; none means all, which is "
            "for members of staff."
        ),
    )

    objects = WebhookQuerySet.as_manager()

    class Meta(Subscription.Meta):
        verbose_name = _("webhook")
        verbose_name_plural = _("webhooks")
        ordering = ("id",)

    @cached_property
    def chosen(self) -> frozenset[int]:
        """The ids of its organizations, read once: whether they are allowed and what they select is of the same."""
        return frozenset(self.organizations.values_list("pk", flat=True))

    def refusal(self) -> str:
        if not self.owner.is_active:
            return self.Pause.OWNER_INACTIVE
        return "" if may_be_sent(self.owner, self.chosen) else self.Pause.OWNER_LOST_AUTHORITY

    def selected_rows(self) -> frozenset[tuple[str, int]] | None:
        return frozenset((Organization._meta.db_table, pk) for pk in self.chosen) or None


def may_be_sent(user: Any, organizations: Collection[int]) -> bool:
    """Whether the user may be sent the changes of these organizations, or of all where none is named."""
    if may_subscribe_to_all(user):
        return True
    return bool(organizations) and set(organizations) <= organizations_managed_by(user)


class WebhookDelivery(Attempt):
    """One post to a webhook's target, and what came of it."""

    webhook = models.ForeignKey(
        Webhook, verbose_name=_("webhook"), on_delete=models.CASCADE, related_name="deliveries", editable=False
    )

    objects = AttemptQuerySet.as_manager()

    class Meta(Attempt.Meta):
        verbose_name = _("webhook delivery")
        verbose_name_plural = _("webhook deliveries")
        indexes = [models.Index(fields=["webhook", "-at", "-id"], name="webhook_delivery_log")]
