"""Every page of an account, in both languages: its direction, its words, nothing inline, nothing that runs."""

from __future__ import annotations

import re
from html import unescape
from typing import Any

import pytest
from allauth.mfa.models import Authenticator
from django.conf import settings
from django.contrib.auth.models import User
from django.core import mail
from django.test import Client

from tests.accounts.passkey import Passkey
from tests.accounts.people import (
    ANOTHER,
    PASSWORD,
    code_of,
    last_mail,
    link_in,
    new_person,
    path_of,
    reauthenticate,
    secret_on,
    sign_in,
    sign_up,
)
from tests.accounts.test_passkeys import data_on
from tracker.accounts.models import Profile

pytestmark = pytest.mark.django_db
ARABIC = re.compile("[\u0621-\u064a]")
# What runs or paints by standing in the page. Data for a script that is loaded is neither.
INLINE = re.compile(
    r"<script(?![^>]*\bsrc=)(?![^>]*application/json)|<style|\sstyle=|\son\w+=|javascript:", re.IGNORECASE
)
# Names that stay as they are in every language, what people wrote, and what a program reads.
SAME_IN_BOTH = re.compile(
    r"[\w.-]+@example\.org|[a-z-]*:(read|write)\b|<[^>]+>|trk_\w+|\b[A-Z2-7]{32}\b|English|mariam|salem|API|JavaScript"
    r"|IP|QR|TOTP|WebAuthn|OpenID Connect|Django/\S*|Test browser|My phone|A program|\bxx\b"
)
FOR_ANYBODY = ("login/", "signup/", "password/reset/", "password/reset/done/", "password/reset/key/done/",
               "confirm-email/", "inactive/", "3rdparty/login/cancelled/", "3rdparty/login/error/",
               "password/reset/key/1-wrong/", "confirm-email/wrong/")  # fmt: skip
FOR_ITS_PERSON = ("", "email/", "password/change/", "2fa/", "2fa/totp/activate/", "2fa/webauthn/", "2fa/webauthn/add/",
                  "sessions/", "tokens/", "delete/", "reauthenticate/", "3rdparty/", "logout/")  # fmt: skip
WITH_A_FACTOR = ("2fa/", "2fa/totp/deactivate/", "2fa/recovery-codes/", "2fa/recovery-codes/generate/",
                 "2fa/reauthenticate/", "2fa/webauthn/reauthenticate/", "2fa/webauthn/")  # fmt: skip


def speaking(client: Client, language: str) -> Client:
    client.cookies[settings.LANGUAGE_COOKIE_NAME] = language
    return client


def words_of(page: Any) -> list[str]:
    """What a person reads or hears of a page: its texts, and the words of its attributes."""
    content = re.sub(
        r"<script.*?</script>|<style.*?</style>|<code.*?</code>", "", page.content.decode(), flags=re.DOTALL
    )
    attributes = re.findall(r'(?:aria-label|alt|title|placeholder)="([^"]*)"', content)
    texts = re.split(r"<[^>]+>", content)
    return [unescape(text).strip() for text in [*attributes, *texts] if text.strip()]


def left_in_english(page: Any) -> list[str]:
    words = [SAME_IN_BOTH.sub("", word) for word in words_of(page)]
    return sorted({word for word in words if re.search("[A-Za-z]{2}", word)})


def check(page: Any, language: str) -> None:
    """What holds for every page."""
    content = page.content.decode()
    assert page.status_code in (200, 401), page.status_code
    assert f'<html lang="{language}" dir="{"rtl" if language == "ar" else "ltr"}">' in content
    assert INLINE.findall(content) == []
    assert content.count("<h1") == 1
    for control in re.findall(r"<(?:input|select|textarea)\b[^>]*>", content):
        if 'type="hidden"' not in control and 'type="checkbox"' not in control and 'type="radio"' not in control:
            name = re.search(r'\bid="([^"]+)"', control)
            assert name, control
            assert f'<label for="{name[1]}"' in content, control
    if language == "ar":
        assert left_in_english(page) == []


@pytest.mark.parametrize("language", ["en", "ar"])
@pytest.mark.parametrize("address", FOR_ANYBODY)
def test_a_page_for_anybody(client: Client, language: str, address: str) -> None:
    check(speaking(client, language).get(f"/account/{address}"), language)


@pytest.mark.parametrize("language", ["en", "ar"])
@pytest.mark.parametrize("address", FOR_ITS_PERSON)
def test_a_page_for_its_person(client: Client, person: User, language: str, address: str) -> None:
    Profile.objects.update(language=language)
    client.defaults["HTTP_USER_AGENT"] = "Test browser"
    sign_in(speaking(client, language), "mariam")
    reauthenticate(client)
    check(client.get(f"/account/{address}"), language)


@pytest.fixture
def protected(client: Client, person: User) -> Client:
    sign_in(client, "mariam")
    reauthenticate(client)
    secret = secret_on(client.get("/account/2fa/totp/activate/"))
    client.post("/account/2fa/totp/activate/", {"code": code_of(secret)})
    options = data_on(client.get("/account/2fa/webauthn/add/"))["creation_options"]
    client.post("/account/2fa/webauthn/add/", {"name": "My phone", "credential": Passkey().created(options)})
    assert Authenticator.objects.count() == 3
    client.get("/account/")
    return client


@pytest.mark.parametrize("language", ["en", "ar"])
@pytest.mark.parametrize("address", WITH_A_FACTOR)
def test_a_page_of_second_factors(protected: Client, language: str, address: str) -> None:
    check(speaking(protected, language).get(f"/account/{address}"), language)


@pytest.mark.parametrize("language", ["en", "ar"])
def test_the_pages_of_one_key(protected: Client, language: str) -> None:
    key = Authenticator.objects.get(type="webauthn").pk
    for page in ("edit", "remove"):
        check(speaking(protected, language).get(f"/account/2fa/webauthn/keys/{key}/{page}/"), language)


@pytest.mark.parametrize("language", ["en", "ar"])
def test_the_page_that_asks_for_a_code(protected: Client, language: str) -> None:
    other = speaking(Client(), language)
    sign_in(other, "mariam")
    check(other.get("/account/2fa/authenticate/"), language)
    check(other.post("/account/2fa/authenticate/", {"code": "000000"}), language)


WRONG: list[tuple[str, dict[str, str]]] = [
    ("login/", {"login": "mariam", "password": "wrong"}),
    ("login/", {}),
    ("signup/", {"email": "x", "username": "a@b", "password1": "short", "password2": "other"}),
    ("signup/", {"email": "a@example.org", "username": "curator", "password1": "123456789012", "password2": "1"}),
    ("signup/", {"email": "a@example.org", "username": "ab c", "password1": "password1234", "password2": ""}),
    ("password/reset/", {"email": "x"}),
]
WRONG_INSIDE: list[tuple[str, dict[str, str]]] = [
    ("email/", {"action_add": "", "email": "x"}),
    ("email/", {"action_add": "", "email": "mariam@example.org"}),
    ("email/", {"action_remove": "", "email": "mariam@example.org"}),
    ("email/", {"action_add": "", "email": "another@example.org"}),
    ("password/change/", {"oldpassword": "wrong", "password1": "short", "password2": "other"}),
    ("password/change/", {"oldpassword": PASSWORD, "password1": ANOTHER, "password2": ANOTHER}),
    ("reauthenticate/", {"password": "wrong"}),
    ("2fa/totp/activate/", {"code": "000000"}),
    ("2fa/webauthn/add/", {"credential": "{}"}),
    ("tokens/", {"reach": "some", "scopes": "nonsense"}),
    ("tokens/", {"name": "A program", "reach": "*", "lifetime": "30"}),
    ("", {"first_name": "x" * 200, "language": "xx"}),
    ("", {"first_name": "مريم", "language": "ar"}),
    ("sessions/", {}),
]


@pytest.mark.parametrize(("address", "typed"), WRONG)
def test_what_is_wrong_is_said_in_arabic(client: Client, address: str, typed: dict[str, str]) -> None:
    page = speaking(client, "ar").post(f"/account/{address}", typed)
    assert 'class="errorlist' in page.content.decode()
    check(page, "ar")


@pytest.mark.parametrize(("address", "typed"), WRONG_INSIDE)
def test_what_comes_of_a_form_is_said_in_arabic(
    client: Client, person: User, address: str, typed: dict[str, str]
) -> None:
    Profile.objects.update(language="ar")
    client.defaults["HTTP_USER_AGENT"] = "Test browser"
    sign_in(speaking(client, "ar"), "mariam")
    reauthenticate(client)
    check(client.post(f"/account/{address}", typed, follow=True), "ar")


def test_too_many_requests_are_refused_in_arabic(client: Client) -> None:
    pages = [
        speaking(client, "ar").post("/account/login/", {"login": f"p-{n}", "password": "wrong"}) for n in range(31)
    ]
    assert pages[-1].status_code == 429
    assert '<html lang="ar" dir="rtl">' in pages[-1].content.decode()
    assert left_in_english(pages[-1]) == []


MAILS = re.compile(r"https?://\S+|[\w.]+@example\.org|Test browser|mariam|khalid|UTC|IP|\d[\d.:]*|Django/\S+")


@pytest.mark.django_db(transaction=True)
def test_every_mail_is_in_arabic_for_who_reads_arabic(client: Client) -> None:
    client.defaults["HTTP_USER_AGENT"] = "Test browser"
    speaking(client, "ar")
    sign_up(client, "mariam")
    client.post(path_of(link_in(last_mail())))
    sign_up(Client(), "other-one", email="mariam@example.org")
    english = Client(headers={"accept-language": "en"}, HTTP_USER_AGENT="Test browser")
    english.post("/account/password/reset/", {"email": "mariam@example.org"})
    english.post(english.get(path_of(link_in(last_mail())))["Location"], {"password1": ANOTHER, "password2": ANOTHER})
    client.post("/account/password/reset/", {"email": "nobody@example.org"})
    sign_in(client, "mariam", ANOTHER)
    reauthenticate(client, ANOTHER)
    client.post("/account/email/", {"action_add": "", "email": "second@example.org"})
    client.post(path_of(link_in(last_mail())))
    client.post("/account/email/", {"action_primary": "", "email": "second@example.org"})
    client.post("/account/email/", {"action_remove": "", "email": "mariam@example.org"})
    client.post("/account/password/change/", {"oldpassword": ANOTHER, "password1": PASSWORD, "password2": PASSWORD})
    reauthenticate(client)
    secret = secret_on(client.get("/account/2fa/totp/activate/"))
    client.post("/account/2fa/totp/activate/", {"code": code_of(secret)})
    options = data_on(client.get("/account/2fa/webauthn/add/"))["creation_options"]
    client.post("/account/2fa/webauthn/add/", {"name": "Key", "credential": Passkey().created(options)})
    client.post("/account/2fa/recovery-codes/generate/")
    client.post("/account/2fa/totp/deactivate/")
    key = Authenticator.objects.get(type="webauthn")
    client.post(f"/account/2fa/webauthn/keys/{key.pk}/remove/")
    assert len(mail.outbox) >= 13, [message.subject for message in mail.outbox]
    for message in mail.outbox:
        rest = MAILS.sub("", f"{message.subject} {message.body}")
        assert not re.search("[A-Za-z]{2}", rest), rest
        assert ARABIC.search(str(message.subject))


def test_a_name_that_is_a_script_is_shown_as_text_everywhere(client: Client, editor: User) -> None:
    evil = '"><script>alert(1)</script>'
    person = new_person("mariam", first_name=evil, last_name=evil)
    sign_in(client, "mariam")
    reauthenticate(client)
    client.post("/account/", {"first_name": evil, "last_name": evil, "language": "en"})
    for address in FOR_ITS_PERSON:
        assert "<script>alert" not in client.get(f"/account/{address}").content.decode(), address
    desk = Client()
    desk.force_login(editor)
    for address in ("/admin/auth/user/", f"/admin/auth/user/{person.pk}/change/", "/admin/account/emailaddress/"):
        page = desk.get(address)
        assert page.status_code == 200
        assert "<script>alert" not in page.content.decode()


def test_the_language_that_a_person_chooses_follows_them(client: Client, person: User) -> None:
    sign_in(client, "mariam")
    client.post("/account/", {"first_name": "Mariam", "language": "ar"})
    assert '<html lang="ar"' in client.get("/account/").content.decode()
    elsewhere = Client(headers={"accept-language": "en"})
    sign_in(elsewhere, "mariam")
    assert '<html lang="ar"' in elsewhere.get("/account/").content.decode()


def test_mail_that_cannot_be_sent_keeps_nobody_from_going_on(client: Client, settings: Any, person: User) -> None:
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", 9
    page = client.post("/account/password/reset/", {"email": person.email}, follow=True)
    assert page.status_code == 200
    assert "could not be sent" in page.content.decode()
