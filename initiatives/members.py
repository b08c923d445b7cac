"""How people come to be members of an organization, change their role and leave: each step asks who may take it."""

from __future__ import annotations

from functools import partial
from typing import Any

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from initiatives.invitation_mail import send_invitation
from initiatives.models import Invitation, JoinRequest, Membership, Organization
from initiatives.models.memberships import Role
from initiatives.models.publication import is_curator
from initiatives.permissions import may_manage
from tracker.accounts.addresses import confirmed_addresses
from tracker.api.problem_types import Conflict


@transaction.atomic
def invite(*, organization: Organization, email: str, role: str, message: str, by: Any) -> Invitation:
    """Offer a role to whoever has this address, whether they have an account already or not, and write to them."""
    _must_manage(by, organization)
    # One whose time has run out would stand in the way of another.
    lapsed = Invitation.objects.filter(organization=organization, email__iexact=email, state=Invitation.State.OPEN)
    lapsed.filter(expires_at__lte=timezone.now()).update(state=Invitation.State.REVOKED, decided_at=timezone.now())
    invitation = Invitation.objects.create(
        organization=organization, email=email, role=role, message=message, invited_by=by
    )
    transaction.on_commit(partial(send_invitation, invitation))
    return invitation


@transaction.atomic
def accept_invitation(*, invitation: Invitation, by: Any) -> Membership:
    """Become a member, if the invitation still stands and so does whoever invited."""
    _must_be_invited(by, invitation)
    _must_be_open(invitation.is_open)
    inviter = invitation.invited_by
    if inviter is None or not may_manage(inviter, invitation.organization_id):
        raise Conflict(_("Whoever invited you may no longer do so. Ask the organization for another invitation."))
    _close(invitation, Invitation.State.ACCEPTED)
    return _join(by, invitation.organization, invitation.role)


@transaction.atomic
def decline_invitation(*, invitation: Invitation, by: Any) -> None:
    """Say no to an invitation."""
    _must_be_invited(by, invitation)
    _must_be_open(invitation.is_open)
    _close(invitation, Invitation.State.DECLINED)


@transaction.atomic
def revoke_invitation(*, invitation: Invitation, by: Any) -> None:
    """Take back an invitation that nobody has answered."""
    _must_manage(by, invitation.organization)
    _must_be_open(invitation.state == Invitation.State.OPEN)
    _close(invitation, Invitation.State.REVOKED)


@transaction.atomic
def ask_to_join(*, organization: Organization, message: str, by: Any) -> JoinRequest:
    """Ask an organization to become its member."""
    if Membership.objects.filter(user=by, organization=organization).exists():
        raise Conflict(_("You are a member of this organization already."))
    return JoinRequest.objects.create(organization=organization, user=by, message=message)


@transaction.atomic
def accept_request(*, request: JoinRequest, role: str, comment: str, by: Any) -> Membership:
    """Make whoever asked a member."""
    _must_manage(by, request.organization)
    _must_be_open(request.state == JoinRequest.State.OPEN)
    _decide(request, JoinRequest.State.ACCEPTED, comment, by)
    return _join(request.user, request.organization, role)


@transaction.atomic
def refuse_request(*, request: JoinRequest, comment: str, by: Any) -> None:
    """Tell whoever asked why not."""
    _must_manage(by, request.organization)
    _must_be_open(request.state == JoinRequest.State.OPEN)
    _decide(request, JoinRequest.State.REFUSED, comment, by)


@transaction.atomic
def withdraw_request(*, request: JoinRequest, by: Any) -> None:
    """Take back one's own request."""
    if request.user != by:
        raise PermissionDenied(_("Only who asked takes a request back. Refuse it instead."))
    _must_be_open(request.state == JoinRequest.State.OPEN)
    _decide(request, JoinRequest.State.WITHDRAWN, "", by)


@transaction.atomic
def change_role(*, membership: Membership, role: str, by: Any) -> Membership:
    """Promote or demote a member."""
    _must_manage(by, membership.organization)
    if role != Role.MANAGER:
        _must_leave_a_manager(membership, by)
    membership.role = role
    membership.save(update_fields=["role", "updated_at"])
    return membership


@transaction.atomic
def remove(*, membership: Membership, by: Any) -> None:
    """End a membership: one's own, or as a manager."""
    if membership.user != by:
        _must_manage(by, membership.organization)
    _must_leave_a_manager(membership, by)
    membership.delete()


def _must_manage(user: Any, organization: Organization) -> None:
    if not may_manage(user, organization.pk):
        raise PermissionDenied(_("This takes a manager of the organization, or of one above it."))


def _must_be_invited(user: Any, invitation: Invitation) -> None:
    if invitation.email not in confirmed_addresses(user):
        raise PermissionDenied(_("The invitation is for somebody else."))


def _must_be_open(is_open: bool) -> None:
    if not is_open:
        raise Conflict(_("This has been answered, taken back or has expired."))


def _must_leave_a_manager(membership: Membership, by: Any) -> None:
    """Only curators may leave an organization that has a manager without one."""
    if is_curator(by) or membership.role != Role.MANAGER:
        return
    # Locked together, so that two managers who leave at once do not both count on the other.
    managers = Membership.objects.filter(organization=membership.organization, role=Role.MANAGER)
    if not [each for each in managers.select_for_update().order_by("pk") if each.pk != membership.pk]:
        raise Conflict(_("This is the last manager of the organization. Make somebody else a manager first."))


def _close(invitation: Invitation, state: str) -> None:
    invitation.state = state
    invitation.decided_at = timezone.now()
    invitation.save(update_fields=["state", "decided_at", "updated_at"])


def _decide(request: JoinRequest, state: str, comment: str, by: Any) -> None:
    request.state, request.comment, request.decided_by, request.decided_at = state, comment, by, timezone.now()
    request.save(update_fields=["state", "comment", "decided_by", "decided_at", "updated_at"])


def _join(user: Any, organization: Organization, role: str) -> Membership:
    """A membership with this role, or with the higher one that there is."""
    membership, _made = Membership.objects.select_for_update().get_or_create(
        user=user, organization=organization, defaults={"role": role}
    )
    ranks = list(Role.values)
    if ranks.index(membership.role) < ranks.index(role):
        membership.role = role
        membership.save(update_fields=["role", "updated_at"])
    return membership
