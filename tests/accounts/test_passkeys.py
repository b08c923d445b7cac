"""Passkeys and security keys, by an authenticator in software."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from allauth.account.utils import user_pk_to_url_str
from allauth.mfa.models import Authenticator
from django.contrib.auth.models import User
from django.test import Client

from tests.accounts.passkey import Passkey
from tests.accounts.people import is_signed_in, reauthenticate, said_on, sign_in

pytestmark = pytest.mark.django_db
ADD = "/account/2fa/webauthn/add/"


def data_on(page: Any) -> dict[str, Any]:
    """What the page hands to its script."""
    found = re.search(r'<script id="js_data" type="application/json">(.*?)</script>', page.content.decode(), re.DOTALL)
    assert found
    data: dict[str, Any] = json.loads(found[1])
    return data


@pytest.fixture
def inside(client: Client, person: User) -> Client:
    sign_in(client, "mariam")
    reauthenticate(client)
    return client


def enrolled(client: Client) -> Passkey:
    passkey = Passkey()
    credential = passkey.created(data_on(client.get(ADD))["creation_options"])
    answer = client.post(ADD, {"name": "My phone", "passwordless": "on", "credential": credential})
    assert answer.status_code == 302, said_on(answer)
    return passkey


def test_a_passkey_is_added_and_is_the_second_factor_from_then_on(inside: Client, person: User) -> None:
    passkey = enrolled(inside)
    assert Authenticator.objects.get(type="webauthn").wrap().name == "My phone"
    assert "My phone" in said_on(inside.get("/account/2fa/webauthn/"))

    other = Client()
    assert sign_in(other, "mariam")["Location"] == "/account/2fa/authenticate/"
    options = data_on(other.get("/account/2fa/authenticate/"))["request_options"]
    other.post("/account/2fa/authenticate/", {"credential": passkey.used(options)})
    assert is_signed_in(other)


@pytest.mark.usefixtures("_second_factor_owed")
def test_a_passkey_alone_signs_a_curator_in_and_counts_as_the_second_factor(client: Client, editor: User) -> None:
    sign_in(client, "salem")
    reauthenticate(client)
    passkey = enrolled(client)
    assert client.get("/admin/").status_code == 200

    other = Client()
    options = other.get("/account/2fa/webauthn/login/", headers={"accept": "application/json"}).json()
    handle = user_pk_to_url_str(editor).encode()
    other.post("/account/2fa/webauthn/login/", {"credential": passkey.used(options["request_options"], handle)})
    assert is_signed_in(other)
    assert other.get("/admin/").status_code == 200


def test_a_key_of_somebody_else_or_an_old_answer_opens_nothing(inside: Client) -> None:
    passkey = enrolled(inside)
    other = Client()
    sign_in(other, "mariam")
    options = data_on(other.get("/account/2fa/authenticate/"))["request_options"]
    stranger = Passkey()
    stranger.id = passkey.id
    other.post("/account/2fa/authenticate/", {"credential": stranger.used(options)})
    assert not is_signed_in(other)
    other.get("/account/2fa/authenticate/")
    other.post("/account/2fa/authenticate/", {"credential": passkey.used(options)})
    assert not is_signed_in(other)


def test_a_key_made_for_another_service_is_not_taken(inside: Client) -> None:
    credential = Passkey("elsewhere.example").created(data_on(inside.get(ADD))["creation_options"])
    assert inside.post(ADD, {"name": "", "credential": credential}).status_code == 200
    assert not Authenticator.objects.exists()


EMPTY = '{"id": "AA", "rawId": "AA", "type": "public-key", "response": {}}'


@pytest.mark.parametrize("credential", ["", "x", "[]", "{}", "7", '{"id": 1}', EMPTY])
def test_nonsense_is_refused_in_words(inside: Client, credential: str) -> None:
    inside.get(ADD)
    assert inside.post(ADD, {"name": "", "credential": credential}).status_code == 200
    assert not Authenticator.objects.exists()


def test_a_key_is_named_anew_and_removed(inside: Client) -> None:
    enrolled(inside)
    key = Authenticator.objects.get(type="webauthn")
    inside.post(f"/account/2fa/webauthn/keys/{key.pk}/edit/", {"name": "<b>Old phone</b>"})
    page = inside.get("/account/2fa/webauthn/").content.decode()
    assert "&lt;b&gt;Old phone&lt;/b&gt;" in page
    inside.post(f"/account/2fa/webauthn/keys/{key.pk}/remove/")
    assert not Authenticator.objects.exists()


def test_nobody_touches_the_key_of_another(inside: Client, editor: User) -> None:
    theirs = Authenticator.objects.create(user=editor, type="webauthn", data={"name": "Theirs"})
    for page in ("edit", "remove"):
        assert inside.get(f"/account/2fa/webauthn/keys/{theirs.pk}/{page}/").status_code == 404
        assert inside.post(f"/account/2fa/webauthn/keys/{theirs.pk}/{page}/", {"name": "Mine"}).status_code == 404
    assert Authenticator.objects.filter(pk=theirs.pk).exists()
