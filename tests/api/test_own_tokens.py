"""People make tokens for their programs themselves: shown once, never beyond their maker, theirs alone."""

from __future__ import annotations

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connection, connections
from django.utils import timezone
from django.utils.dateparse import parse_datetime

from tests.api.client import ApiClient
from tracker.api.models import MOST_LIVING, Token

pytestmark = pytest.mark.django_db

TOKENS = "me/tokens/"


def body(**more: Any) -> dict[str, Any]:
    return {"name": "Laptop", "scopes": ["initiatives:read"], **more}


def by_token(user: User, *scopes: str, **options: Any) -> ApiClient:
    """A program that acts for a user."""
    client = ApiClient()
    plaintext = Token.issue(user=user, name="maker", scopes=scopes, **options)[1]
    client.defaults["HTTP_AUTHORIZATION"] = f"Bearer {plaintext}"
    return client


def errors(response: Any, status: int = 400) -> dict[str, str]:
    """The codes of a refusal, by what they point at."""
    assert response.status_code == status, response.content
    return {error["pointer"]: error["code"] for error in response.json()["errors"]}


# Making -------------------------------------------------------------------------------------------------------------


def test_a_new_token_is_shown_once_and_works(reader: ApiClient, reader_user: User) -> None:
    made = reader.send("POST", TOKENS, body(scopes=["tokens:read"]))
    assert (made.status_code, made.headers["Cache-Control"]) == (201, "no-store")
    plaintext = made.json()["token"]
    assert plaintext.startswith(made.json()["prefix"])
    listed = ApiClient().get(f"/api/v1/{TOKENS}", headers={"authorization": f"Bearer {plaintext}"})
    [seen] = listed.json()["results"]
    assert seen.pop("last_used_at")
    assert seen == {name: value for name, value in made.json().items() if name not in ("token", "last_used_at")}
    assert plaintext.encode() not in listed.content
    with connection.cursor() as cursor:
        cursor.execute("SELECT to_jsonb(api_token)::text FROM api_token")
        assert plaintext not in cursor.fetchone()[0]


def test_what_is_not_said_is_90_days(reader: ApiClient) -> None:
    end = parse_datetime(reader.send("POST", TOKENS, body()).json()["expires_at"])
    assert end is not None
    assert timedelta(days=89, hours=23) < end - timezone.now() <= timedelta(days=90)


@pytest.mark.parametrize("days", [None, 367])
def test_only_members_of_staff_have_tokens_for_longer_than_a_year(
    reader: ApiClient, staff: ApiClient, days: int | None
) -> None:
    wanted = body(expires_at=days and (timezone.now() + timedelta(days=days)).isoformat())
    assert errors(reader.send("POST", TOKENS, wanted)) == {"#/expires_at": "too_long"}
    assert not Token.objects.exists()
    assert staff.send("POST", TOKENS, wanted).status_code == 201


@pytest.mark.parametrize(
    ("wrong", "pointer"),
    [
        ({"scopes": []}, "#/scopes"),
        ({"scopes": ["everything"]}, "#/scopes/0"),
        ({"scopes": ["nonsense:read"]}, "#/scopes"),
        ({"scopes": ["initiatives:delete"]}, "#/scopes/0"),
        ({"scopes": "*"}, "#/scopes"),
        ({"name": ""}, "#/name"),
        ({"name": "a" * 101}, "#/name"),
        ({"expires_at": "yesterday"}, "#/expires_at"),
        ({"expires_at": "2001-01-01T00:00:00Z"}, None),
        ({"user": 1}, "#/user"),
        ({"digest": "a" * 64}, "#/digest"),
        ({"prefix": "trk_mine"}, "#/prefix"),
        ({"last_used_at": None}, "#/last_used_at"),
    ],
)
def test_what_makes_no_token_is_refused_with_its_place(
    reader: ApiClient, wrong: dict[str, Any], pointer: str | None
) -> None:
    found = errors(reader.send("POST", TOKENS, body(**wrong)))
    assert pointer is None or pointer in found
    assert not Token.objects.exists()


def test_a_scope_that_reaches_nothing_is_answered_with_those_that_do(reader: ApiClient) -> None:
    refused = reader.send("POST", TOKENS, body(scopes=["nonsense:read"]))
    for name in ("initiatives", "webhooks", "tokens", "changes", "revisions"):
        assert name in refused.json()["detail"]


def test_nobody_makes_one_without_signing_in(anonymous: ApiClient) -> None:
    for method in ("GET", "POST"):
        assert anonymous.send(method, TOKENS, body()).status_code == 401


def test_a_retry_under_one_key_makes_one_token_and_shows_it_once(reader: ApiClient) -> None:
    first, again = (reader.send("POST", TOKENS, body(), idempotency_key="once") for _time in range(2))
    assert (first.status_code, again.status_code) == (201, 409)
    assert again.json()["type"].endswith("#answer_not_kept")
    assert first.json()["token"].encode() not in again.content
    assert Token.objects.count() == 1


# By a token ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("scopes", [["*:read"], ["tokens:read"], ["initiatives:write"]])
def test_a_token_without_the_scope_makes_none(reader_user: User, scopes: list[str]) -> None:
    refused = by_token(reader_user, *scopes).send("POST", TOKENS, body())
    assert (refused.status_code, refused.json()["type"]) == (403, "/api/docs/problems#token_scope")
    assert Token.objects.count() == 1


@pytest.mark.parametrize(
    ("own", "given", "is_within"),
    [
        (["tokens:write", "initiatives:write"], ["initiatives:write"], True),
        (["tokens:write", "initiatives:write"], ["initiatives:read", "tokens:write"], True),
        (["tokens:write", "initiatives:read"], ["initiatives:write"], False),
        (["tokens:write"], ["initiatives:read"], False),
        (["tokens:write"], ["*"], False),
        (["tokens:write", "*:read"], ["*:read", "goals:read"], True),
        (["tokens:write", "*:read"], ["goals:write"], False),
        (["*:write"], ["*"], True),
        (["*"], ["*", "goals:write"], True),
    ],
)
def test_a_token_gives_no_more_than_it_has(
    reader_user: User, own: list[str], given: list[str], is_within: bool
) -> None:
    answer = by_token(reader_user, *own).send("POST", TOKENS, body(scopes=given))
    if is_within:
        assert answer.status_code == 201
    else:
        assert errors(answer) == {"#/scopes": "beyond_own_scopes"}
        assert Token.objects.count() == 1


def test_a_token_makes_none_that_outlives_it(staff_user: User) -> None:
    end = timezone.now() + timedelta(days=5)
    program = by_token(staff_user, "*", expires_at=end)
    for later in (None, (end + timedelta(days=1)).isoformat()):
        assert errors(program.send("POST", TOKENS, body(expires_at=later))) == {"#/expires_at": "beyond_own_end"}
    made = program.send("POST", TOKENS, body())
    assert parse_datetime(made.json()["expires_at"]) == end


# So many ------------------------------------------------------------------------------------------------------------


def test_whoever_has_fifty_revokes_one_first(reader: ApiClient, reader_user: User) -> None:
    for _number in range(MOST_LIVING):
        first, _plaintext = Token.issue(user=reader_user, name="one of many")
    refused = reader.send("POST", TOKENS, body())
    assert (refused.status_code, refused.json()["type"]) == (409, "/api/docs/problems#conflict")
    assert reader.send("DELETE", f"{TOKENS}{first.pk}/").status_code == 204
    assert reader.send("POST", TOKENS, body()).status_code == 201


@pytest.mark.django_db(transaction=True)
def test_of_ten_who_ask_for_the_last_one_at_once_one_gets_it() -> None:
    user = User.objects.create_user("reader")
    for _number in range(MOST_LIVING - 1):
        Token.issue(user=user, name="one of many")
    clients = [ApiClient(user) for _number in range(10)]

    def ask(client: ApiClient) -> int:
        try:
            return int(client.send("POST", TOKENS, body()).status_code)
        finally:
            connections.close_all()

    with ThreadPoolExecutor(10) as pool:
        assert Counter(pool.map(ask, clients)) == {201: 1, 409: 9}


# Afterwards ---------------------------------------------------------------------------------------------------------


def test_a_name_can_change_and_nothing_else(reader: ApiClient, reader_user: User) -> None:
    token, _plaintext = Token.issue(user=reader_user, name="Laptop", scopes=["goals:read"])
    at = f"{TOKENS}{token.pk}/"
    assert reader.send("PATCH", at, {"name": "Desktop"}).json()["name"] == "Desktop"
    for field in ("scopes", "expires_at", "revoked_at", "user", "prefix", "id", "created_at"):
        assert f"#/{field}" in errors(reader.send("PATCH", at, {field: ["*"]}))
    assert reader.send("PUT", at, body()).status_code == 405
    token.refresh_from_db()
    assert (token.name, token.scopes, token.user) == ("Desktop", ["goals:read"], reader_user)


def test_a_revoked_token_opens_nothing_and_keeps_its_moment(reader: ApiClient, reader_user: User) -> None:
    token, plaintext = Token.issue(user=reader_user, name="Laptop")
    at = f"{TOKENS}{token.pk}/"
    assert [reader.send("DELETE", at).status_code for _time in range(2)] == [204, 204]
    moment = reader.get(f"/api/v1/{at}").json()["revoked_at"]
    assert moment
    refused = ApiClient().get("/api/v1/goals/", headers={"authorization": f"Bearer {plaintext}"})
    assert (refused.status_code, refused.json()["type"]) == (401, "/api/docs/problems#token_revoked")
    reader.send("DELETE", at)
    assert reader.get(f"/api/v1/{at}").json()["revoked_at"] == moment


def test_tokens_of_others_are_not_there(reader: ApiClient, curator: ApiClient, curator_user: User) -> None:
    token, _plaintext = Token.issue(user=curator_user, name="Curator's")
    at = f"{TOKENS}{token.pk}/"
    assert reader.get(f"/api/v1/{TOKENS}").json()["results"] == []
    for method in ("GET", "PATCH", "DELETE"):
        assert reader.send(method, at, {"name": "Mine"}).status_code == 404
    token.refresh_from_db()
    assert (token.name, token.revoked_at) == ("Curator's", None)
    assert len(curator.get(f"/api/v1/{TOKENS}").json()["results"]) == 1


def test_the_list_is_paged_newest_first_and_takes_nothing_unknown(reader: ApiClient, reader_user: User) -> None:
    made = [Token.issue(user=reader_user, name=str(number))[0].pk for number in range(3)]
    page = reader.read(TOKENS, limit=2).json()
    assert ([each["id"] for each in page["results"]], page["count"]) == ([made[2], made[1]], 3)
    assert reader.read(TOKENS, user=1).status_code == 400
    assert reader.read(TOKENS, limit=10**9).status_code == 400
