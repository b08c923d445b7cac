"""API2:2023: a token that is revoked, expired, tampered with or too narrow changes nothing, and that is logged."""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.utils import timezone

from initiatives.api.examples import EXAMPLES
from tests.api.client import ApiClient
from tests.api.openapi import OpenAPI
from tracker.api.models import Token
from tracker.history.time_travel import current_revision

pytestmark = pytest.mark.django_db


def revoked(user: User) -> str:
    token, plaintext = Token.issue(user=user, name="test")
    token.revoke()
    return plaintext


def expired(user: User) -> str:
    token, plaintext = Token.issue(user=user, name="test", expires_at=timezone.now() + timedelta(days=1))
    then = timezone.now() - timedelta(days=2)
    Token.objects.filter(pk=token.pk).update(created_at=then, expires_at=then + timedelta(days=1))
    return plaintext


def tampered(user: User) -> str:
    plaintext = Token.issue(user=user, name="test")[1]
    return plaintext[:-1] + ("a" if plaintext[-1] != "a" else "b")


def of_somebody_else(user: User) -> str:
    """The beginning of one token with the secret of another."""
    one, other = (Token.issue(user=user, name="test")[1] for _time in range(2))
    return one[:13] + other[13:]


def of_somebody_who_left(user: User) -> str:
    gone = User.objects.create_superuser("gone")
    plaintext = Token.issue(user=gone, name="test")[1]
    gone.is_active = False
    gone.save()
    return plaintext


WRONG: dict[Callable[[User], str], str] = {
    revoked: "token_revoked",
    expired: "token_expired",
    tampered: "token_invalid",
    of_somebody_else: "token_invalid",
    of_somebody_who_left: "user_inactive",
}


def write_operations() -> list[tuple[str, str]]:
    """Each way to write that the document has, at the address of an example."""
    found = []
    for path, method, _operation in OpenAPI.in_language().operations():
        if method != "get":
            collection = path.removeprefix("/api/v1/").partition("/")[0]
            slug = EXAMPLES[collection][-1]["slug"] if collection in EXAMPLES else "1"
            for name, value in (("slug", slug), ("id", "1"), ("key", "x"), ("initiative", "x")):
                path = path.replace(f"{{{name}}}", value)
            found.append((path, method.upper()))
    return found


@pytest.mark.parametrize("make", WRONG, ids=lambda make: make.__name__)
def test_every_write_is_refused_and_nothing_changes(
    curator_user: User, make: Callable[[User], str], caplog: pytest.LogCaptureFixture
) -> None:
    before = current_revision()
    program = ApiClient()
    program.defaults["HTTP_AUTHORIZATION"] = f"Bearer {make(curator_user)}"
    operations = write_operations()
    with caplog.at_level(logging.INFO, "tracker.security"):
        for path, method in operations:
            answer = program.send(method, path.removeprefix("/api/v1/"), {"name": "x"})
            assert (answer.status_code, answer.json()["type"]) == (401, f"/api/docs/problems#{WRONG[make]}"), path
            assert answer.headers["WWW-Authenticate"] == 'Bearer realm="api", error="invalid_token"'
    assert current_revision() == before
    lines = [record.getMessage() for record in caplog.records if record.name == "tracker.security"]
    assert len(lines) == len(operations)
    assert all(line.startswith(f"refused 401 {WRONG[make]} user=-") and "address=127.0.0.1" in line for line in lines)
    assert not any(program.defaults["HTTP_AUTHORIZATION"][7:] in line for line in lines)


@pytest.mark.parametrize("make", WRONG, ids=lambda make: make.__name__)
def test_not_even_what_everybody_reads_is_read_with_it(curator_user: User, make: Callable[[User], str]) -> None:
    header = {"authorization": f"Bearer {make(curator_user)}"}
    for path in ("/api/", "/api/v1/", "/api/v1/organizations/", "/api/v1/search/?q=a", "/api/v1/changes/"):
        assert ApiClient().get(path, headers=header).status_code == 401


def test_a_token_that_only_reads_writes_nothing_anywhere(curator_user: User, caplog: pytest.LogCaptureFixture) -> None:
    before = current_revision()
    token, plaintext = Token.issue(user=curator_user, name="reads", scopes=["*:read"])
    program = ApiClient()
    program.defaults["HTTP_AUTHORIZATION"] = f"Bearer {plaintext}"
    with caplog.at_level(logging.INFO, "tracker.security"):
        for path, method in write_operations():
            answer = program.send(method, path.removeprefix("/api/v1/"), {"name": "x"})
            assert (answer.status_code, answer.json()["type"]) == (403, "/api/docs/problems#token_scope"), path
    assert current_revision() == before
    assert {record.getMessage().split(" address")[0] for record in caplog.records} == {
        f"refused 403 token_scope user=curator token={token.prefix}"
    }


def test_the_scheme_and_nothing_else_makes_a_token_of_a_text(curator_user: User) -> None:
    plaintext = Token.issue(user=curator_user, name="test")[1]
    for header in (f"Token {plaintext}", f"Basic {plaintext}", plaintext, f"Bearer{plaintext}"):
        answer = ApiClient().send("POST", "organizations/", {"name": {"en": "A"}}, authorization=header)
        assert answer.status_code == 401, header
    for address in (f"organizations/?token={plaintext}", f"organizations/?access_token={plaintext}"):
        assert ApiClient().get(f"/api/v1/{address}").status_code == 400
