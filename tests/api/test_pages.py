"""The API as pages: what a browser is shown at the addresses of the API, in both languages."""

from __future__ import annotations

import html
import json
import re
from collections.abc import Iterator
from http import HTTPStatus
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.contrib.staticfiles import finders
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from initiatives.api.examples import EXAMPLES
from tests import factories
from tests.api.client import ApiClient
from tests.api.examples import post_all_examples
from tests.api.openapi import JSON
from tests.platform.markup import directives
from tracker.api import collections

COLLECTIONS = list(EXAMPLES)
LANGUAGES = {"en": "ltr", "ar": "rtl"}
ROOTS = ["/api/", "/api/v1/"]
DOCUMENTATION = ["/api/docs/", "/api/redoc/"]


class Browser(Client):
    """A person's browser in one language."""

    def __init__(self, language: str = "en", user: User | None = None) -> None:
        super().__init__(headers={"accept": "text/html,*/*;q=0.8", "accept-language": language})
        if user is not None:
            self.force_login(user)


@pytest.fixture(params=LANGUAGES)
def language(request: pytest.FixtureRequest) -> str:
    found: str = request.param
    return found


def page(browser: Client, address: str) -> str:
    response = browser.get(address)
    assert response.status_code == HTTPStatus.OK, address
    assert response.headers["Content-Type"].startswith("text/html")
    return response.content.decode()


def json_of(text: str) -> Any:
    """The JSON that a page shows."""
    shown = re.search(r"<pre[^>]*>(.*?)</pre>", text, re.DOTALL)
    assert shown
    return json.loads(html.unescape(re.sub(r"<[^>]*>", "", shown[1])).partition("\n\n")[2])


def body_of(text: str) -> Any:
    """The JSON that a page's form begins with."""
    area = re.search(r"<textarea[^>]*>(.*?)</textarea>", text, re.DOTALL)
    assert area
    return json.loads(html.unescape(area[1]))


def loaded(text: str) -> Iterator[str]:
    """Everything that a page loads."""
    yield from re.findall(r'<(?:script|img|iframe)[^>]*\ssrc="([^"]*)"', text)
    yield from re.findall(r'<link[^>]*\shref="([^"]*)"', text)


# Every address -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("address", [*ROOTS, *DOCUMENTATION, "/api/docs/problems"])
def test_roots_and_documentation_are_pages_in_both_languages(address: str, language: str) -> None:
    text = page(Browser(language), address)
    assert f'<html lang="{language}" dir="{LANGUAGES[language]}">' in text


def test_every_list_and_record_is_a_page_for_anybody(curator: ApiClient, language: str) -> None:
    post_all_examples(curator)
    browser = Browser(language)
    for collection, bodies in EXAMPLES.items():
        for address in (f"/api/v1/{collection}/", f"/api/v1/{collection}/{bodies[0]['slug']}/"):
            text = page(browser, address)
            assert f'dir="{LANGUAGES[language]}">' in text
            assert "<textarea" not in text
            assert json_of(text) == browser.get(address, headers={"accept": JSON}).json()


def test_curators_are_shown_json_that_they_can_send_back(curator_user: User, curator: ApiClient) -> None:
    post_all_examples(curator)
    browser = Browser(user=curator_user)
    for collection, bodies in EXAMPLES.items():
        assert body_of(page(browser, f"/api/v1/{collection}/")) == {}
        address = f"/api/v1/{collection}/{bodies[0]['slug']}/"
        before = curator.get(address).json()
        response = browser.put(address, body_of(page(browser, address)), JSON, headers={"accept": JSON})
        assert response.json() == before


def test_every_write_of_a_browser_is_answered_with_a_page(curator_user: User) -> None:
    browser = Browser(user=curator_user)
    created = browser.post("/api/v1/people/", {"slug": "somebody", "name": {"en": "Somebody"}}, JSON)
    changed = browser.patch("/api/v1/people/somebody/", {"name": {"ar": "شخص"}}, JSON)
    refused = browser.patch("/api/v1/people/somebody/", {"no_such_field": 1}, JSON)
    asked = browser.options("/api/v1/people/somebody/")
    deleted = browser.delete("/api/v1/people/somebody/")
    answers = [created, changed, refused, asked, deleted]
    assert [answer.status_code for answer in answers] == [201, 200, 400, 200, 200]
    assert all(answer.headers["Content-Type"].startswith("text/html") for answer in answers)


def test_those_who_may_not_write_are_shown_no_form(staff_user: User, curator: ApiClient) -> None:
    post_all_examples(curator)
    for address in ("/api/v1/organizations/", "/api/v1/organizations/dubai-municipality/"):
        assert "<textarea" not in page(Browser(user=staff_user), address)


@pytest.mark.parametrize("collection", COLLECTIONS)
def test_a_page_asks_the_database_as_often_for_many_records_as_for_one(curator_user: User, collection: str) -> None:
    model: Any = collections.model_named(collection)
    make = getattr(factories, "make_" + re.sub(r"(?<!^)(?=[A-Z])", "_", model.__name__).lower())
    browser = Browser(user=curator_user)
    counts = []
    # The first round only fills what a process learns once.
    for _round in range(3):
        make()
        page(browser, f"/api/v1/{collection}/")
        with CaptureQueriesContext(connection) as queries:
            page(browser, f"/api/v1/{collection}/")
        counts.append(len(queries))
        make()
    assert counts[1] == counts[2]


def test_a_long_list_leads_to_its_next_page(curator: ApiClient) -> None:
    post_all_examples(curator)
    text = page(Browser(), "/api/v1/organizations/?limit=1&offset=1")
    assert '<a href="http://testserver/api/v1/organizations/?limit=1">Previous page</a>' in text
    assert '<a href="http://testserver/api/v1/organizations/?limit=1&amp;offset=2">Next page</a>' in text


def test_what_records_say_cannot_break_out_of_the_page(curator: ApiClient) -> None:
    name = '</pre><script>alert(1)</script>"https://example.org/"><b>'
    curator.send("POST", "organizations/", {"slug": "hostile", "name": {"en": name, "ar": f"جهة {name}"}})
    text = page(Browser(), "/api/v1/organizations/hostile/")
    assert "<script>alert" not in text
    assert "<b>" not in text.partition("</b>\n\n")[2]
    assert json_of(text)["name"]["en"] == name


def test_a_mistake_of_a_browser_is_explained_on_a_page() -> None:
    response = Browser().get("/api/v1/?no_such_parameter=1")
    assert response.status_code == HTTPStatus.BAD_REQUEST
    assert "no_such_parameter" in response.content.decode()


# Only what is our own ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("address", [*ROOTS, *DOCUMENTATION])
def test_a_page_loads_nothing_from_elsewhere_and_runs_no_script_of_its_text(address: str) -> None:
    text = page(Browser(), address)
    assert not re.search(r"<script(?![^>]*\ssrc=)", text)
    assert not re.search(r"\son\w+=", text)
    assert "<style" not in text
    for source in loaded(text):
        assert source == "data:," or source.startswith("/static/")
        assert source == "data:," or finders.find(source.removeprefix("/static/"))


@pytest.mark.parametrize("address", DOCUMENTATION)
def test_the_documentation_forbids_itself_to_load_anything_from_elsewhere(address: str) -> None:
    response = Browser().get(address)
    policy = response.headers["Content-Security-Policy"]
    assert directives(policy)["default-src"] == {"'none'"}
    assert directives(policy)["script-src"] == {"'self'"}
    assert "http" not in policy
    assert "*" not in policy


@pytest.mark.parametrize("address", DOCUMENTATION)
def test_the_documentation_shows_the_document_in_the_reader_s_language(address: str, language: str) -> None:
    text = page(Browser(language), address)
    assert f'data-document="/api/schema/?lang={language}"' in text


def test_swagger_s_badge_which_would_call_another_host_is_off() -> None:
    path = finders.find("api/swagger.js")
    assert isinstance(path, str)
    with open(path, encoding="utf-8") as script:  # noqa: PTH123
        assert "validatorUrl: null" in script.read()


# The roots as JSON ---------------------------------------------------------------------------------------------------


def test_the_root_leads_to_every_door(anonymous: ApiClient) -> None:
    doors = anonymous.get("/api/").json()
    assert list(doors) == ["v1", "search", "schema", "docs", "redoc", "problems"]
    doors["search"] += "?q=dubai"
    for address in doors.values():
        assert anonymous.get(address, headers={"accept": "*/*"}).status_code == HTTPStatus.OK


def test_the_collections_are_listed_with_address_and_title(anonymous: ApiClient, curator: ApiClient) -> None:
    listed = anonymous.get("/api/v1/").json()
    others = {"memberships", "invitations", "join-requests", "dashboards", "happiness", "tokens", "webhooks"}
    assert set(listed) == {*EXAMPLES, "revisions", "changes", *others}
    assert listed["smart-services"]["url"] == "http://testserver/api/v1/smart-services/"
    assert listed["smart-services"]["title"]["en"] == "Smart services"
    for entry in listed.values():
        assert re.search("[\u0621-\u064a]", entry["title"]["ar"])
        assert curator.get(entry["url"]).status_code == HTTPStatus.OK


def test_there_is_one_path_to_a_list_whatever_the_format(anonymous: ApiClient) -> None:
    assert anonymous.get("/api/v1/organizations.json").status_code == HTTPStatus.NOT_FOUND
    assert anonymous.get("/api/v1/organizations/?format=json").headers["Content-Type"] == JSON
    assert page(Browser(), "/api/v1/organizations/?format=html")
