"""API8:2023: script that somebody stores in any text is shown as text, on every page of the desk and of the API."""

from __future__ import annotations

import json
from html.parser import HTMLParser
from typing import Any

import pytest
from django.conf import settings
from django.contrib import admin
from django.contrib.auth.models import User
from django.contrib.postgres.fields import ArrayField
from django.db import connection, models
from django.test import Client
from django.urls import NoReverseMatch

import initiatives.api.urls  # noqa: F401  (it registers the collections)
from initiatives.api.examples import EXAMPLES
from tests.admin.pages import adding, changing, deleted, deleting, history, listing
from tests.admin.rows import ROWS
from tests.api.client import ApiClient
from tracker.api import collections

pytestmark = pytest.mark.django_db

MARK = "zqscript"
# As one text, so that each page is looked at once; the shorter comes first, because some columns hold no more.
ATTACK = (
    f"\"'><script>{MARK}(1)</script><img src=x onerror={MARK}(2)></textarea></title><svg/onload={MARK}(3)>"
    f"{{{{ {MARK} }}}}${{{MARK}(4)}}<a href=javascript:{MARK}(5)>a</a>"
)
SHOWN = list(admin.site._registry)
# Numbers, keys and what the service makes itself: a text of somebody's cannot be there.
MADE = {"slug", "password", "digest", "prefix", "scopes", "secret", "old_secret", "checksum", "state", "message_id"}


class Alive(HTMLParser):
    """Finds what an attack would have become, had it been believed."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []
        self.seen = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        for name, value in attrs:
            runs = name.startswith("on") or (value or "").strip().lower().startswith("javascript:")
            if runs and MARK in (value or ""):
                self.found.append(f"<{tag} {name}={value}>")
            self.seen = self.seen or MARK in (value or "")
        self.tag = tag

    def handle_data(self, data: str) -> None:
        if MARK in data:
            self.seen = True
            if getattr(self, "tag", "") == "script" and self.cdata_elem == "script":
                self.found.append(f"<script>{data}")


def alive_in(page: str) -> tuple[list[str], bool]:
    """What runs of an attack in a page, and whether the page shows it at all."""
    parser = Alive()
    parser.feed(page)
    parser.close()
    return parser.found, parser.seen


def texts_of(model: type[models.Model]) -> list[models.Field[Any, Any]]:
    """The columns that hold what somebody typed."""
    return [
        field
        for field in model._meta.concrete_fields
        if isinstance(field, (models.CharField, models.TextField, ArrayField))
        and not (
            field.choices or field.name in MADE or isinstance(getattr(field, "base_field", None), models.IntegerField)
        )
    ]


def infect(row: models.Model, attack: str) -> list[str]:
    """Put the attack into each text of a row, past every form, as far as the database lets it; the columns."""
    reached = []
    for field in texts_of(type(row)):
        value: Any = [attack] if isinstance(field, ArrayField) else attack[: field.max_length or None]
        with connection.cursor() as cursor:
            cursor.execute("SAVEPOINT attack")
            try:
                type(row)._base_manager.filter(pk=row.pk).update(**{field.name: value})
                cursor.execute("SET CONSTRAINTS ALL IMMEDIATE; SET CONSTRAINTS ALL DEFERRED; RELEASE SAVEPOINT attack")
            except Exception:  # noqa: BLE001  (whatever it refuses, it refuses)
                connection.needs_rollback = False
                cursor.execute("ROLLBACK TO SAVEPOINT attack")
            else:
                reached.append(field.name)
    return reached


@pytest.fixture
def desk(db: None) -> Client:
    client = Client(headers={"accept": "text/html"})
    client.cookies[settings.LANGUAGE_COOKIE_NAME] = "ar"
    client.force_login(User.objects.create_superuser("curator"))
    return client


@pytest.mark.parametrize("model", SHOWN, ids=lambda model: model.__name__)
def test_the_desk_shows_it_as_text(desk: Client, model: type[models.Model]) -> None:
    row = ROWS[model]()
    reached = infect(row, ATTACK)
    pages = [listing(model), changing(row), deleting(row), history(row), f"{listing(model)}?q={MARK}"]
    shown = False
    for page in pages:
        answer = desk.get(page)
        found, seen = alive_in(answer.content.decode())
        assert found == [], (page, reached)
        shown = shown or seen
    assert shown or not reached, reached
    for answer in (
        desk.post(listing(model), {"action": "delete_selected", "_selected_action": [row.pk]}),
        desk.post(changing(row), {"name_en": ATTACK, "title_en": ATTACK, "change_reason": ATTACK}),
        desk.get(adding(model), {"name_en": ATTACK, "_changelist_filters": ATTACK}),
    ):
        assert alive_in(answer.content.decode())[0] == []


def test_what_was_deleted_is_listed_as_text(desk: Client) -> None:
    for model in SHOWN:
        try:
            page = deleted(model)
        except NoReverseMatch:
            continue
        row = ROWS[model]()
        infect(row, ATTACK)
        type(row)._base_manager.filter(pk=row.pk)
        assert alive_in(desk.get(page, {"q": ATTACK}).content.decode())[0] == []


@pytest.mark.parametrize("collection", list(EXAMPLES))
def test_the_pages_of_the_api_show_it_as_text(desk: Client, collection: str) -> None:
    model: Any = collections.model_named(collection)
    row: Any = ROWS[model]()
    assert infect(row, ATTACK)
    for address in (
        f"/api/v1/{collection}/",
        f"/api/v1/{collection}/{row.slug}/",
        f"/api/v1/{collection}/{row.slug}/history/",
    ):
        answer = desk.get(address)
        assert answer.headers["Content-Type"].startswith("text/html")
        assert alive_in(answer.content.decode())[0] == [], address


def test_what_an_address_says_is_shown_as_text(desk: Client) -> None:
    for address in ("/api/v1/organizations/", "/api/v1/search/", "/admin/", "/", "/api/docs/problems"):
        for answer in (desk.get(address, {"q": ATTACK, ATTACK: ATTACK}), desk.get(f"{address}{ATTACK}/")):
            assert alive_in(answer.content.decode())[0] == []


def test_json_is_never_taken_for_a_page(anonymous: ApiClient) -> None:
    answer = anonymous.get("/api/v1/organizations/", {"<script>alert(1)</script>": "1"})
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert json.loads(answer.content)["status"] == 400
