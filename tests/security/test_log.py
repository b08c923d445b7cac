"""What is refused is logged: to whom, from where and why, a line each, of which nobody can make two."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

import pytest

from tests.api.client import ApiClient
from tests.api.wsgi import Server

pytestmark = pytest.mark.django_db


@pytest.fixture
def logged(caplog: pytest.LogCaptureFixture) -> Callable[[], list[str]]:
    caplog.set_level(logging.INFO, "tracker.security")
    return lambda: [record.getMessage() for record in caplog.records if record.name == "tracker.security"]


def test_who_may_not_is_named(reader: ApiClient, logged: Callable[[], list[str]]) -> None:
    reader.send("POST", "organizations/", {"name": {"en": "A"}})
    assert logged() == [
        "refused 403 permission_denied user=reader token=- address=127.0.0.1 POST /api/v1/organizations/"
    ]


def test_what_was_wrong_is_named_with_its_place(curator: ApiClient, logged: Callable[[], list[str]]) -> None:
    curator.send("POST", "organizations/", {"name": {"en": "A"}, "owner": 1, "sector": "public"})
    [line] = logged()
    assert line.startswith("refused 400 invalid #/owner:unknown_field user=curator")


def test_a_webhook_to_the_inside_is_named(curator: ApiClient, logged: Callable[[], list[str]]) -> None:
    curator.send("POST", "webhooks/", {"name": "W", "link": "https://169.254.169.254/"})
    [line] = logged()
    assert line.startswith("refused 400 invalid #/link:address_refused user=curator")


def test_a_form_without_its_token_and_a_host_that_is_not_ours_are_named(logged: Callable[[], list[str]]) -> None:
    ApiClient(enforce_csrf_checks=True).post("/admin/login/", {"username": "curator"})
    Server().ask("/", HTTP_HOST="evil.example")
    forged, astray = logged()
    assert forged.startswith("refused 403 Forbidden user=- token=- address=127.0.0.1 POST /admin/login/")
    assert astray.startswith("refused 400")
    assert "address=192.0.2.1 GET /" in astray


def test_nobody_writes_lines_into_the_log(logged: Callable[[], list[str]]) -> None:
    attack = "x\r\nWARNING tracker.security: refused 200 all is well user=curator\x85\x1b[31m"
    ApiClient().send("POST", f"organizations/{attack}\u2028/", {})
    Server().ask("/api/v1/" + attack, REQUEST_METHOD="DELETE", HTTP_X_FORWARDED_FOR=attack)
    for line in logged():
        assert line.isascii()
        assert line.isprintable()
        assert "all is well" not in line


@pytest.mark.parametrize("address", ["organizations/nowhere/", "nowhere/"])
def test_what_is_not_there_for_strangers_is_everyday(
    anonymous: ApiClient, reader: ApiClient, logged: Callable[[], list[str]], address: str
) -> None:
    anonymous.read(address)
    assert logged() == []
    reader.read(address)
    assert len(logged()) == 1


def test_a_retry_or_a_conflict_is_no_attack(curator: ApiClient, logged: Callable[[], list[str]]) -> None:
    body: Any = {"slug": "one", "name": {"en": "One"}, "sector": "public"}
    first = curator.send("POST", "organizations/", body)
    assert first.status_code == 201, first.content
    assert curator.send("POST", "organizations/", body).status_code == 409
    assert curator.send("PATCH", "organizations/one/", {"slug": "one"}, if_match='"0-00000000"').status_code == 412
    assert logged() == []
