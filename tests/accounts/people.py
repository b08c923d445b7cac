"""A person with a browser: signs up, signs in, reads mail, makes codes."""

from __future__ import annotations

import base64
import hmac
import re
import struct
import time
from html import unescape
from typing import Any
from urllib.parse import urlsplit

from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from django.contrib.auth.models import User
from django.core import mail
from django.test import Client

from tracker.accounts.models import Profile

PASSWORD = "seven green lanterns"
ANOTHER = "eleven grey harbours"


def sign_up(client: Client, name: str, **typed: str) -> Any:
    """Fill in the form of a new account."""
    form = {"email": f"{name}@example.org", "username": name, "password1": PASSWORD, "password2": PASSWORD}
    return client.post("/account/signup/", {**form, **typed})


def sign_in(client: Client, login: str, password: str = PASSWORD, **typed: str) -> Any:
    """Fill in the form of signing in."""
    return client.post("/account/login/", {"login": login, "password": password, **typed})


def is_signed_in(client: Client) -> bool:
    return client.get("/account/").status_code == 200


def new_person(name: str, *, language: str = "en", **fields: Any) -> User:
    """Somebody with a confirmed address."""
    user = User.objects.create_user(name, f"{name}@example.org", PASSWORD, **fields)
    EmailAddress.objects.create(user=user, email=user.email, primary=True, verified=True)
    Profile.objects.create(user=user, language=language)
    return user


def last_mail() -> Any:
    return mail.outbox[-1]


def link_in(message: Any) -> str:
    """The address in an e-mail, of which a browser asks the path."""
    found = re.search(r"https?://\S+/account/\S+", message.body)
    assert found, message.body
    return found[0]


def path_of(address: str) -> str:
    parts = urlsplit(address)
    return parts.path + (f"?{parts.query}" if parts.query else "")


def reauthenticate(client: Client, password: str = PASSWORD) -> Any:
    """Say the password once more, as the pages that matter ask it."""
    return client.post("/account/reauthenticate/", {"password": password})


def code_of(secret: str, *, periods_from_now: int = 0) -> str:
    """What an authenticator app shows (RFC 6238)."""
    counter = int(time.time()) // 30 + periods_from_now
    digest = hmac.digest(base64.b32decode(secret), struct.pack(">Q", counter), "sha1")
    place = digest[-1] & 15
    return f"{(struct.unpack('>I', digest[place : place + 4])[0] & 0x7FFFFFFF) % 1_000_000:06}"


def secret_on(page: Any) -> str:
    """The secret that the page of enrolment shows."""
    found = re.search(r'id="authenticator_secret"[^>]* value="([A-Z2-7]+)"', page.content.decode())
    assert found
    return found[1]


def enrol_app(client: Client) -> str:
    """Set up an authenticator app, and return its secret."""
    secret = secret_on(client.get("/account/2fa/totp/activate/"))
    answer = client.post("/account/2fa/totp/activate/", {"code": code_of(secret)})
    assert answer.status_code == 302, said_on(answer)
    return secret


def recovery_codes(user: User) -> list[str]:
    kept = Authenticator.objects.get(user=user, type=Authenticator.Type.RECOVERY_CODES)
    codes: list[str] = kept.wrap().get_unused_codes()
    return codes


def said_on(page: Any) -> str:
    """The text of a page, without its marks."""
    body = page.content.decode().partition("<main")[2].partition(">")[2].partition("</main>")[0]
    return re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]+>", " ", body))).strip()
