"""Second factors: an app or a key, codes for when it is lost; and curators cannot do without."""

from __future__ import annotations

import re
from html import unescape
from typing import Any

import pytest
from allauth.mfa.models import Authenticator
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client

from initiatives.models import Organization
from tests.accounts.people import (
    code_of,
    enrol_app,
    is_signed_in,
    last_mail,
    reauthenticate,
    recovery_codes,
    said_on,
    sign_in,
)
from tests.factories import make_organization
from tracker.api.models import Token

pytestmark = pytest.mark.django_db


def enrolled(client: Client, login: str) -> str:
    """Sign in, set up an app; its secret."""
    sign_in(client, login)
    reauthenticate(client)
    return enrol_app(client)


def write(client: Client, slug: str) -> Any:
    """Change a record with the session, as the API's own pages do."""
    return client.patch(
        f"/api/v1/organizations/{slug}/", {"name": {"en": "Changed"}}, "application/json", headers={"accept": "*/*"}
    )


@pytest.mark.django_db(transaction=True)
def test_an_app_is_set_up_and_asked_for_at_the_next_sign_in(client: Client, person: User) -> None:
    secret = enrolled(client, "mariam")
    assert last_mail().to == [person.email]

    other = Client()
    assert sign_in(other, "mariam")["Location"] == "/account/2fa/authenticate/"
    assert not is_signed_in(other)
    assert "Incorrect code" in said_on(other.post("/account/2fa/authenticate/", {"code": "000000"}))
    assert other.post("/account/2fa/authenticate/", {"code": code_of(secret)})["Location"] == "/account/"
    assert is_signed_in(other)


def test_a_code_works_once(client: Client, person: User) -> None:
    secret = enrolled(client, "mariam")
    code = code_of(secret)
    for opened in (True, False):
        other = Client()
        sign_in(other, "mariam")
        other.post("/account/2fa/authenticate/", {"code": code})
        assert is_signed_in(other) is opened


def test_a_code_works_once_for_as_long_as_it_would_be_valid(client: Client, person: User) -> None:
    secret = enrolled(client, "mariam")
    code = code_of(secret, periods_from_now=1)
    for opened in (True, False):
        other = Client()
        sign_in(other, "mariam")
        other.post("/account/2fa/authenticate/", {"code": f"{code[:3]} {code[3:]}"})
        assert is_signed_in(other) is opened
        with connection.cursor() as cursor:
            # What allauth keeps for one period of thirty seconds.
            cursor.execute("DELETE FROM accounts_cache WHERE cache_key LIKE %s", ["%totp.used%"])
            assert cursor.rowcount == 1


def test_a_recovery_code_lets_in_once(client: Client, person: User) -> None:
    enrolled(client, "mariam")
    codes = recovery_codes(person)
    assert len(codes) == 10
    for opened in (True, False):
        other = Client()
        sign_in(other, "mariam")
        other.post("/account/2fa/authenticate/", {"code": codes[0]})
        assert is_signed_in(other) is opened


def test_codes_cannot_be_guessed(client: Client, person: User) -> None:
    secret = enrolled(client, "mariam")
    other = Client()
    sign_in(other, "mariam")
    for _attempt in range(10):
        other.post("/account/2fa/authenticate/", {"code": "000000"})
    other.post("/account/2fa/authenticate/", {"code": code_of(secret)})
    assert not is_signed_in(other)


def test_setting_up_needs_the_password_again(client: Client, person: User) -> None:
    sign_in(client, "mariam")
    assert client.get("/account/2fa/totp/activate/")["Location"].startswith("/account/reauthenticate/")


def test_the_database_alone_gives_no_codes(client: Client, person: User) -> None:
    secret = enrolled(client, "mariam")
    with connection.cursor() as cursor:
        cursor.execute("SELECT data::text FROM mfa_authenticator")
        kept = " ".join(row[0] for row in cursor.fetchall())
    assert secret not in kept
    assert "gAAAA" in kept


def test_a_secret_whose_key_is_gone_fits_no_code_and_breaks_nothing(
    client: Client, person: User, settings: Any
) -> None:
    secret = enrolled(client, "mariam")
    settings.SECRET_KEY = "another key " * 10
    other = Client()
    sign_in(other, "mariam")
    assert other.post("/account/2fa/authenticate/", {"code": code_of(secret)}).status_code == 200


def test_an_earlier_key_still_opens_it(client: Client, person: User, settings: Any) -> None:
    secret = enrolled(client, "mariam")
    settings.SECRET_KEY_FALLBACKS = [settings.SECRET_KEY]
    settings.SECRET_KEY = "another key " * 10
    other = Client()
    sign_in(other, "mariam")
    other.post("/account/2fa/authenticate/", {"code": code_of(secret)})
    assert is_signed_in(other)


# Curators -------------------------------------------------------------------------------------------------------------


@pytest.mark.usefixtures("_second_factor_owed")
def test_a_curator_without_a_second_factor_is_led_to_one_and_reaches_nothing_before(
    client: Client, editor: User
) -> None:
    organization = make_organization(name_en="Before")
    sign_in(client, "salem")
    page = client.get("/admin/", follow=True)
    assert page.redirect_chain[-1][0].startswith("/account/2fa/")
    assert "second factor" in said_on(page)
    for address in ("/admin/initiatives/organization/", f"/admin/auth/user/{editor.pk}/password/", "/admin/jsi18n/"):
        assert client.get(address)["Location"].startswith("/admin/login/")
    assert client.post("/admin/initiatives/organization/add/", {"slug": "planted"}).status_code == 302

    refused = write(client, organization.slug)
    assert refused.status_code == 403
    assert refused.json()["type"].endswith("#second_factor_required")
    assert client.delete(f"/api/v1/organizations/{organization.slug}/").status_code == 403
    assert Organization.objects.get().name_en == "Before"

    for address in ("/account/tokens/", "/account/password/change/", "/account/sessions/", "/account/delete/"):
        assert client.get(address)["Location"].startswith("/account/2fa/"), address
    assert client.post("/account/tokens/", {"name": "Mine", "reach": "*", "lifetime": "30"}).status_code == 302
    assert not Token.objects.exists()


@pytest.mark.usefixtures("_second_factor_owed")
def test_what_only_curators_see_is_not_read_without_the_second_factor(client: Client, editor: User) -> None:
    sign_in(client, "salem")
    assert client.get("/api/v1/organizations/").status_code == 200
    assert client.get("/api/v1/webhooks/").status_code == 401


@pytest.mark.usefixtures("_second_factor_owed")
def test_a_curator_sets_one_up_and_goes_on_in_the_same_session(client: Client, editor: User) -> None:
    organization = make_organization()
    sign_in(client, "salem", next="/admin/initiatives/organization/")
    client.get("/admin/initiatives/organization/", follow=True)
    reauthenticate(client)
    enrol_app(client)
    onwards = re.search(r'href="([^"]+)">Go on<', client.get("/account/2fa/recovery-codes/").content.decode())
    assert onwards
    page = client.get(unescape(onwards[1]), follow=True)
    assert page.redirect_chain[-1][0] == "/admin/initiatives/organization/"
    assert page.status_code == 200
    assert write(client, organization.slug).status_code == 200
    assert client.get("/account/tokens/").status_code == 200


@pytest.mark.usefixtures("_second_factor_owed")
def test_a_session_from_before_has_to_use_the_second_factor_first(client: Client, editor: User) -> None:
    before = Client()
    sign_in(before, "salem")
    secret = enrolled(client, "salem")
    page = before.get("/admin/initiatives/organization/", follow=True)
    asked = page.redirect_chain[-1][0]
    assert asked.startswith("/account/2fa/reauthenticate/")
    answer = before.post(asked, {"code": code_of(secret)}, follow=True)
    assert answer.redirect_chain[-1][0] == "/admin/initiatives/organization/"
    assert answer.status_code == 200


@pytest.mark.usefixtures("_second_factor_owed")
def test_a_curator_keeps_the_last_one(client: Client, editor: User) -> None:
    enrolled(client, "salem")
    page = client.post("/account/2fa/totp/deactivate/")
    assert page.status_code == 200
    assert Authenticator.objects.filter(type="totp").exists()


@pytest.mark.usefixtures("_second_factor_owed")
def test_one_that_a_colleague_took_away_is_missing_at_once(client: Client, editor: User) -> None:
    enrolled(client, "salem")
    Authenticator.objects.all().delete()
    assert client.get("/admin/").status_code == 302


@pytest.mark.usefixtures("_second_factor_owed")
def test_who_edits_nothing_is_asked_for_none(client: Client, person: User) -> None:
    sign_in(client, "mariam")
    reauthenticate(client)
    assert client.get("/account/tokens/").status_code == 200


@pytest.mark.usefixtures("_second_factor_owed")
def test_a_program_with_a_curators_token_goes_on(client: Client, editor: User) -> None:
    organization = make_organization()
    _token, plaintext = Token.issue(user=editor, name="A program")
    client.defaults["HTTP_AUTHORIZATION"] = f"Bearer {plaintext}"
    assert write(client, organization.slug).status_code == 200


def test_where_the_setting_is_off_a_password_is_enough(client: Client, editor: User) -> None:
    sign_in(client, "salem")
    assert client.get("/admin/").status_code == 200
    assert write(client, make_organization().slug).status_code == 200


def test_the_sessions_writes_need_the_csrf_token(editor: User) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(editor)
    refused = write(client, make_organization().slug)
    assert refused.status_code == 403
    assert refused.json()["type"].endswith("#csrf_failed")
