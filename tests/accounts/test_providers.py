"""Signing in with a provider of OpenID Connect, which is really asked."""

from __future__ import annotations

import urllib.error
import urllib.request
from collections.abc import Iterator
from html import unescape
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
from allauth.account.models import EmailAddress
from allauth.socialaccount.models import SocialAccount
from cryptography.hazmat.primitives.asymmetric import rsa
from django.contrib.auth.models import User
from django.core import mail
from django.test import Client

from tests.accounts.people import (
    code_of,
    enrol_app,
    is_signed_in,
    last_mail,
    link_in,
    new_person,
    path_of,
    reauthenticate,
    said_on,
    sign_in,
)
from tests.accounts.provider import CLIENT_ID, CLIENT_SECRET, Provider, serving_provider
from tracker.accounts.oidc import OidcProvider

pytestmark = pytest.mark.django_db
CLAIMS = {"sub": "784-1990", "name": "Mariam Salem", "email": "mariam@example.org", "email_verified": True}


@pytest.fixture
def provider(settings: Any) -> Iterator[Provider]:
    with serving_provider() as serving:
        named = OidcProvider(
            "TRACKER_OIDC_", "national", "National identity", "الهوية الوطنية", serving.issuer, CLIENT_ID, CLIENT_SECRET
        )
        settings.SOCIALACCOUNT_PROVIDERS = {"openid_connect": {"OAUTH_PKCE_ENABLED": True, "APPS": [named.app()]}}
        serving.person = dict(CLAIMS)
        yield serving


class NotFollowed(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *args: Any) -> None:
        return None


def sent_to(client: Client, **typed: str) -> str:
    """The provider's address that the page sends a browser to."""
    page = client.post(f"/account/oidc/national/login/?{urlencode(typed)}")
    assert page.status_code == 200
    found = page.content.decode().partition('content="0; url=')[2].partition('"')[0]
    return unescape(found)


def at_provider(address: str) -> str:
    """Sign in there; the path that the provider sends back to."""
    try:
        urllib.request.build_opener(NotFollowed).open(address)
    except urllib.error.HTTPError as answer:
        return path_of(answer.headers["Location"])
    raise AssertionError("The provider did not send back.")


def come_back(client: Client, **typed: str) -> Any:
    return client.get(at_provider(sent_to(client, **typed)))


def choose_name(client: Client, **typed: str) -> Any:
    form = {"username": "mariam", "email": "mariam@example.org"}
    return client.post("/account/3rdparty/signup/", {**form, **typed})


def test_the_providers_button_stands_on_the_page_of_signing_in_in_both_languages(
    client: Client, provider: Provider
) -> None:
    page = client.get("/account/login/", headers={"accept-language": "en"}).content.decode()
    assert "National identity" in page
    page = client.get("/account/login/", headers={"accept-language": "ar"}).content.decode()
    assert "الهوية الوطنية" in page


def test_the_browser_is_sent_with_state_and_proof_key_and_only_by_a_form(client: Client, provider: Provider) -> None:
    asked = parse_qs(urlsplit(sent_to(client)).query)
    assert asked["redirect_uri"] == ["http://testserver/account/oidc/national/login/callback/"]
    assert asked["code_challenge_method"] == ["S256"]
    assert set(asked["scope"][0].split()) == {"openid", "profile", "email"}
    assert len(asked["state"][0]) >= 16
    assert "url=" not in client.get("/account/oidc/national/login/").content.decode()


def test_somebody_new_chooses_a_name_and_is_in(client: Client, provider: Provider) -> None:
    assert come_back(client)["Location"] == "/account/3rdparty/signup/"
    assert "National identity" in said_on(client.get("/account/3rdparty/signup/"))
    assert choose_name(client)["Location"] == "/account/"
    assert is_signed_in(client)
    user = User.objects.get()
    assert (user.is_staff, user.is_superuser, user.has_usable_password()) == (False, False, False)
    assert (user.first_name, user.last_name) == ("Mariam", "Salem")
    assert EmailAddress.objects.get().verified

    again = Client()
    come_back(again, next="/api/docs/")
    assert is_signed_in(again)
    assert User.objects.count() == 1


def test_of_what_the_provider_tells_little_is_kept(client: Client, provider: Provider) -> None:
    provider.person |= {"id_number": "784-1990-1", "birthdate": "1990-01-01", "phone_number": "+97150"}
    for _time in range(2):
        come_back(client)
        choose_name(client)
        client.post("/account/logout/")
    kept = SocialAccount.objects.get().extra_data
    assert kept == {"userinfo": CLAIMS}


@pytest.mark.parametrize("verified", [False, "false", "no", None, 0])
def test_an_address_that_the_provider_did_not_verify_is_verified_here_first(
    client: Client, provider: Provider, verified: Any
) -> None:
    provider.person["email_verified"] = verified
    come_back(client)
    assert choose_name(client)["Location"] == "/account/confirm-email/"
    assert not is_signed_in(client)
    assert not EmailAddress.objects.get().verified
    client.post(path_of(link_in(last_mail())))
    come_back(client)
    assert is_signed_in(client)


@pytest.mark.parametrize("verified", [True, False])
def test_an_address_never_leads_into_an_account_that_exists(
    client: Client, provider: Provider, person: User, verified: bool
) -> None:
    provider.person["email_verified"] = verified
    come_back(client)
    answer = choose_name(client, username="attacker")
    assert answer["Location"] == "/account/confirm-email/"
    assert not is_signed_in(client)
    assert not SocialAccount.objects.exists()
    assert User.objects.get() == person
    assert mail.outbox[-1].to == [person.email]


def test_an_address_that_is_typed_instead_is_not_taken_for_the_providers(client: Client, provider: Provider) -> None:
    come_back(client)
    choose_name(client, email="victim@example.org")
    assert not EmailAddress.objects.filter(email="victim@example.org", verified=True).exists()


def test_a_person_connects_the_provider_themselves_and_takes_it_away_again(
    client: Client, provider: Provider, person: User
) -> None:
    provider.person["email"] = "another@example.org"
    sign_in(client, "mariam")
    reauthenticate(client)
    assert come_back(client, process="connect").status_code == 302
    connected = SocialAccount.objects.get()
    assert (connected.user, connected.uid) == (person, CLAIMS["sub"])

    other = Client()
    come_back(other)
    assert is_signed_in(other)

    assert client.post("/account/3rdparty/", {"account": connected.pk}).status_code == 302
    assert not SocialAccount.objects.exists()


def test_what_is_connected_to_one_account_is_not_taken_by_another(client: Client, provider: Provider) -> None:
    come_back(Client())
    first = Client()
    come_back(first)
    choose_name(first)
    new_person("khalid")
    sign_in(client, "khalid")
    reauthenticate(client)
    come_back(client, process="connect")
    assert SocialAccount.objects.get().user.username == "mariam"


@pytest.mark.usefixtures("_second_factor_owed")
def test_a_curator_uses_the_second_factor_here_whatever_the_provider_asked(
    client: Client, provider: Provider, editor: User
) -> None:
    sign_in(client, "salem")
    reauthenticate(client)
    secret = enrol_app(client)
    provider.person["email"] = "another@example.org"
    come_back(client, process="connect")

    other = Client()
    assert come_back(other)["Location"] == "/account/2fa/authenticate/"
    assert not is_signed_in(other)
    other.post("/account/2fa/authenticate/", {"code": code_of(secret)})
    assert other.get("/admin/").status_code == 200


# What is not believed -------------------------------------------------------------------------------------------------


def is_refused(client: Client) -> bool:
    answer = come_back(client)
    refused = answer.status_code == 401 and not User.objects.exists()
    return refused and not client.session.get("socialaccount_sociallogin")


def test_a_token_signed_by_somebody_else(client: Client, provider: Provider) -> None:
    provider.signing_key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    assert is_refused(client)


@pytest.mark.parametrize("bent", [{"aud": "another"}, {"iss": "https://another.example"}, {"exp": 1}])
def test_a_token_for_another_by_another_or_of_the_past(client: Client, provider: Provider, bent: Any) -> None:
    provider.id_token = bent
    assert is_refused(client)


def test_claims_of_somebody_else_than_the_tokens_subject(client: Client, provider: Provider) -> None:
    provider.userinfo = {"sub": "somebody-else"}
    assert is_refused(client)


def test_an_answer_to_a_question_that_this_browser_did_not_ask(client: Client, provider: Provider) -> None:
    back = at_provider(sent_to(client))
    assert Client().get(back).status_code == 401
    forged = f"/account/oidc/national/login/callback/?code={'x' * 20}&state=forged"
    assert client.get(forged).status_code == 401


def test_a_code_that_was_used(client: Client, provider: Provider) -> None:
    back = at_provider(sent_to(client))
    assert client.get(back).status_code == 302
    assert client.get(back).status_code == 401


def test_who_thinks_better_of_it_comes_back_to_a_page(client: Client, provider: Provider) -> None:
    state = parse_qs(urlsplit(sent_to(client)).query)["state"][0]
    answer = client.get(f"/account/oidc/national/login/callback/?error=access_denied&state={state}", follow=True)
    assert answer.status_code == 200


def test_a_provider_that_is_away_is_said_to_be_so(client: Client, settings: Any) -> None:
    gone = OidcProvider("", "national", "National identity", "", "http://127.0.0.1:9", CLIENT_ID, CLIENT_SECRET)
    settings.SOCIALACCOUNT_PROVIDERS = {"openid_connect": {"APPS": [gone.app()]}}
    page = client.post("/account/oidc/national/login/")
    assert page.status_code == 401
    assert "<main" in page.content.decode()


def test_nobody_has_the_provider_asked_without_end(client: Client, provider: Provider) -> None:
    statuses = [client.post("/account/oidc/national/login/").status_code for _time in range(31)]
    assert statuses == [200] * 30 + [429]
    assert provider.asked.count("/.well-known/openid-configuration") == 30


def test_a_provider_that_nobody_named_is_not_there(client: Client, provider: Provider) -> None:
    assert client.post("/account/oidc/another/login/").status_code == 404
    assert client.get("/account/oidc/another/login/callback/").status_code == 404


def test_after_signing_in_nobody_is_sent_elsewhere(client: Client, provider: Provider) -> None:
    come_back(client)
    choose_name(client)
    other = Client()
    assert come_back(other, next="https://elsewhere.example/")["Location"] == "/account/"
