"""A query string is readable and bounded, or it is refused at the door."""

from typing import Any
from wsgiref.util import setup_testing_defaults

import pytest
from django.core.wsgi import get_wsgi_application
from django.test import Client

from tests.api.machinery.test_problems import kind, problem
from tracker.api.charset import WithoutCharset

pytestmark = [pytest.mark.urls("tests.api.machinery.urls"), pytest.mark.django_db]

PATHS = ["/api/machinery/read-only/", "/api/machinery/plain/nul/", "/api/nowhere/"]


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("debug", [True, False])
def test_ten_thousand_parameters_are_refused(client: Client, settings: Any, path: str, debug: bool) -> None:
    settings.DEBUG = debug
    query = "&".join(f"p{number}=1" for number in range(10_000))
    assert kind(problem(client.get(f"{path}?{query}"), 400)) == "too_many_parameters"


@pytest.mark.parametrize(
    "query",
    ["name=a%00b", "name=%ff", "name=%ED%A0%80", "name=%zz", "name=100%", "name=%4", "ok=1&name=%00&ok=2", "name=\x00"],
)
@pytest.mark.parametrize("path", PATHS)
def test_an_unreadable_parameter_is_refused_by_name(client: Client, path: str, query: str) -> None:
    document = problem(client.get(path, QUERY_STRING=query), 400)
    assert kind(document) == "invalid_parameter"
    assert [error["parameter"] for error in document["errors"]] == ["name"]


@pytest.mark.parametrize("query", ["%00=1", "%ff", "ok&%C3=2"])
def test_an_unreadable_name_is_refused_too(client: Client, query: str) -> None:
    document = problem(client.get(PATHS[0], QUERY_STRING=query), 400)
    assert [error["parameter"] for error in document["errors"]] == ["\ufffd"]


def test_readable_parameters_pass_as_they_are(client: Client) -> None:
    query = "q=%D8%AF%D8%A8%D9%8A+100%25&empty=&flag&%E2%80%8F=1"
    assert client.get(f"{PATHS[0]}?{query}").json()["query"] == {
        "q": "دبي 100%",
        "empty": "",
        "flag": "",
        "\u200f": "1",
    }


def test_raw_arabic_in_the_query_is_read(client: Client) -> None:
    raw = "q=دبي".encode().decode("latin-1")
    assert client.get(PATHS[0], QUERY_STRING=raw).json()["query"] == {"q": "دبي"}


def test_a_page_outside_of_the_api_refuses_with_a_page(client: Client) -> None:
    response = client.get("/page/nul/?name=%00")
    assert response.status_code == 400
    assert response["Content-Type"].startswith("text/html")


def test_a_nul_in_the_path_is_not_found(client: Client) -> None:
    problem(client.get("/api/machinery/groups/a%00b/"), 404)


def through_wsgi(query: str, content_type: str) -> tuple[str, bytes]:
    """Status and body from the application as a server calls it."""
    environ: dict[str, Any] = {"PATH_INFO": PATHS[0], "QUERY_STRING": query, "CONTENT_TYPE": content_type}
    setup_testing_defaults(environ)
    answered: list[str] = []
    body = WithoutCharset(get_wsgi_application())(environ, lambda status, headers: answered.append(status))
    return answered[0], b"".join(body)


def test_a_codec_that_is_no_charset_cannot_break_the_query() -> None:
    status, body = through_wsgi("a=1", 'text/plain; charset="bz2_codec"; a=b')
    assert status.startswith("415")
    assert b"unsupported_media_type" in body


def test_too_many_parameters_beside_a_charset_are_refused_as_such() -> None:
    status, body = through_wsgi("a=1&" * 10_000, "application/json; Charset=utf-8")
    assert status.startswith("400")
    assert b"too_many_parameters" in body


def test_a_request_in_utf_8_passes() -> None:
    assert through_wsgi("a=1", "text/plain; charset=UTF-8; a=b")[0].startswith("200")


def test_a_refusal_at_the_door_speaks_the_language_of_the_client(client: Client) -> None:
    response = client.get(PATHS[0] + "?name=%00", headers={"accept-language": "ar"})
    assert response["Content-Language"] == "ar"
