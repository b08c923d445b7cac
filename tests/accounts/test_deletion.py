"""Deleting one's account: all that is only theirs goes, what they wrote for the registry stays with their name."""

from __future__ import annotations

import pytest
from allauth.account.models import EmailAddress
from django.contrib.admin.models import CHANGE, LogEntry
from django.contrib.auth.models import User
from django.test import Client

from initiatives.models import Dashboard, Membership, Organization
from tests.accounts.people import is_signed_in, reauthenticate, said_on, sign_in
from tests.factories import make_organization
from tracker.api.models import Token
from tracker.history.models import Revision

pytestmark = pytest.mark.django_db(transaction=True)


def test_an_account_goes_with_what_is_only_its_persons(client: Client, person: User) -> None:
    Token.issue(user=person, name="A program")
    Dashboard.objects.create(owner=person, title_en="Mine")
    Membership.objects.create(user=person, organization=make_organization(), role="manager")
    sign_in(client, "mariam")
    reauthenticate(client)
    assert "cannot be undone" in said_on(client.get("/account/delete/"))
    answer = client.post("/account/delete/", follow=True)
    assert "was deleted" in said_on(answer)
    assert not is_signed_in(client)
    for model in (User, EmailAddress, Token, Dashboard, Membership):
        assert not model.objects.exists(), model
    assert Organization.objects.count() == 1


def test_what_they_wrote_stays_with_their_name(client: Client, person: User) -> None:
    person.is_staff = person.is_superuser = True
    person.save()
    sign_in(client, "mariam")
    client.patch(
        "/api/v1/organizations/" + make_organization().slug + "/", {"name": {"en": "Theirs"}}, "application/json"
    )
    written = Revision.objects.latest("number")
    assert written.actor == "mariam"
    person.is_staff = person.is_superuser = False
    person.save()
    reauthenticate(client)
    client.post("/account/delete/")
    assert not User.objects.exists()
    assert Revision.objects.get(number=written.number).actor == "mariam"
    assert Organization.objects.get().name_en == "Theirs"


def test_whoever_edits_the_registry_is_let_go_by_a_colleague(client: Client, editor: User) -> None:
    sign_in(client, "salem")
    reauthenticate(client)
    assert "Another curator" in said_on(client.get("/account/delete/"))
    assert client.post("/account/delete/").status_code == 200
    assert User.objects.exists()


def test_whoever_worked_at_the_desk_stays_in_its_log(client: Client, person: User, editor: User) -> None:
    LogEntry.objects.log_actions(person.pk, [editor], CHANGE, "Gave them authority.")
    sign_in(client, "mariam")
    reauthenticate(client)
    assert "log of the curators' desk" in said_on(client.post("/account/delete/"))
    assert LogEntry.objects.count() == 1


def test_it_takes_the_password_and_a_form(client: Client, person: User) -> None:
    sign_in(client, "mariam")
    assert client.post("/account/delete/")["Location"].startswith("/account/reauthenticate/")
    reauthenticate(client)
    client.get("/account/delete/")
    assert User.objects.exists()
