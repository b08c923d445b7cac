"""A forgotten password: a link that works once, for its person, and for a while."""

from __future__ import annotations

from datetime import timedelta

import pytest
from allauth.account.models import EmailAddress
from django.contrib.auth.models import User
from django.core import mail
from django.test import Client
from django.utils import timezone

from tests.accounts.people import (
    ANOTHER,
    is_signed_in,
    last_mail,
    link_in,
    path_of,
    said_on,
    sign_in,
)

pytestmark = pytest.mark.django_db
NEW = {"password1": ANOTHER, "password2": ANOTHER}


def asked_for(client: Client, user: User) -> str:
    """The path of the link that comes by mail."""
    client.post("/account/password/reset/", {"email": user.email})
    return path_of(link_in(last_mail()))


def test_a_forgotten_password_is_replaced_and_every_session_ends(client: Client, person: User) -> None:
    inside = Client()
    sign_in(inside, "mariam")
    form = client.get(asked_for(client, person))["Location"]
    assert "set-password" in form, "The token does not stay in the address, which other sites would be told."
    assert client.post(form, NEW)["Location"] == "/account/password/reset/key/done/"
    assert not is_signed_in(inside)
    assert not is_signed_in(client)
    assert "not correct" in said_on(sign_in(client, "mariam"))
    assert sign_in(client, "mariam", ANOTHER)["Location"] == "/account/"


def test_the_link_works_once(client: Client, person: User) -> None:
    link = asked_for(client, person)
    client.post(client.get(link)["Location"], NEW)
    assert client.get(link).status_code == 200
    again = Client().get(link)
    assert again.status_code == 200
    assert "used" in said_on(again)


def test_a_link_that_somebody_changed_leads_nowhere(client: Client, person: User) -> None:
    link = asked_for(client, person)
    for forged in (link[:-2] + ("a/" if link[-2] == "b" else "b/"), link.replace("/key/", "/key/1")):
        assert client.get(forged).status_code == 200


def test_a_new_address_makes_an_old_link_useless(client: Client, person: User) -> None:
    link = asked_for(client, person)
    EmailAddress.objects.create(user=person, email="later@example.org", verified=True)
    assert client.get(link).status_code == 200


def test_a_link_ends_after_three_days(client: Client, person: User, monkeypatch: pytest.MonkeyPatch) -> None:
    link = asked_for(client, person)
    later = timezone.now() + timedelta(days=3, minutes=1)
    monkeypatch.setattr(
        "django.contrib.auth.tokens.PasswordResetTokenGenerator._now", lambda self: later.replace(tzinfo=None)
    )
    assert client.get(link).status_code == 200


def test_a_reset_does_not_let_in_past_a_second_factor_or_an_unconfirmed_address(client: Client) -> None:
    user = User.objects.create_user("khalid", "khalid@example.org", "a password of an attacker")
    EmailAddress.objects.create(user=user, email=user.email, primary=True)
    client.post(client.get(asked_for(client, user))["Location"], NEW)
    assert not is_signed_in(client)


def test_asking_is_limited_for_each_address(person: User) -> None:
    answers = [
        Client(REMOTE_ADDR=f"192.0.2.{number}").post("/account/password/reset/", {"email": person.email})
        for number in range(7)
    ]
    assert len(mail.outbox) <= 5
    assert answers[-1].status_code in (200, 429)
