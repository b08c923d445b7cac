"""Memberships as a page: invitations to answer, organizations to leave or to ask, and members to manage.

What a form says becomes the body that the API would be sent, so that there is one set of rules.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from http import HTTPStatus
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import Prefetch
from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods
from rest_framework.exceptions import ValidationError

from initiatives import members
from initiatives.api.memberships import (
    AcceptanceSerializer,
    ChangeOfRoleSerializer,
    NewInvitationSerializer,
    NewJoinRequestSerializer,
    RefusalSerializer,
)
from initiatives.models import Invitation, JoinRequest, Membership, Organization
from initiatives.models.memberships import Role, organizations_managed_by
from tracker.accounts.addresses import confirmed_addresses
from tracker.api.problem_types import Conflict

from .frame import api_request, page, reasons, row_id, signed_in


@page
@require_http_methods(["GET", "HEAD", "POST"])
@signed_in("memberships-page")
def memberships(request: HttpRequest) -> HttpResponseBase:
    """What one is and may become, and the members of what one manages; each form does one thing and comes back."""
    act = ACTS.get(request.POST.get("do", ""))
    if act is None:
        return _shown(request)
    try:
        with transaction.atomic():
            done = act(request)
    except (ValidationError, Conflict) as refused:
        return _shown(request, reasons(refused))
    except PermissionDenied as refused:
        return _shown(request, [str(refused)], HTTPStatus.FORBIDDEN)
    messages.success(request, done)
    return redirect("memberships-page")


def _shown(
    request: HttpRequest, refused: list[str] | None = None, status: HTTPStatus = HTTPStatus.BAD_REQUEST
) -> HttpResponse:
    user: Any = request.user
    managed = Organization.objects.filter(pk__in=organizations_managed_by(user)).order_by("slug")
    context = {
        "invited": Invitation.objects.open()
        .filter(email__in=confirmed_addresses(user))
        .select_related("organization", "invited_by"),
        "own": user.memberships.select_related("organization"),
        "asked": JoinRequest.objects.filter(user=user).open().select_related("organization"),
        "managed": managed.prefetch_related(
            Prefetch("memberships", Membership.objects.select_related("user").order_by("user__username")),
            Prefetch("join_requests", JoinRequest.objects.open().select_related("user")),
            Prefetch("invitations", Invitation.objects.open()),
        ),
        "roles": Role.choices,
        "typed": request.POST if refused else {},
        "refused": refused or [],
    }
    return render(request, "pages/memberships.html", context, status=status if refused else HTTPStatus.OK)


# What the forms do: each answers with what to say once it is done ----------------------------------------------------


def _accept(request: HttpRequest) -> str:
    membership = members.accept_invitation(invitation=_locked(Invitation, request), by=request.user)
    return _("You are a member of %(organization)s now.") % {"organization": membership.organization}


def _decline(request: HttpRequest) -> str:
    members.decline_invitation(invitation=_locked(Invitation, request), by=request.user)
    return _("The invitation is declined.")


def _leave(request: HttpRequest) -> str:
    membership = _locked(Membership, request)
    members.remove(membership=membership, by=request.user)
    return _("The membership has ended.")


def _ask(request: HttpRequest) -> str:
    asked = members.ask_to_join(by=request.user, **_said(request, NewJoinRequestSerializer))
    return _("%(organization)s has been asked.") % {"organization": asked.organization}


def _take_back(request: HttpRequest) -> str:
    members.withdraw_request(request=_locked(JoinRequest, request), by=request.user)
    return _("The request is taken back.")


def _invite(request: HttpRequest) -> str:
    invitation = members.invite(by=request.user, **_said(request, NewInvitationSerializer))
    return _("%(address)s is invited.") % {"address": invitation.email}


def _revoke(request: HttpRequest) -> str:
    members.revoke_invitation(invitation=_locked(Invitation, request), by=request.user)
    return _("The invitation is revoked.")


def _admit(request: HttpRequest) -> str:
    wish = _locked(JoinRequest, request)
    members.accept_request(request=wish, by=request.user, **_said(request, AcceptanceSerializer))
    return _("%(user)s is a member now.") % {"user": wish.user.username}


def _refuse(request: HttpRequest) -> str:
    wish = _locked(JoinRequest, request)
    members.refuse_request(request=wish, by=request.user, **_said(request, RefusalSerializer))
    return _("The request is refused.")


def _change_role(request: HttpRequest) -> str:
    membership = _locked(Membership, request)
    members.change_role(membership=membership, by=request.user, **_said(request, ChangeOfRoleSerializer))
    return _("The role is changed.")


ACTS: Mapping[str, Callable[[HttpRequest], str]] = {
    "accept": _accept,
    "decline": _decline,
    "leave": _leave,
    "ask": _ask,
    "take back": _take_back,
    "invite": _invite,
    "revoke": _revoke,
    "admit": _admit,
    "refuse": _refuse,
    "change role": _change_role,
}


def _said(request: HttpRequest, serializer_class: Any) -> dict[str, Any]:
    """What a form says, if it is as the API would have it."""
    names = serializer_class().fields
    said = {name: request.POST[name] for name in names if name in request.POST}
    serializer = serializer_class(data=said, context={"request": api_request(request)})
    serializer.is_valid(raise_exception=True)
    return dict(serializer.validated_data)


def _locked(model: Any, request: HttpRequest) -> Any:
    """The row that a form is about, if the user may know of it."""
    rows = model.objects.visible_to(request.user).filter(pk=row_id(request.POST.get("id", "")))
    found = rows.select_for_update(of=("self",), no_key=True).first()
    if found is None:
        raise Http404
    return found
