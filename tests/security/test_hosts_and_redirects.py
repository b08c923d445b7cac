"""API8:2023: no header of a client decides where the service says it is, or where it sends somebody."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client

from tests import factories as make
from tests.api.client import ApiClient
from tests.api.wsgi import Server

pytestmark = pytest.mark.django_db(transaction=True)

EVIL = "evil.example"
HOSTS = [
    EVIL, f"localhost@{EVIL}", f"localhost:80@{EVIL}", f"localhost.{EVIL}", f"localhost, {EVIL}", f"{EVIL}#localhost",
    "localhost:8000/../x", "localhost\\", "[::1]evil", "localhost:port", "..", "localhost\t", "local host",
]  # fmt: skip
PATHS = ["/", "/admin/login/", "/api/", "/api/v1/organizations/", "/api/v1/search/?q=a", "/api/docs/"]


@pytest.mark.parametrize("host", HOSTS)
@pytest.mark.parametrize("path", PATHS)
def test_a_host_that_is_not_ours_is_refused(path: str, host: str) -> None:
    answer = Server().ask(path.partition("?")[0], path.partition("?")[2], HTTP_HOST=host)
    assert answer.status == 400, (path, host)
    assert EVIL.encode() not in answer.body


@pytest.mark.parametrize("header", ["HTTP_X_FORWARDED_HOST", "HTTP_X_HOST", "HTTP_FORWARDED", "HTTP_X_ORIGINAL_URL"])
def test_no_other_header_stands_for_the_host(header: str) -> None:
    make.make_organization()
    server = Server()
    for value in (EVIL, f"host={EVIL}", f"/{EVIL}"):
        answer = server.ask("/api/v1/organizations/", **{header: value})
        assert (answer.status, EVIL.encode() in answer.body) == (200, False)


def test_nobody_poisons_what_is_kept_for_others() -> None:
    make.make_organization()
    server = Server()
    server.ask("/api/v1/organizations/", HTTP_HOST="127.0.0.1", HTTP_X_FORWARDED_HOST=EVIL)
    answer = server.ask("/api/v1/organizations/")
    assert EVIL.encode() not in answer.body
    assert b"http://127.0.0.1" not in answer.body


NEXT = [
    f"https://{EVIL}/", f"//{EVIL}/", f"///{EVIL}", f"http:///{EVIL}", f"\\\\{EVIL}", f"/\\{EVIL}", f"https:{EVIL}",
    "javascript:alert(1)", "data:text/html,x", f"/%09/{EVIL}", f"https://localhost@{EVIL}/", f"ht\ntps://{EVIL}",
    f" https://{EVIL}", f"\x01https://{EVIL}", f"/\t/{EVIL}",
]  # fmt: skip


def leads_away(answer: Any) -> bool:
    """Whether a browser would leave us by an answer."""
    target = answer.headers.get("Location", "")
    return bool(target) and (not target.startswith("/") or target.startswith(("//", "/\\", "/\t")))


@pytest.mark.parametrize("target", NEXT)
def test_nobody_is_sent_to_another_host(target: str) -> None:
    User.objects.create_superuser("curator", password="a-long-passphrase")
    client = Client()
    assert not leads_away(client.post("/language/setlang/", {"language": "ar", "next": target}))
    assert not leads_away(client.post("/language/setlang/", {"language": "ar"}, headers={"referer": target.strip()}))
    form = {"username": "curator", "password": "a-long-passphrase", "next": target}
    signed_in = client.post("/admin/login/", form, query_params={"next": target})
    assert not leads_away(signed_in)
    assert not leads_away(client.get("/admin/login/", {"next": target}))
    assert not leads_away(client.post("/admin/logout/", {"next": target}))


@pytest.mark.parametrize(
    "path", [f"//{EVIL}", f"//{EVIL}/..", f"/\\{EVIL}", f"/admin//{EVIL}", f"//{EVIL}/admin", "/api//evil"]
)
def test_an_address_without_its_slash_leads_to_our_own(path: str, anonymous: ApiClient) -> None:
    answer = Server().ask(path)
    assert not leads_away(answer)
