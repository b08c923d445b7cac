"""Memberships: what a user may do on behalf of an organization, and how people come to be members."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, ClassVar, Self

from django.conf import settings
from django.db import connection, models
from django.db.models import Func, Q, Value
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from tracker.accounts.addresses import confirmed_addresses

from .organizations import Organization
from .records import Timestamped

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser, User

INVITATIONS_LIVE = timedelta(days=30)

# A tree of any depth, which the ORM cannot walk. UNION ends it where somebody drew a circle. The tables by their whole
# names: the present decides who may do what, also to who reads the past.
REACHED = """
WITH RECURSIVE reached(id) AS (
    SELECT organization_id FROM public.initiatives_membership WHERE user_id = {user} AND role = ANY({roles}::text[])
    UNION
    SELECT below.id FROM public.initiatives_organization below JOIN reached ON below.parent_id = reached.id
)
SELECT id FROM reached
"""
ROLES_ABOVE = """
WITH RECURSIVE above(id) AS (
    SELECT id FROM public.initiatives_organization WHERE id = %s
    UNION
    SELECT below.parent_id FROM public.initiatives_organization below JOIN above ON below.id = above.id
)
SELECT role FROM public.initiatives_membership WHERE user_id = %s AND organization_id IN (SELECT id FROM above)
"""


class Role(models.TextChoices):
    """What a member may do, each role more than those before it."""

    CONTRIBUTOR = "contributor", _("Contributor")
    PUBLISHER = "publisher", _("Publisher")
    MANAGER = "manager", _("Manager")


class Reached(Func):
    """The ids of the organizations for which a user, by an expression of their id, has some role there or above."""

    output_field = models.BigIntegerField()

    def as_sql(self, compiler: Any, connection: Any, **_extra: Any) -> tuple[str, Any]:  # type: ignore[override]
        user, roles = self.source_expressions
        user_sql, parameters = compiler.compile(user)
        roles_sql, role_parameters = compiler.compile(roles)
        return f"({REACHED.format(user=user_sql, roles=roles_sql)})", [*parameters, *role_parameters]


def reached_by(user: Any, role: str) -> Reached:
    """The ids of the organizations for which the user has at least this role, there or above: for use in a filter."""
    pk = user.pk if user.is_active else None
    return Reached(pk if hasattr(pk, "resolve_expression") else Value(pk), Value(_at_least(role)))


def organizations_managed_by(user: Any) -> set[int]:
    """The ids of the organizations that the user manages, and of those that stand under them."""
    if not user.is_active or user.pk is None:
        return set()
    with connection.cursor() as cursor:
        cursor.execute(REACHED.format(user="%s", roles="%s"), [user.pk, _at_least(Role.MANAGER)])
        return {pk for (pk,) in cursor.fetchall()}


def role_in(user: Any, organization: int | None) -> Role | None:
    """The highest role that the user has in the organization with this id or in one above it."""
    if organization is None or not user.is_active or user.pk is None:
        return None
    with connection.cursor() as cursor:
        cursor.execute(ROLES_ABOVE, [organization, user.pk])
        held = {role for (role,) in cursor.fetchall()}
    return next((role for role in reversed(Role) if role in held), None)


def _at_least(role: str) -> list[str]:
    ordered = list(Role.values)
    return ordered[ordered.index(role) :]


class MembershipQuerySet(models.QuerySet["Membership"]):
    """Memberships: one's own, and those in organizations that one manages; curators see all."""

    def visible_to(self, user: User | AnonymousUser) -> Self:
        if user.is_active and user.is_staff:
            return self.all()
        if not user.is_authenticated or not user.is_active:
            return self.none()
        return self.filter(Q(user=user.pk) | Q(organization__in=reached_by(user, Role.MANAGER)))


class Membership(Timestamped):
    """A user's role in an organization, which reaches down to the organizations under it.

    It is versioned so that every change of authority is in the history, and makes what was answered before out of date.
    """

    Role = Role

    versioned: ClassVar[bool] = True
    # No role has this value: that a user is a member is never public, nor was it.
    public_when: ClassVar[dict[str, str]] = {"role": ""}

    organization = models.ForeignKey(
        Organization, verbose_name=_("organization"), on_delete=models.CASCADE, related_name="memberships"
    )
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, verbose_name=_("user"), on_delete=models.CASCADE, related_name="memberships"
    )
    role = models.CharField(_("role"), max_length=12, choices=Role.choices, db_index=True)

    objects = MembershipQuerySet.as_manager()

    class Meta:
        verbose_name = _("membership")
        verbose_name_plural = _("memberships")
        ordering = ("organization", "user")
        constraints = [
            models.UniqueConstraint(
                name="membership_once",
                fields=["user", "organization"],
                violation_error_message=_("This user is already a member of this organization."),
            )
        ]

    def __str__(self) -> str:
        return f"{self.user}, {self.organization}: {self.get_role_display()}"


class OpenQuerySet(models.QuerySet[Any]):
    """Invitations or requests, of which some still wait for an answer."""

    def open(self) -> Self:
        return self.filter(state="open")


def end_of_invitation() -> datetime:
    """When an invitation that is made now ends by itself."""
    return timezone.now() + INVITATIONS_LIVE


class InvitationQuerySet(OpenQuerySet):
    """Invitations: those to oneself, and those of organizations that one manages; curators see all."""

    def visible_to(self, user: User | AnonymousUser) -> Self:
        if user.is_active and user.is_staff:
            return self.all()
        if not user.is_authenticated or not user.is_active:
            return self.none()
        return self.filter(Q(email__in=confirmed_addresses(user)) | Q(organization__in=reached_by(user, Role.MANAGER)))

    def open(self) -> Self:
        return super().open().filter(expires_at__gt=timezone.now())


class Invitation(Timestamped):
    """A manager's offer to whoever has an e-mail address to become a member; it ends by itself after thirty days."""

    class State(models.TextChoices):
        OPEN = "open", _("Open")
        ACCEPTED = "accepted", _("Accepted")
        DECLINED = "declined", _("Declined")
        REVOKED = "revoked", _("Revoked")

    versioned: ClassVar[bool] = False

    organization = models.ForeignKey(
        Organization, verbose_name=_("organization"), on_delete=models.CASCADE, related_name="invitations"
    )
    email = models.EmailField(_("e-mail address"))
    role = models.CharField(_("role"), max_length=12, choices=Role.choices)
    message = models.TextField(_("message"), max_length=2000, blank=True)
    state = models.CharField(_("state"), max_length=8, choices=State.choices, default=State.OPEN, editable=False)
    invited_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name=_("invited by"),
        null=True,
        on_delete=models.SET_NULL,
        related_name="+",
        editable=False,
    )
    expires_at = models.DateTimeField(_("expires"), default=end_of_invitation, editable=False)
    decided_at = models.DateTimeField(_("decided"), null=True, editable=False)

    objects = InvitationQuerySet.as_manager()

    class Meta:
        verbose_name = _("invitation")
        verbose_name_plural = _("invitations")
        ordering = ("-id",)
        constraints = [
            models.UniqueConstraint(
                name="invitation_once",
                fields=["organization", "email"],
                condition=Q(state="open"),
                violation_error_message=_("There is an open invitation for this address already."),
            )
        ]

    def __str__(self) -> str:
        return f"{self.email}, {self.organization}: {self.get_role_display()}"

    def save(self, *args: Any, **kwargs: Any) -> None:
        self.email = self.email.lower()
        super().save(*args, **kwargs)

    @property
    def is_open(self) -> bool:
        return self.state == self.State.OPEN and self.expires_at > timezone.now()


class JoinRequestQuerySet(OpenQuerySet):
    """Requests: one's own, and those to organizations that one manages; curators see all."""

    def visible_to(self, user: User | AnonymousUser) -> Self:
        if user.is_active and user.is_staff:
            return self.all()
        if not user.is_authenticated or not user.is_active:
            return self.none()
        return self.filter(Q(user=user.pk) | Q(organization__in=reached_by(user, Role.MANAGER)))


class JoinRequest(Timestamped):
    """A person's wish to become a member of an organization, and what its manager said to it."""

    class State(models.TextChoices):
        OPEN = "open", _("Open")
        ACCEPTED = "accepted", _("Accepted")
        REFUSED = "refused", _("Refused")
        WITHDRAWN = "withdrawn", _("Withdrawn")

    versioned: ClassVar[bool] = False

    organization = models.ForeignKey(
        Organization, verbose_name=_("organization"), on_delete=models.CASCADE, related_name="join_requests"
    )
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, verbose_name=_("user"), on_delete=models.CASCADE, related_name="join_requests"
    )
    message = models.TextField(_("message"), max_length=2000, blank=True)
    state = models.CharField(_("state"), max_length=9, choices=State.choices, default=State.OPEN, editable=False)
    comment = models.TextField(_("comment"), max_length=2000, blank=True, help_text=_("What the manager says to it."))
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name=_("decided by"),
        null=True,
        on_delete=models.SET_NULL,
        related_name="+",
        editable=False,
    )
    decided_at = models.DateTimeField(_("decided"), null=True, editable=False)

    objects = JoinRequestQuerySet.as_manager()

    class Meta:
        verbose_name = _("request to join")
        verbose_name_plural = _("requests to join")
        ordering = ("-id",)
        constraints = [
            models.UniqueConstraint(
                name="join_request_once",
                fields=["organization", "user"],
                condition=Q(state="open"),
                violation_error_message=_("You have asked this organization already, and it has not answered yet."),
            )
        ]

    def __str__(self) -> str:
        return f"{self.user}, {self.organization}"
