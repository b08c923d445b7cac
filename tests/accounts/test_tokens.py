"""Tokens on the account page: made with no more reach than is said, shown once, revoked."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone

from tests.accounts.people import new_person, reauthenticate, said_on, sign_in
from tracker.api.models import Token

pytestmark = pytest.mark.django_db
PAGE = "/account/tokens/"
PLAINTEXT = re.compile(r"trk_\w{8}_\w{43}")


@pytest.fixture
def inside(client: Client, person: User) -> Client:
    sign_in(client, "mariam")
    reauthenticate(client)
    return client


def create(client: Client, **typed: str) -> str:
    page = client.post(PAGE, {"name": "A program", "reach": "*:read", "lifetime": "90", **typed})
    found = PLAINTEXT.search(page.content.decode())
    assert found, said_on(page)
    return found[0]


def test_a_token_is_shown_once_and_works(inside: Client, person: User) -> None:
    plaintext = create(inside)
    assert not PLAINTEXT.search(inside.get(PAGE).content.decode())
    token = Token.objects.get()
    assert (token.user, token.scopes) == (person, ["*:read"])
    assert token.expires_at is not None
    assert timedelta(days=89) < token.expires_at - timezone.now() < timedelta(days=91)
    assert "Never" in said_on(inside.get(PAGE))
    program = Client(headers={"authorization": f"Bearer {plaintext}"})
    assert program.get("/api/v1/organizations/").status_code == 200
    assert Token.objects.get().last_used_at is not None
    assert plaintext not in str(Token.objects.values_list())


def test_its_reach_and_its_end_are_chosen(inside: Client) -> None:
    create(inside, reach="*", lifetime="never")
    create(inside, reach="some", scopes="initiatives:read, engagements:write initiatives:read")
    assert [token.scopes for token in Token.objects.order_by("pk")] == [
        ["*"],
        ["initiatives:read", "engagements:write"],
    ]
    assert Token.objects.order_by("pk")[0].expires_at is None


@pytest.mark.parametrize(
    "typed",
    [
        {"reach": "some", "scopes": ""},
        {"reach": "some", "scopes": "everything"},
        {"reach": "admin"},
        {"lifetime": "99999"},
        {"name": ""},
        {"name": "x" * 101},
    ],
)
def test_what_is_no_token_is_refused_in_words(inside: Client, typed: dict[str, str]) -> None:
    page = inside.post(PAGE, {"name": "A program", "reach": "*:read", "lifetime": "90", **typed})
    assert page.status_code == 200
    assert 'class="errorlist"' in page.content.decode()
    assert not Token.objects.exists()


def test_a_token_is_revoked(inside: Client) -> None:
    plaintext = create(inside)
    assert inside.get(f"{PAGE}{Token.objects.get().pk}/revoke/").status_code == 405
    inside.post(f"{PAGE}{Token.objects.get().pk}/revoke/")
    assert Token.verify(plaintext) is None
    assert "Revoked" in said_on(inside.get(PAGE))


def test_nobody_sees_or_ends_the_tokens_of_another(inside: Client) -> None:
    theirs, _plaintext = Token.issue(user=new_person("khalid"), name="Their program")
    assert "Their program" not in said_on(inside.get(PAGE))
    assert inside.post(f"{PAGE}{theirs.pk}/revoke/").status_code == 404
    assert Token.objects.get().revoked_at is None


def test_a_session_that_was_left_open_makes_no_token_without_the_password(client: Client, person: User) -> None:
    sign_in(client, "mariam")
    answer = client.post(PAGE, {"name": "A program", "reach": "*", "lifetime": "never"})
    assert answer["Location"].startswith("/account/reauthenticate/")
    assert not Token.objects.exists()


def test_strangers_are_asked_to_sign_in(client: Client, db: None) -> None:
    for page in ("", "tokens/", "delete/", "email/", "2fa/", "sessions/", "password/change/"):
        assert client.get(f"/account/{page}")["Location"].startswith(("/account/login/", "/account/reauthenticate/"))


def test_a_name_that_is_a_script_is_shown_as_text(inside: Client) -> None:
    create(inside, name="<script>alert(1)</script>")
    page = inside.get(PAGE).content.decode()
    assert "&lt;script&gt;alert(1)" in page
    assert "<script>alert" not in page
