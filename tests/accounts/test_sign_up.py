"""From nobody to somebody with a confirmed address, and no further."""

from __future__ import annotations

import re
from typing import Any

import pytest
from allauth.account.models import EmailAddress
from django.contrib.auth.models import User
from django.core import mail
from django.test import Client

from tests.accounts.people import PASSWORD, is_signed_in, last_mail, link_in, path_of, said_on, sign_in, sign_up
from tracker.accounts.models import Profile

pytestmark = pytest.mark.django_db


def test_a_person_signs_up_confirms_the_address_and_signs_in(client: Client) -> None:
    answer = sign_up(client, "mariam")
    assert answer["Location"] == "/account/confirm-email/"
    assert not is_signed_in(client)
    assert last_mail().to == ["mariam@example.org"]

    confirming = path_of(link_in(last_mail()))
    assert not EmailAddress.objects.get().verified
    assert client.get(confirming).status_code == 200
    assert not EmailAddress.objects.get().verified, "Whoever looks into links before a person does confirms nothing."
    assert client.post(confirming)["Location"] == "/account/login/"
    assert EmailAddress.objects.get().verified

    assert sign_in(client, "mariam@example.org")["Location"] == "/account/"
    assert is_signed_in(client)


def test_nobody_comes_in_before_the_address_is_confirmed(client: Client) -> None:
    sign_up(client, "mariam")
    assert sign_in(client, "mariam")["Location"] == "/account/confirm-email/"
    assert not is_signed_in(client)


def test_who_signs_up_by_themselves_has_no_authority(client: Client) -> None:
    sign_up(client, "mariam", is_staff="on", is_superuser="on", is_active="on", groups="1")
    user = User.objects.get()
    assert (user.is_staff, user.is_superuser) == (False, False)
    assert user.get_all_permissions() == set()


def test_the_password_is_kept_as_a_hash_and_a_weak_one_is_refused(client: Client) -> None:
    page = sign_up(client, "mariam", password1="password1234", password2="password1234")
    assert "too common" in said_on(page)
    page = sign_up(client, "mariam", password1="mariam@example.org", password2="mariam@example.org")
    assert "too similar" in said_on(page)
    sign_up(client, "mariam")
    assert PASSWORD not in User.objects.get().password


def test_an_address_that_has_an_account_is_told_so_by_mail_and_the_page_tells_nothing(person: User) -> None:
    pages = []
    for name, email in (("khalid", "khalid@example.org"), ("another", person.email)):
        browser = Client()
        answer = sign_up(browser, name, email=email)
        assert (answer.status_code, answer["Location"]) == (302, "/account/confirm-email/")
        pages.append(said_on(browser.get(answer["Location"])).replace(email, ""))
    assert pages[0] == pages[1]
    assert User.objects.filter(username="another").count() == 0
    assert last_mail().to == [person.email]
    assert "already" in last_mail().body.lower()


@pytest.mark.parametrize("name", ["curator", "Admin", "mariam@example.com", "ab", "<b>mariam</b>", "mari\u202eam"])
def test_a_username_that_could_mislead_is_refused(client: Client, name: str) -> None:
    assert sign_up(client, "mariam", username=name).status_code == 200
    assert not User.objects.exists()


def test_a_username_may_be_arabic_and_differs_from_others_by_more_than_case(client: Client) -> None:
    assert sign_up(client, "mariam", username="مريم").status_code == 302
    assert sign_up(Client(), "khalid", username="Salem").status_code == 302
    assert sign_up(Client(), "another", username="sALEM").status_code == 200
    assert set(User.objects.values_list("username", flat=True)) == {"مريم", "Salem"}


def test_a_person_is_written_to_in_the_language_in_which_they_signed_up(client: Client) -> None:
    client.cookies["django_language"] = "ar"
    sign_up(client, "mariam")
    assert Profile.objects.get().language == "ar"
    assert re.search("[\u0621-\u064a]", last_mail().subject)
    english = Client(headers={"accept-language": "en"})
    english.post(path_of(link_in(last_mail())))
    english.post("/account/password/reset/", {"email": "mariam@example.org"})
    assert re.search("[\u0621-\u064a]", last_mail().subject)


@pytest.mark.parametrize(
    "host", ["elsewhere.example", "localhost:8000@elsewhere.example", "localhost, elsewhere.example"]
)
def test_a_host_that_is_not_ours_is_refused_and_nothing_is_sent(client: Client, host: str) -> None:
    answer = client.post("/account/password/reset/", {"email": "mariam@example.org"}, headers={"host": host})
    assert answer.status_code == 400
    assert mail.outbox == []


def test_links_in_mails_lead_to_the_service_by_its_own_address_whatever_host_was_called(
    client: Client, person: User, settings: Any
) -> None:
    settings.TRACKER_SITE_URL = "https://registry.example"
    settings.ALLOWED_HOSTS = [".example"]
    spoofed = {"host": "evil.example", "x-forwarded-host": "evil.example"}
    client.post("/account/signup/", {"email": person.email, "username": "x" * 5, "password1": PASSWORD,
                                     "password2": PASSWORD}, headers=spoofed)  # fmt: skip
    client.post("/account/password/reset/", {"email": person.email}, headers=spoofed)
    client.post("/account/password/reset/", {"email": "nobody@example.org"}, headers=spoofed)
    client.post("/account/signup/", {"email": "new@example.org", "username": "newcomer", "password1": PASSWORD,
                                     "password2": PASSWORD}, headers=spoofed)  # fmt: skip
    assert len(mail.outbox) == 4
    for message in mail.outbox:
        assert link_in(message).startswith("https://registry.example/account/")
        assert "evil.example" not in f"{message.subject} {message.body}"
