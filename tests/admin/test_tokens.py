"""Tokens at the desk: scopes are ticked, the secret is shown once, and ending them is one step."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.contrib.auth.models import Permission, User
from django.test import Client
from django.utils import timezone

from tests.admin.pages import adding, changing, errors, form_data, listing
from tests.api.client import ApiClient
from tracker.api.models import MOST_LIVING, Token

pytestmark = pytest.mark.django_db


def form(desk: Client, **typed: Any) -> dict[str, Any]:
    """What a browser sends from the empty form; the time in the two parts in which the form has it."""
    page = desk.get(adding(Token))
    data = {**form_data(page), "expires_at_0": "2030-01-01", "expires_at_1": "12:00", **typed}
    return {name: value for name, value in data.items() if name != "expires_at"}


def test_scopes_are_ticked_by_collection(either_desk: Client) -> None:
    page = either_desk.get(adding(Token)).content.decode()
    ticked = re.findall(r'type="checkbox" name="scopes" value="([^"]+)"', page)
    assert {"*", "*:read", "initiatives:read", "initiatives:write", "tokens:write", "webhooks:read"} <= set(ticked)
    assert len(ticked) == len(set(ticked))
    shown = re.findall(r"<label>([^<]+)</label>", page)
    assert len(shown) > 20
    if '<html lang="ar"' in page:
        assert not [title for title in shown if title.isascii()]


def test_a_new_token_is_shown_once_and_reaches_what_was_ticked(desk: Client, curator: User) -> None:
    data = form(desk, user=curator.pk, name="Laptop", scopes=["goals:read", "initiatives:write"])
    saved = desk.post(adding(Token), data, follow=True)
    [plaintext] = re.findall(r"trk_\w{8}_\w{43}", saved.content.decode())
    token = Token.objects.get()
    assert (token.scopes, token.user) == (["goals:read", "initiatives:write"], curator)
    assert Token.verify(plaintext) == token
    assert plaintext not in desk.get(listing(Token)).content.decode()
    assert plaintext not in desk.get(changing(token)).content.decode()


@pytest.mark.parametrize("scopes", [[], ["nonsense:read"], ["initiatives:delete"], ["everything"]])
def test_what_cannot_be_ticked_is_refused(desk: Client, curator: User, scopes: list[str]) -> None:
    page = desk.post(adding(Token), form(desk, user=curator.pk, name="Laptop", scopes=scopes))
    assert "scopes" in errors(page)
    assert not Token.objects.exists()


def test_it_expires_in_90_days_unless_somebody_says_otherwise(desk: Client) -> None:
    initial = desk.get(adding(Token)).context["adminform"].form.initial
    assert 89 <= (initial["expires_at"] - timezone.now()).days <= 90


def test_nobody_gets_one_too_many(desk: Client, curator: User) -> None:
    for _number in range(MOST_LIVING):
        Token.issue(user=curator, name="one of many")
    page = desk.post(adding(Token), form(desk, user=curator.pk, name="Laptop", scopes=["*"]))
    assert page.status_code == 200
    assert Token.objects.count() == MOST_LIVING


def test_revoking_ends_at_once_what_is_chosen(desk: Client, curator: User) -> None:
    (one, plaintext), (other, kept) = (Token.issue(user=curator, name="test") for _time in range(2))
    desk.post(listing(Token), {"action": "revoke", "_selected_action": [one.pk]})
    for text, status in ((plaintext, 401), (kept, 200)):
        assert ApiClient().get("/api/", headers={"authorization": f"Bearer {text}"}).status_code == status
    other.refresh_from_db()
    assert other.revoked_at is None


def test_only_the_name_of_a_token_changes(desk: Client, curator: User) -> None:
    token, _plaintext = Token.issue(user=curator, name="Laptop", scopes=["goals:read"])
    desk.post(changing(token), {"name": "Desktop", "scopes": ["*"], "user": "1", "expires_at_0": "", "revoked_at": ""})
    token.refresh_from_db()
    assert (token.name, token.scopes) == ("Desktop", ["goals:read"])


def test_members_of_staff_make_and_see_their_own_only(curator: User) -> None:
    staff = User.objects.create_user("staff", is_staff=True)
    staff.user_permissions.set(Permission.objects.filter(content_type__model="token"))
    theirs, _plaintext = Token.issue(user=curator, name="Curator's")
    desk = Client()
    desk.force_login(staff)
    assert desk.get(listing(Token)).context["cl"].result_count == 0
    assert desk.get(changing(theirs)).status_code == 302
    refused = desk.post(adding(Token), form(desk, user=curator.pk, name="Not mine", scopes=["*"]))
    assert "user" in errors(refused)
    desk.post(listing(Token), {"action": "revoke", "_selected_action": [theirs.pk]})
    theirs.refresh_from_db()
    assert theirs.revoked_at is None
