"""Memberships: what a user may do on behalf of an organization."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.db import connection, models
from django.utils.translation import gettext_lazy as _

from .organizations import Organization
from .records import Timestamped

# A tree of any depth, which the ORM cannot walk. UNION ends it where somebody drew a circle.
MANAGED = """
WITH RECURSIVE managed(id) AS (
    SELECT organization_id FROM public.initiatives_membership WHERE user_id = %s AND role = 'manager'
    UNION
    SELECT below.id FROM public.initiatives_organization below JOIN managed ON below.parent_id = managed.id
)
SELECT id FROM managed
"""


def organizations_managed_by(user: Any) -> set[int]:
    """The ids of the organizations that the user manages, and of those that stand under them."""
    if not user.is_active or user.pk is None:
        return set()
    with connection.cursor() as cursor:
        cursor.execute(MANAGED, [user.pk])
        return {pk for (pk,) in cursor.fetchall()}


class Membership(Timestamped):
    """A user's role in an organization; each role includes those before it."""

    class Role(models.TextChoices):
        CONTRIBUTOR = "contributor", _("Contributor")
        PUBLISHER = "publisher", _("Publisher")
        MANAGER = "manager", _("Manager")

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, verbose_name=_("user"), on_delete=models.CASCADE, related_name="memberships"
    )
    organization = models.ForeignKey(
        Organization, verbose_name=_("organization"), on_delete=models.CASCADE, related_name="memberships"
    )
    role = models.CharField(_("role"), max_length=12, choices=Role.choices, db_index=True)

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
