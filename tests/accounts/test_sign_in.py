"""Signing in: by name or address, at one place, in measure, and on to nowhere else."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from allauth.account.models import EmailAddress
from django.contrib.auth.models import User
from django.db import connection, connections
from django.test import Client

from tests.accounts.people import (
    ANOTHER,
    PASSWORD,
    is_signed_in,
    new_person,
    reauthenticate,
    said_on,
    sign_in,
)

pytestmark = pytest.mark.django_db
TOO_MANY = "Too many failed login attempts"


@pytest.mark.parametrize("login", ["mariam", "MARIAM", "mariam@example.org", "Mariam@Example.org"])
def test_a_person_signs_in_by_name_or_address(client: Client, person: User, login: str) -> None:
    assert sign_in(client, login)["Location"] == "/account/"
    assert is_signed_in(client)


def test_an_account_without_an_address_signs_in_by_its_name(client: Client) -> None:
    User.objects.create_superuser("curator", password=PASSWORD)
    assert sign_in(client, "curator", next="/admin/")["Location"] == "/admin/"
    assert client.get("/admin/").status_code == 200


def test_an_account_whose_address_was_typed_in_admin_confirms_it_first(client: Client) -> None:
    User.objects.create_user("khalid", "khalid@example.org", PASSWORD)
    assert sign_in(client, "khalid")["Location"] == "/account/confirm-email/"
    assert not EmailAddress.objects.get().verified
    assert not is_signed_in(client)


def test_an_account_that_is_closed_stays_out(client: Client, person: User) -> None:
    User.objects.update(is_active=False)
    assert sign_in(client, "mariam")["Location"] == "/account/inactive/"
    assert not is_signed_in(client)


def test_the_page_answers_alike_whether_there_is_such_an_account(person: User) -> None:
    known, unknown = (sign_in(Client(), login, "wrong") for login in ("mariam", "nobody"))
    assert said_on(known) == said_on(unknown)
    known, unknown = (
        Client().post("/account/password/reset/", {"email": email}) for email in (person.email, "nobody@example.org")
    )
    assert (known.status_code, known["Location"]) == (unknown.status_code, unknown["Location"])


def test_the_desk_has_no_door_of_its_own(client: Client, editor: User) -> None:
    answer = client.get("/admin/initiatives/organization/?q=office")
    assert answer["Location"] == "/admin/login/?next=/admin/initiatives/organization/%3Fq%3Doffice"
    answer = client.get(answer["Location"])
    assert answer["Location"] == "/account/login/?next=/admin/initiatives/organization/%3Fq%3Doffice"
    answer = client.post("/admin/login/", {"username": "salem", "password": PASSWORD})
    assert answer["Location"].startswith("/account/login/")
    assert not is_signed_in(client)


def test_who_is_no_member_of_staff_is_not_let_into_the_desk(client: Client, person: User) -> None:
    sign_in(client, "mariam")
    assert client.get("/admin/", follow=True).status_code == 403


@pytest.mark.parametrize(
    "elsewhere",
    [
        "https://elsewhere.example/",
        "//elsewhere.example/",
        "https:elsewhere.example",
        "/\\elsewhere.example",
        "javascript:alert(1)",
        "https://testserver.elsewhere.example/",
        "https://localhost/",
        "http://testserver@elsewhere.example/",
    ],
)
def test_nobody_is_sent_elsewhere_after_signing_in(client: Client, editor: User, elsewhere: str) -> None:
    assert sign_in(client, "salem", next=elsewhere)["Location"] == "/account/"
    assert client.get("/account/login/", {"next": elsewhere})["Location"] == "/account/"
    assert client.get("/admin/login/", {"next": elsewhere})["Location"] == "/admin/"
    assert client.post("/account/logout/", {"next": elsewhere})["Location"] == "/"
    assert "elsewhere" not in client.get("/admin/login/", {"next": elsewhere})["Location"]


def test_the_session_gets_a_new_key_when_somebody_signs_in_and_ends_when_they_sign_out(
    client: Client, person: User
) -> None:
    client.get("/account/login/")
    client.session["before"] = 1
    sign_in(client, "mariam")
    inside = client.cookies["sessionid"]
    assert inside["httponly"]
    assert inside["samesite"] == "Lax"
    kept = inside.value
    client.post("/account/logout/")
    thief = Client()
    thief.cookies["sessionid"] = kept
    assert not is_signed_in(thief)


def test_a_planted_session_key_is_not_taken_over(person: User) -> None:
    attacker = Client()
    planted = attacker.session
    planted.save()
    victim = Client()
    victim.cookies["sessionid"] = planted.session_key or ""
    sign_in(victim, "mariam")
    assert victim.cookies["sessionid"].value != planted.session_key
    attacker.cookies["sessionid"] = planted.session_key or ""
    assert not is_signed_in(attacker)


def test_signing_in_needs_the_csrf_token(person: User) -> None:
    client = Client(enforce_csrf_checks=True)
    assert sign_in(client, "mariam").status_code == 403
    assert not is_signed_in(client)


# Guessing -------------------------------------------------------------------------------------------------------------


def test_after_five_wrong_passwords_the_right_one_has_to_wait_too(person: User) -> None:
    for attempt in range(5):
        assert TOO_MANY not in said_on(sign_in(Client(REMOTE_ADDR=f"192.0.2.{attempt}"), "mariam", "wrong"))
    locked = Client(REMOTE_ADDR="192.0.2.77")
    assert TOO_MANY in said_on(sign_in(locked, "Mariam"))
    assert not is_signed_in(locked)
    # Another account is another matter.
    new_person("khalid")
    assert sign_in(Client(REMOTE_ADDR="192.0.2.78"), "khalid").status_code == 302


def test_the_curators_are_guarded_alike(client: Client, editor: User) -> None:
    for _attempt in range(5):
        page = client.get("/admin/", follow=True)
        assert page.redirect_chain[-1][0] == "/account/login/?next=/admin/"
        sign_in(client, "salem", "wrong", next="/admin/")
    assert TOO_MANY in said_on(sign_in(client, "salem", next="/admin/"))


def test_another_name_of_the_host_gives_no_further_attempts(person: User, settings: Any) -> None:
    settings.ALLOWED_HOSTS = [".registry.example"]
    hosts = [f"{letter}.registry.example" for letter in "abcdef"]
    pages = [
        Client(headers={"host": host}, REMOTE_ADDR=f"192.0.2.{place}").post(
            "/account/login/", {"login": "mariam", "password": "wrong"}
        )
        for place, host in enumerate(hosts)
    ]
    assert [TOO_MANY in said_on(page) for page in pages] == [False] * 5 + [True]


def test_one_address_may_not_try_many_accounts(client: Client) -> None:
    pages = [sign_in(client, f"person-{number}", "wrong") for number in range(12)]
    assert [TOO_MANY in said_on(page) for page in pages] == [False] * 10 + [True] * 2


def test_a_client_cannot_make_itself_another_by_a_header(client: Client) -> None:
    for number in range(11):
        page = client.post(
            "/account/login/",
            {"login": f"person-{number}", "password": "wrong"},
            headers={"x-forwarded-for": f"198.51.100.{number}", "x-real-ip": f"198.51.100.{number}"},
        )
    assert TOO_MANY in said_on(page)


def test_behind_a_proxy_only_what_the_proxy_appended_counts(client: Client, settings: Any) -> None:
    settings.ALLAUTH_TRUSTED_PROXY_COUNT = 1

    def attempt(number: int, caller: str) -> Any:
        said = {"x-forwarded-for": f"10.0.0.{number}, {caller}"}
        return client.post("/account/login/", {"login": f"p-{number}", "password": "wrong"}, headers=said)

    for number in range(10):
        attempt(number, "198.51.100.7")
    assert TOO_MANY in said_on(attempt(10, "198.51.100.7"))
    assert TOO_MANY not in said_on(attempt(11, "198.51.100.8"))


def test_the_limits_are_kept_in_the_database_where_every_worker_counts_them(client: Client, person: User) -> None:
    sign_in(client, "mariam", "wrong")
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM accounts_cache WHERE cache_key LIKE %s", ["%login_failed%"])
        assert cursor.fetchone()[0] == 2


@pytest.mark.django_db(transaction=True)
def test_who_tries_many_passwords_at_once_tries_no_more_of_them() -> None:
    new_person("mariam")

    def attempt(number: int) -> bool:
        page = sign_in(Client(REMOTE_ADDR=f"192.0.2.{number}"), "mariam", "wrong")
        connections.close_all()
        return "not correct" in said_on(page)

    with ThreadPoolExecutor(12) as pool:
        tried = list(pool.map(attempt, range(24)))
    assert 1 <= tried.count(True) <= 5


# Afterwards -----------------------------------------------------------------------------------------------------------


def test_a_changed_password_ends_every_other_session(client: Client, person: User) -> None:
    elsewhere = Client()
    sign_in(client, "mariam")
    sign_in(elsewhere, "mariam")
    reauthenticate(client)
    form = {"oldpassword": PASSWORD, "password1": ANOTHER, "password2": ANOTHER}
    assert client.post("/account/password/change/", form).status_code == 302
    assert is_signed_in(client)
    assert not is_signed_in(elsewhere)


def test_sessions_are_listed_and_the_others_ended(client: Client, person: User) -> None:
    elsewhere = Client(headers={"user-agent": "<script>alert(1)</script>"})
    sign_in(client, "mariam")
    sign_in(elsewhere, "mariam")
    page = client.get("/account/sessions/")
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page.content.decode()
    assert "<script>alert" not in page.content.decode()
    client.post("/account/sessions/")
    assert is_signed_in(client)
    assert not is_signed_in(elsewhere)


def test_no_page_of_an_account_is_kept_by_a_browser(client: Client, person: User) -> None:
    sign_in(client, "mariam")
    for address in ("/account/", "/account/email/", "/account/2fa/", "/account/sessions/"):
        assert "no-store" in client.get(address)["Cache-Control"]
