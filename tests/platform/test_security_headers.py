"""Every answer tells the browser what it may not do, and no page has a script or style inside that this would stop."""

from __future__ import annotations

from typing import Any

import pytest
from django.conf import settings
from django.contrib import admin
from django.contrib.auth.models import User
from django.db import models
from django.test import Client
from django.urls import NoReverseMatch, reverse

from tests import factories as make
from tests.admin.pages import adding, changing, deleting, history, listing
from tests.admin.rows import ROWS
from tests.api.client import ApiClient
from tests.api.wsgi import Server
from tests.platform.markup import directives, inline_in

pytestmark = pytest.mark.django_db

STRICT = {
    "default-src": {"'none'"},
    "script-src": {"'self'"},
    "style-src": {"'self'"},
    "img-src": {"'self'", "data:"},
    "font-src": {"'self'"},
    "connect-src": {"'self'"},
    "form-action": {"'self'"},
    "base-uri": {"'none'"},
    "object-src": {"'none'"},
    "frame-ancestors": {"'none'"},
}
NO_PAGE = {"default-src": {"'none'"}, "frame-ancestors": {"'none'"}}
EVERYWHERE = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "X-Frame-Options": "DENY",
}
PAGES = [
    "/", "/admin/login/", "/nowhere", "/api/docs/problems", "/api/", "/api/v1/", "/api/v1/organizations/",
    "/api/v1/organizations/nowhere/", "/api/v1/organizations/?nonsense=1", "/api/v1/search/?q=dubai",
]  # fmt: skip
ANSWERS = [
    "/api/v1/organizations/", "/api/v1/nowhere/", "/api/v1/organizations/?nonsense=1", "/api/schema/",
    "/api/v1/changes.atom", "/api/v1/organizations/?format=csv", "/api/v1/revisions/",
]  # fmt: skip


@pytest.fixture(params=["en", "ar"])
def browser(request: pytest.FixtureRequest) -> Client:
    """A person's browser in each language."""
    client = Client(headers={"accept": "text/html"})
    client.cookies[settings.LANGUAGE_COOKIE_NAME] = request.param
    return client


@pytest.fixture
def desk(browser: Client) -> Client:
    browser.force_login(User.objects.create_superuser("curator"))
    return browser


def is_strict(answer: Any) -> None:
    """Fail unless an answer is a page under the strict policy that this policy leaves as it is."""
    assert answer.headers["Content-Type"].startswith("text/html"), answer.request["PATH_INFO"]
    assert directives(answer.headers["Content-Security-Policy"]) == STRICT
    for name, value in EVERYWHERE.items():
        assert answer.headers[name] == value, name
    assert "camera=()" in answer.headers["Permissions-Policy"]
    assert inline_in(answer.content.decode()) == [], answer.request["PATH_INFO"]


@pytest.mark.parametrize("path", PAGES)
def test_pages_for_everybody_are_strict(browser: Client, path: str) -> None:
    is_strict(browser.get(path))


def test_refusals_of_forms_are_strict(browser: Client) -> None:
    browser.handler.enforce_csrf_checks = True
    refused = browser.post("/admin/login/", {"username": "curator"})
    assert refused.status_code == 403
    is_strict(refused)
    huge = browser.post("/admin/login/", {"username": "a" * 11_000_000})
    assert huge.status_code == 413
    is_strict(huge)


def test_the_page_of_a_failure_is_strict(browser: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    browser.raise_request_exception = False
    monkeypatch.setattr("tracker.ops.front_door.render", lambda *_args: 1 / 0)
    failed = browser.get("/")
    assert failed.status_code == 500
    is_strict(failed)


@pytest.mark.parametrize("path", ["/api/docs/", "/api/redoc/"])
def test_the_documentation_may_draw_with_certain_styles_and_nothing_more(browser: Client, path: str) -> None:
    answer = browser.get(path)
    found = directives(answer.headers["Content-Security-Policy"])
    assert all(source == "'self'" or source.startswith("'sha256-") for source in found.pop("style-src"))
    assert found.pop("worker-src", {"'self'", "blob:"}) == {"'self'", "blob:"}
    assert found == {name: values for name, values in STRICT.items() if name != "style-src"}
    assert inline_in(answer.content.decode()) == []


@pytest.mark.parametrize("path", ANSWERS)
def test_what_is_no_page_loads_nothing(path: str, curator: ApiClient, anonymous: ApiClient) -> None:
    for client in (anonymous, curator):
        answer = client.get(path, headers={"accept": "*/*"})
        assert directives(answer.headers["Content-Security-Policy"]) == NO_PAGE
        assert answer.headers["X-Content-Type-Options"] == "nosniff"


@pytest.mark.django_db(transaction=True)
def test_answers_that_are_kept_are_no_less_strict() -> None:
    make.make_organization()
    server = Server()
    for _time in range(2):
        answer = server.ask("/api/v1/organizations/")
        assert directives(answer.headers["Content-Security-Policy"]) == NO_PAGE
        assert {name: answer.headers[name] for name in EVERYWHERE} == EVERYWHERE
    assert server.asked == 1


# The desk -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "path", ["/admin/", "/admin/areas/organizations/", "/admin/password_change/", "/admin/nowhere/"]
)
def test_the_doors_of_the_desk_are_strict(desk: Client, path: str) -> None:
    is_strict(desk.get(f"/admin/{path}"))


@pytest.mark.parametrize("browser", ["ar"], indirect=True)
@pytest.mark.parametrize("model", list(admin.site._registry), ids=lambda model: model.__name__)
def test_every_page_of_the_desk_is_strict(desk: Client, model: type[models.Model]) -> None:
    row = ROWS[model]()
    pages = [listing(model), changing(row), deleting(row), history(row)]
    pages += [f"{changing(row)}?_popup=1", f"{listing(model)}?q=nothing", f"{listing(model)}?_popup=1"]
    for page in pages:
        answer = desk.get(page)
        if answer.status_code == 403:
            continue
        assert answer.status_code == 200, page
        is_strict(answer)
    added = desk.get(adding(model))
    if added.status_code == 200:
        is_strict(added)
        is_strict(desk.post(adding(model), {}))
    chosen = desk.post(listing(model), {"action": "delete_selected", "_selected_action": [row.pk]})
    if chosen.status_code == 200:
        is_strict(chosen)


def test_the_lists_of_deleted_records_are_strict(desk: Client) -> None:
    found = 0
    for model in admin.site._registry:
        try:
            path = reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_deleted")
        except NoReverseMatch:
            continue
        found += 1
        is_strict(desk.get(path))
    assert found > 20
