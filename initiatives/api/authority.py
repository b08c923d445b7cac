"""Who may write through the API: curators by Django's permissions, members of organizations by their standing."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rest_framework.exceptions import PermissionDenied
from rest_framework.request import Request

from initiatives.models import Membership, SharingAgreement
from initiatives.models.publication import Publishable, is_curator
from initiatives.permissions import Action, may_request, why_not
from tracker.api.permissions import ReadOrModelPermissions

# What each operation of a collection is to the record; steps of publication ask for themselves.
ACTIONS: Mapping[str, Action] = {
    "create": Action.DRAFT,
    "update": Action.CHANGE,
    "partial_update": Action.CHANGE,
    "partial_update_many": Action.CHANGE,
    "destroy": Action.DELETE,
    "destroy_many": Action.DELETE,
    "merge": Action.MERGE,
    "restore": Action.RESTORE,
}
STEPS = frozenset({"submit", "approve", "return_", "withdraw", "write_next_version", "discard_next_version"})


class MembersWriteTheirOwn(ReadOrModelPermissions):
    """Everybody reads; members write what their organization answers for, curators all, each as far as they may."""

    def may_write(self, request: Request, view: Any, verb: str) -> bool:
        if is_curator(request.user):
            return super().may_write(request, view, verb)
        if view.action == "create" and not Membership.objects.filter(user=request.user.pk).exists():
            # Whoever is nobody's member is told so before what they sent is looked at.
            return False
        return view.action in getattr(view, "members_may", ())

    def has_object_permission(self, request: Request, view: Any, record: Any) -> bool:
        """Raises PermissionDenied with what to do instead."""
        if isinstance(record, SharingAgreement):
            asks = view.action == "create" and not is_curator(request.user)
            return not asks or may_request(request.user, record.recipient_id)
        action = ACTIONS.get(view.action)
        if action is None or not isinstance(record, Publishable):
            return True
        refusal = why_not(request.user, action, record)
        if refusal:
            raise PermissionDenied(refusal)
        return True
