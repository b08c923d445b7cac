"""Members come by invitation or by asking, are promoted and removed by managers, and are nobody else's business."""

from __future__ import annotations

import threading
from datetime import timedelta
from typing import Any

import pytest
from allauth.account.models import EmailAddress
from django.contrib.auth.models import User
from django.db import connection
from django.utils import timezone

from initiatives.models import Invitation, JoinRequest, Membership
from tests.access.people import Cast, make_member
from tests.api.client import ApiClient
from tests.factories import make_smart_service
from tracker.api.models import Token

pytestmark = pytest.mark.django_db


@pytest.fixture
def cast(db: None) -> Cast:
    return Cast.of_everybody()


@pytest.fixture
def manager(cast: Cast) -> ApiClient:
    return cast.clients["manager"]


def somebody(name: str = "amal") -> tuple[User, ApiClient]:
    user = User.objects.create_user(name, email=f"{name}@example.org")
    EmailAddress.objects.create(user=user, email=user.email, primary=True, verified=True)
    return user, ApiClient(user)


def invited(manager: ApiClient, cast: Cast, **fields: Any) -> Any:
    body = {"organization": cast.own.slug, "email": "Amal@example.org", "role": "contributor", **fields}
    return manager.send("POST", "invitations/", body)


def test_whoever_is_invited_becomes_a_member(cast: Cast, manager: ApiClient) -> None:
    _user, amal = somebody()
    draft = make_smart_service(provider=cast.own, state="draft")
    answer = invited(manager, cast, message="Welcome")
    assert answer.status_code == 201, answer.content
    assert amal.read(f"smart-services/{draft.slug}/").status_code == 404
    (seen,) = amal.read("invitations/").json()["results"]
    assert (seen["message"], seen["state"], seen["organization"]["slug"]) == ("Welcome", "open", cast.own.slug)
    assert amal.send("POST", f"invitations/{seen['id']}/accept/", b"").json()["state"] == "accepted"
    assert amal.read("memberships/").json()["results"][0]["role"] == "contributor"
    assert amal.read(f"smart-services/{draft.slug}/").status_code == 200
    assert amal.send("POST", f"invitations/{seen['id']}/accept/", b"").status_code == 409


def test_an_invitation_is_for_nobody_else(cast: Cast, manager: ApiClient) -> None:
    somebody()
    _user, other = somebody("other")
    number = invited(manager, cast).json()["id"]
    assert other.read("invitations/").json()["count"] == 0
    for verb in ("accept", "decline"):
        assert other.send("POST", f"invitations/{number}/{verb}/", b"").status_code == 404
        assert manager.send("POST", f"invitations/{number}/{verb}/", b"").status_code == 403
        assert ApiClient().send("POST", f"invitations/{number}/{verb}/", b"").status_code == 401
    assert not Membership.objects.filter(user__username="other").exists()


def test_an_address_that_is_not_confirmed_opens_no_invitation(cast: Cast, manager: ApiClient) -> None:
    user, amal = somebody()
    EmailAddress.objects.filter(user=user).update(verified=False)
    number = invited(manager, cast).json()["id"]
    assert amal.read("invitations/").json()["count"] == 0
    assert amal.send("POST", f"invitations/{number}/accept/", b"").status_code == 404


def test_an_invitation_ends_when_it_is_declined_revoked_or_old(cast: Cast, manager: ApiClient) -> None:
    _user, amal = somebody()
    declined = invited(manager, cast).json()["id"]
    assert invited(manager, cast).status_code == 409
    assert amal.send("POST", f"invitations/{declined}/decline/", b"").json()["state"] == "declined"
    revoked = invited(manager, cast).json()["id"]
    assert manager.send("DELETE", f"invitations/{revoked}/", b"").status_code == 204
    old = invited(manager, cast).json()["id"]
    Invitation.objects.filter(pk=old).update(expires_at=timezone.now() - timedelta(days=1))
    for number in (declined, revoked, old):
        assert amal.send("POST", f"invitations/{number}/accept/", b"").status_code == 409
    assert invited(manager, cast).status_code == 201


def test_an_invitation_of_a_manager_who_is_one_no_more_is_worth_nothing(cast: Cast) -> None:
    _user, amal = somebody()
    former = make_member(cast.own, "manager")
    number = invited(ApiClient(former), cast, role="manager").json()["id"]
    Membership.objects.filter(user=former).delete()
    assert amal.send("POST", f"invitations/{number}/accept/", b"").status_code == 409


@pytest.mark.parametrize("role", ["anonymous", "outsider", "manager elsewhere", "contributor", "publisher"])
def test_only_managers_invite(cast: Cast, role: str) -> None:
    assert invited(cast.clients[role], cast).status_code == (401 if role == "anonymous" else 403)
    assert not Invitation.objects.exists()


@pytest.mark.parametrize("role", ["manager", "manager above", "curator"])
def test_authority_reaches_down(cast: Cast, role: str) -> None:
    assert invited(cast.clients[role], cast).status_code == 201


def test_whoever_asks_is_accepted_or_refused_with_a_comment(cast: Cast, manager: ApiClient) -> None:
    user, amal = somebody()
    body = {"organization": cast.own.slug, "message": "I know the parking service"}
    first = amal.send("POST", "join-requests/", body).json()["id"]
    assert amal.send("POST", "join-requests/", body).status_code == 409
    assert amal.send("POST", f"join-requests/{first}/accept/", {"role": "manager"}).status_code == 403
    assert manager.send("POST", f"join-requests/{first}/refuse/", {}).status_code == 400
    assert manager.send("POST", f"join-requests/{first}/refuse/", {"comment": "Not yet"}).status_code == 200
    told = amal.read(f"join-requests/{first}/").json()
    assert (told["state"], told["comment"]) == ("refused", "Not yet")
    second = amal.send("POST", "join-requests/", body).json()["id"]
    accepted = manager.send("POST", f"join-requests/{second}/accept/", {"role": "publisher", "comment": "Now"})
    assert accepted.json()["state"] == "accepted"
    assert Membership.objects.get(user=user).role == "publisher"
    assert amal.send("POST", "join-requests/", body).status_code == 409


def test_one_takes_ones_own_request_back(cast: Cast, manager: ApiClient) -> None:
    _user, amal = somebody()
    number = amal.send("POST", "join-requests/", {"organization": cast.own.slug}).json()["id"]
    assert manager.send("DELETE", f"join-requests/{number}/", b"").status_code == 403
    assert amal.send("DELETE", f"join-requests/{number}/", b"").status_code == 204
    assert JoinRequest.objects.get(pk=number).state == "withdrawn"


def test_managers_promote_and_remove_and_nobody_raises_their_own_role(cast: Cast, manager: ApiClient) -> None:
    user = make_member(cast.own, "contributor")
    at = f"memberships/{user.memberships.get().pk}/"
    own = ApiClient(user)
    assert own.send("PATCH", at, {"role": "manager"}).status_code == 403
    assert cast.clients["publisher"].send("PATCH", at, {"role": "publisher"}).status_code == 404
    assert cast.clients["manager elsewhere"].send("PATCH", at, {"role": "publisher"}).status_code == 404
    assert manager.send("PATCH", at, {"role": "publisher"}).json()["role"] == "publisher"
    for body in ({"role": "curator"}, {"user": "x"}, {"role": "publisher", "organization": cast.other.slug}, {}):
        assert manager.send("PATCH", at, body).status_code == 400
    assert manager.send("DELETE", at, b"").status_code == 204
    assert own.read("memberships/").json()["count"] == 0


def test_one_may_leave_but_the_last_manager(cast: Cast) -> None:
    for role, status in (("contributor", 204), ("manager", 409)):
        client = cast.clients[role]
        own = client.read("memberships/").json()["results"]
        number = next(each["id"] for each in own if each["user"].startswith(f"{role}-"))
        assert client.send("DELETE", f"memberships/{number}/", b"").status_code == status
    assert client.send("PATCH", f"memberships/{number}/", {"role": "publisher"}).status_code == 409


@pytest.mark.django_db(transaction=True)
def test_two_last_managers_who_leave_at_once_leave_one_behind(cast: Cast) -> None:
    make_member(cast.own, "manager")
    members = list(Membership.objects.filter(organization=cast.own, role="manager"))
    assert len(members) == 2
    start = threading.Barrier(2)
    answers = []

    def leave(membership: Membership) -> None:
        start.wait()
        answers.append(ApiClient(membership.user).send("DELETE", f"memberships/{membership.pk}/", b"").status_code)
        connection.close()

    threads = [threading.Thread(target=leave, args=(each,)) for each in members]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(answers) == [204, 409]


@pytest.mark.django_db(transaction=True)
def test_a_removed_member_and_their_tokens_see_and_write_nothing_more(cast: Cast, manager: ApiClient) -> None:
    user = make_member(cast.own, "publisher")
    draft = make_smart_service(provider=cast.own, state="draft")
    _token, plaintext = Token.issue(user=user, name="Program")
    program = ApiClient()
    headers = {"Authorization": f"Bearer {plaintext}"}
    at = f"/api/v1/smart-services/{draft.slug}/"
    first = program.get(at, headers=headers)
    assert first.status_code == 200
    number = user.memberships.get().pk
    assert manager.send("DELETE", f"memberships/{number}/", b"").status_code == 204
    again = program.get(at, headers={**headers, "If-None-Match": first.headers["ETag"]})
    assert again.status_code == 404
    assert program.patch(at, {"name": {"en": "X"}}, "application/json", headers=headers).status_code == 404


def test_memberships_are_told_to_nobody_else(cast: Cast) -> None:
    assert ApiClient().read("memberships/").status_code == 401
    assert cast.clients["outsider"].read("memberships/").json()["count"] == 0
    names = {each["user"] for each in cast.clients["contributor"].read("memberships/").json()["results"]}
    assert len(names) == 1
    feed = ApiClient().read("changes/", limit=1000).content.decode()
    assert "membership" not in feed
    assert not any(each.username in feed for each in User.objects.all())


def test_what_is_not_as_it_must_be_is_refused(cast: Cast, manager: ApiClient) -> None:
    for fields in (
        {"organization": "nowhere"}, {"email": "no address"}, {"role": "curator"}, {"state": "accepted"},
        {"message": "x" * 2_001}, {"invited_by": "somebody"}, {"organization": None},
    ):  # fmt: skip
        assert invited(manager, cast, **fields).status_code == 400, fields
    assert manager.read("invitations/", nonsense=1).status_code == 400
    assert manager.read("memberships/", organization="nowhere").status_code == 400
    assert manager.read("memberships/", organization=cast.own.slug).status_code == 200
