"""Role × action × own or other organization × state: what is allowed, what is refused, and what is not even there."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.db import transaction

from initiatives.models import NextVersion
from tests.access.people import Cast
from tests.api.client import ApiClient
from tests.factories import make_dataset, make_indicator, make_initiative, make_observation, make_smart_service

pytestmark = pytest.mark.django_db

STATES = ("draft", "in_review", "published", "withdrawn")
RANKS = {"contributor": 1, "publisher": 2, "manager": 3, "curator": 4}
NOBODY = 99
# By action and state: the least rank that is allowed; None where the action means nothing in the state.
TABLE: dict[str, tuple[int | None, int | None, int | None, int | None]] = {
    "change": (1, 2, 2, 2),
    "delete": (1, 2, 4, 4),
    "propose": (None, None, 1, None),
    "submit": (1, None, None, 1),
    "approve": (2, 2, None, 2),
    "return": (None, 2, None, None),
    "withdraw": (None, 1, 2, None),
    "merge": (4, 4, 4, 4),
}
MAKERS: dict[str, Callable[..., Any]] = {
    "smart-services": lambda owner, **fields: make_smart_service(provider=owner, **fields),
    "datasets": lambda owner, **fields: make_dataset(publisher=owner, **fields),
    "initiatives": lambda owner, **fields: make_initiative(lead=owner, **fields),
    "observations": lambda owner, **fields: make_observation(
        indicator=make_indicator(smart_service=make_smart_service(provider=owner)), **fields
    ),
}
CHANGES = {"observations": {"date_note": {"en": "Changed"}}, "datasets": {"title": {"en": "Changed"}}}
BODIES = {**CHANGES, "smart-services": {"name": {"en": "Changed"}}, "initiatives": {"title": {"en": "Changed"}}}


def rank(role: str) -> int:
    return RANKS.get(role.removesuffix(" above"), 0)


def send(client: ApiClient, collection: str, record: Any, action: str) -> int:
    """The status that an action is answered with; whatever it did is undone."""
    at = f"{collection}/{record.slug}/"
    with transaction.atomic():
        if action == "change":
            answer = client.send("PATCH", at, BODIES[collection])
        elif action == "delete":
            answer = client.send("DELETE", at, b"")
        elif action == "propose":
            answer = client.send("PUT", f"{at}next-version/", BODIES[collection])
        elif action == "merge":
            answer = client.send("POST", f"{at}merge/", {"into": "nowhere"})
        else:
            answer = client.send("POST", f"{at}{action}/", {"comment": "For a reason"})
        transaction.set_rollback(True)
    return int(answer.status_code)


def expected(role: str, action: str, state: str, *, is_own: bool) -> set[int]:
    held = rank(role) if is_own or role == "curator" else 0
    # Whoever works for the registry sees all of it; what they may change Django's permissions say.
    sees = state == "published" or held > 0 or role == "staff"
    if role == "anonymous":
        return {401}
    if not sees:
        return {404}
    least = TABLE[action][STATES.index(state)]
    if held == 0:
        return {403}
    if least is None:
        return {409}
    if held < least:
        return {403}
    return {400} if action == "merge" else {200, 204}


@pytest.mark.parametrize("collection", MAKERS)
def test_each_role_may_do_in_each_state_what_the_table_says_and_no_more(collection: str) -> None:
    cast = Cast.of_everybody()
    records = {
        (is_own, state): MAKERS[collection](cast.own if is_own else cast.other, state=state)
        for is_own in (True, False)
        for state in STATES
    }
    wrong = []
    for role, client in cast.clients.items():
        if role == "manager elsewhere":
            continue
        for (is_own, state), record in records.items():
            for action in TABLE:
                found = send(client, collection, record, action)
                if found not in expected(role, action, state, is_own=is_own):
                    wrong.append((role, action, "own" if is_own else "other", state, found))
    assert not wrong


@pytest.mark.parametrize("collection", MAKERS)
def test_what_is_not_published_is_there_for_its_members_and_curators_only(collection: str) -> None:
    cast = Cast.of_everybody()
    records = {state: MAKERS[collection](cast.own, state=state) for state in STATES}
    for role, client in cast.clients.items():
        sees_all = rank(role) > 0 or role == "staff"
        for state, record in records.items():
            sees = sees_all or state == "published"
            assert client.read(f"{collection}/{record.slug}/").status_code == (200 if sees else 404), (role, state)
            assert client.read(f"{collection}/{record.slug}/next-version/").status_code == 404
            assert client.read(f"{collection}/{record.slug}/steps/").status_code == (200 if sees_all else 404)
        listed = set(client.slugs(f"{collection}/"))
        assert {record.slug for record in records.values()} & listed == {
            record.slug for state, record in records.items() if sees_all or state == "published"
        }


def test_of_those_who_ask_the_same_each_is_shown_what_is_theirs() -> None:
    cast = Cast.of_everybody()
    programmes = {each: make_initiative(lead=each, state="draft") for each in (cast.own, cast.other)}
    shown = {each: make_initiative(lead=each, parent=programmes[each]) for each in programmes}
    sees = {"outsider": [], "contributor": [cast.own], "manager elsewhere": [cast.other], "anonymous": []}
    # More often than it takes until the database keeps a plan, which they share.
    for _turn in range(8):
        for role, theirs in sees.items():
            for each, record in shown.items():
                answer = cast.clients[role].read(f"initiatives/{record.slug}/", expand="parent").json()
                assert (answer["parent"] and answer["parent"]["slug"]) == (
                    programmes[each].slug if each in theirs else None
                ), role


def test_a_new_record_begins_as_a_draft_of_an_organization_of_ones_own() -> None:
    cast = Cast.of_everybody()
    for role, client in cast.clients.items():
        for organization in (cast.own, cast.other):
            with transaction.atomic():
                body = {"name": {"en": "Parking"}, "provider": organization.slug}
                answer = client.send("POST", "smart-services/", body)
                transaction.set_rollback(True)
            own = organization == cast.own
            if role == "curator":
                assert (answer.status_code, answer.json()["state"]) == (201, "published")
            elif (own and rank(role)) or (not own and role == "manager elsewhere"):
                assert (answer.status_code, answer.json()["state"]) == (201, "draft"), role
            else:
                assert answer.status_code == (401 if role == "anonymous" else 403), role


def test_a_record_cannot_be_moved_to_an_organization_that_one_does_not_speak_for() -> None:
    cast = Cast.of_everybody()
    service = make_smart_service(provider=cast.own, state="draft")
    for role in ("contributor", "publisher", "manager", "manager above"):
        answer = cast.clients[role].send("PATCH", f"smart-services/{service.slug}/", {"provider": cast.other.slug})
        assert answer.status_code == 403
    service.refresh_from_db()
    assert service.provider == cast.own


def test_a_next_version_cannot_move_a_record_to_an_organization_that_the_reviewer_does_not_speak_for() -> None:
    cast = Cast.of_everybody()
    service = make_smart_service(provider=cast.own)
    at = f"smart-services/{service.slug}/"
    assert (
        cast.clients["contributor"].send("PUT", f"{at}next-version/", {"provider": cast.other.slug}).status_code == 200
    )
    assert cast.clients["publisher"].send("POST", f"{at}approve/", {}).status_code == 403
    service.refresh_from_db()
    assert service.provider == cast.own
    assert NextVersion.objects.count() == 1


def test_lists_of_changes_are_refused_as_a_whole_for_one_record_of_another_organization() -> None:
    cast = Cast.of_everybody()
    own, other = (make_smart_service(provider=organization) for organization in (cast.own, cast.other))
    client = cast.clients["publisher"]
    body = [{"slug": each.slug, "name": {"en": "Changed"}} for each in (own, other)]
    assert client.send("PATCH", "smart-services/", body).status_code == 403
    assert client.send("DELETE", "smart-services/", [other.slug]).status_code == 403
    new = [{"name": {"en": "New"}, "provider": each.slug} for each in (cast.own, cast.other)]
    assert client.send("POST", "smart-services/", new).status_code == 403
    own.refresh_from_db()
    assert own.name_en != "Changed"
