"""Pages of other origins use the API as the settings allow, by token or as strangers, and never with cookies."""

from __future__ import annotations

from typing import Any

import pytest

from tests import factories as make
from tests.api.client import ApiClient
from tests.api.wsgi import Answer, Server

pytestmark = pytest.mark.django_db(transaction=True)

LIST = "/api/v1/organizations/"
PAGE = "https://page.example"
ALLOWED = "Access-Control-Allow-Origin"


@pytest.fixture
def open_to_all(settings: Any) -> None:
    settings.CORS_ALLOW_ALL_ORIGINS = True


@pytest.fixture
def open_to_one(settings: Any) -> None:
    settings.CORS_ALLOWED_ORIGINS = [PAGE]


def varies(answer: Answer) -> set[str]:
    return {name.strip().lower() for name in answer.headers["Vary"].split(",")}


def test_without_a_setting_no_page_of_another_origin_reads_anything() -> None:
    answer = Server().ask(LIST, HTTP_ORIGIN=PAGE)
    assert (answer.status, ALLOWED in answer.headers) == (200, False)
    preflight = Server().ask(
        LIST, REQUEST_METHOD="OPTIONS", HTTP_ORIGIN=PAGE, HTTP_ACCESS_CONTROL_REQUEST_METHOD="PATCH"
    )
    assert ALLOWED not in preflight.headers
    assert "Access-Control-Allow-Methods" not in preflight.headers


@pytest.mark.usefixtures("open_to_all")
def test_a_registry_that_is_open_to_all_says_so_without_credentials() -> None:
    make.make_organization()
    server = Server()
    for _time in range(3):
        answer = server.ask(LIST, HTTP_ORIGIN=PAGE)
        assert answer.headers[ALLOWED] == "*"
        assert "Access-Control-Allow-Credentials" not in answer.headers
        assert {"ETag", "X-Revision", "RateLimit", "RateLimit-Policy", "Retry-After", "Location", "Link"} <= {
            name.strip() for name in answer.headers["Access-Control-Expose-Headers"].split(",")
        }


@pytest.mark.usefixtures("open_to_one")
def test_an_answer_that_is_kept_is_given_to_each_origin_as_it_may_have_it() -> None:
    make.make_organization()
    server = Server()
    asked = [None, PAGE, "https://evil.example", PAGE, None, "null"]
    answers = [server.ask(LIST, **({"HTTP_ORIGIN": origin} if origin else {})) for origin in asked]
    told = [answer.headers.get(ALLOWED) for answer in answers]
    assert told == [PAGE if origin == PAGE else None for origin in asked]
    assert {answer.body for answer in answers} == {answers[0].body}
    assert all("origin" in varies(answer) for answer in answers)
    assert [len(answer.headers["Vary"].lower().split("origin")) for answer in answers] == [2] * len(asked)


@pytest.mark.usefixtures("open_to_one")
def test_304_tells_the_origin_too() -> None:
    server = Server()
    tag = server.ask(LIST, HTTP_ORIGIN=PAGE).headers["ETag"]
    answer = server.ask(LIST, HTTP_ORIGIN=PAGE, HTTP_IF_NONE_MATCH=tag)
    assert (answer.status, answer.headers[ALLOWED], "origin" in varies(answer)) == (304, PAGE, True)


@pytest.mark.usefixtures("open_to_one")
def test_a_browser_may_ask_for_all_that_the_api_takes() -> None:
    headers = "authorization, content-type, if-match, if-none-match, idempotency-key, x-change-reason, x-request-id"
    answer = Server().ask(
        LIST, REQUEST_METHOD="OPTIONS", HTTP_ORIGIN=PAGE, HTTP_ACCESS_CONTROL_REQUEST_METHOD="PATCH",
        HTTP_ACCESS_CONTROL_REQUEST_HEADERS=headers,
    )  # fmt: skip
    assert (answer.status, answer.headers[ALLOWED]) == (200, PAGE)
    assert set(headers.split(", ")) <= set(answer.headers["Access-Control-Allow-Headers"].split(", "))
    assert {"PATCH", "PUT", "DELETE", "POST", "GET"} <= set(answer.headers["Access-Control-Allow-Methods"].split(", "))
    assert "RateLimit" not in answer.headers


@pytest.mark.usefixtures("open_to_all")
def test_refusals_can_be_read_by_the_page_that_asked(settings: Any) -> None:
    assert Server().ask("/api/v1/nowhere/", HTTP_ORIGIN=PAGE).headers[ALLOWED] == "*"
    assert Server().ask(LIST, REQUEST_METHOD="POST", HTTP_ORIGIN=PAGE).headers[ALLOWED] == "*"


@pytest.mark.usefixtures("open_to_all")
def test_pages_that_are_no_api_stay_closed() -> None:
    for path in ("/", "/admin/login/"):
        assert ALLOWED not in Server().ask(path, HTTP_ORIGIN=PAGE).headers


@pytest.mark.usefixtures("open_to_all")
def test_a_session_writes_nothing_for_another_origin(curator_user: Any) -> None:
    client = ApiClient(curator_user, enforce_csrf_checks=True)
    refused = client.send("POST", "organizations/", {"name": {"en": "Attack"}}, origin=PAGE)
    assert refused.status_code == 403
    assert "Access-Control-Allow-Credentials" not in refused.headers
