"""Who may do what: by their standing towards the organization that answers for a record, and by the record's state.

One table for API, admin and commands. Whether somebody sees a record at all is for ``visible_to``; who may not see it
is told that it does not exist, and never gets as far as this.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import IntEnum, StrEnum
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from initiatives.models.memberships import Role, role_in
from initiatives.models.publication import PublicationState, is_curator


class Standing(IntEnum):
    """What a user is towards an organization; each may do what those before it may."""

    OUTSIDER = 0
    CONTRIBUTOR = 1
    PUBLISHER = 2
    MANAGER = 3
    CURATOR = 4


class Action(StrEnum):
    """What is done to a record that an organization answers for, or to the organization's members."""

    READ = "read"
    DRAFT = "draft"
    CHANGE = "change"
    DELETE = "delete"
    PROPOSE = "propose"
    SUBMIT = "submit"
    APPROVE = "approve"
    RETURN = "return"
    WITHDRAW = "withdraw"
    MERGE = "merge"
    RESTORE = "restore"


DRAFT, IN_REVIEW, PUBLISHED, WITHDRAWN = PublicationState
OUTSIDER, CONTRIBUTOR, PUBLISHER, MANAGER, CURATOR = Standing
ANY_STATE = dict.fromkeys(PublicationState, CURATOR)

LEAST: Mapping[Action, Mapping[PublicationState, Standing]] = {
    Action.READ: {DRAFT: CONTRIBUTOR, IN_REVIEW: CONTRIBUTOR, PUBLISHED: OUTSIDER, WITHDRAWN: CONTRIBUTOR},
    # In the state that the new record has then.
    Action.DRAFT: {DRAFT: CONTRIBUTOR, PUBLISHED: CURATOR},
    Action.CHANGE: {DRAFT: CONTRIBUTOR, IN_REVIEW: PUBLISHER, PUBLISHED: PUBLISHER, WITHDRAWN: PUBLISHER},
    Action.DELETE: {DRAFT: CONTRIBUTOR, IN_REVIEW: PUBLISHER, PUBLISHED: CURATOR, WITHDRAWN: CURATOR},
    # What the next version of a published record is to be.
    Action.PROPOSE: {PUBLISHED: CONTRIBUTOR},
    Action.SUBMIT: {DRAFT: CONTRIBUTOR, WITHDRAWN: CONTRIBUTOR},
    # Publishers skip the review.
    Action.APPROVE: {DRAFT: PUBLISHER, IN_REVIEW: PUBLISHER, WITHDRAWN: PUBLISHER},
    Action.RETURN: {IN_REVIEW: PUBLISHER},
    # Out of the review, back to the desk; or out of the public's sight.
    Action.WITHDRAW: {IN_REVIEW: CONTRIBUTOR, PUBLISHED: PUBLISHER},
    Action.MERGE: ANY_STATE,
    Action.RESTORE: ANY_STATE,
}
"""The least standing that an action takes in a state; where a state is missing, the action has no meaning in it."""

# The next version goes through the same steps as a first one does, though its record is published all the while.
NEEDED: Mapping[Standing, Any] = {
    CONTRIBUTOR: gettext_lazy("a contributor"),
    PUBLISHER: gettext_lazy("a publisher"),
    MANAGER: gettext_lazy("a manager"),
}
# What Django calls the permission that a curator needs.
VERBS: Mapping[Action, str] = {Action.READ: "view", Action.DRAFT: "add", Action.DELETE: "delete"}


def standing(user: Any, organization: int | None) -> Standing:
    """What the user is towards the organization with this id; towards none, only a curator is anything."""
    if is_curator(user):
        return CURATOR
    return _of_role(role_in(user, organization))


def _of_role(role: Role | None) -> Standing:
    return OUTSIDER if role is None else Standing[role.name]


def allowed(action: Action, state: str, held: Standing) -> bool:
    """What the table says; False also where the action has no meaning in the state."""
    least = LEAST[action].get(PublicationState(state))
    return least is not None and held >= least


def may(user: Any, action: Action, record: Any) -> bool:
    """Whether the user may do this to a record that an organization answers for."""
    return not why_not(user, action, record)


def why_not(user: Any, action: Action, record: Any) -> str:
    """Why the user may not, and what to do instead; empty where they may. The state is for ``LEAST`` to have."""
    held = standing(user, record.owner_id())
    if held == CURATOR and not _has_djangos(user, action, record):
        return _("Your account lacks the permission for this. Ask an administrator for it.")
    if allowed(action, record.state, held):
        return ""
    if action == Action.CHANGE and allowed(Action.PROPOSE, record.state, held):
        return _("This record is published. Write its next version at “next-version/”, and submit that for review.")
    least = LEAST[action].get(PublicationState(record.state), CURATOR)
    if least == CURATOR:
        return _("This is for the registry's curators.")
    return _("In this state it takes %(role)s of the organization that answers for the record.") % {
        "role": NEEDED[least]
    }


def _has_djangos(user: Any, action: Action, record: Any) -> bool:
    meta = record._meta
    return bool(user.has_perm(f"{meta.app_label}.{VERBS.get(action, 'change')}_{meta.model_name}"))


def may_request(user: Any, recipient: int) -> bool:
    """Whether the user may ask for data on behalf of the organization."""
    return _acts_for(user, recipient)


def may_decide(user: Any, provider: int) -> bool:
    """Whether the user may say which of the organization's data are shared with whom."""
    return _acts_for(user, provider)


def _acts_for(user: Any, organization: int) -> bool:
    if is_curator(user):
        return bool(user.has_perm("initiatives.change_sharingagreement"))
    return standing(user, organization) >= PUBLISHER


def may_manage(user: Any, organization: int) -> bool:
    """Whether the user may invite, promote and remove members of the organization, and answer requests to join."""
    if is_curator(user):
        return bool(user.has_perm("initiatives.change_membership"))
    return standing(user, organization) >= MANAGER
