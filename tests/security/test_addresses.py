"""API7:2023: an address that somebody gives is one of the web, wherever it is given; none runs when it is followed."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product
from typing import Any

import pytest
from django.contrib import admin
from django.db import models
from django.test import Client

import initiatives.api.urls  # noqa: F401  (it registers the collections)
from initiatives.api.examples import EXAMPLES
from tests.admin.pages import changing, errors, form_data
from tests.admin.rows import ROWS
from tests.api.client import ApiClient
from tests.api.examples import post_all_examples
from tracker.api import collections
from tracker.history.time_travel import current_revision

pytestmark = pytest.mark.django_db

NOT_OF_THE_WEB = [
    "javascript:alert(1)", "JaVaScRiPt:alert(1)", " javascript:alert(1)", "java\nscript:alert(1)",
    "\x01javascript:alert(1)", "https://exa mple.org/", "vbscript:x",
    "data:text/html,<script>alert(1)</script>", "file:///etc/passwd", "gopher://example.org/",
    "blob:https://example.org/1", "//example.org/", "/relative", "https:example.org", "http://",
    "mailto:somebody@example.org", "about:blank", "view-source:https://example.org",
]  # fmt: skip


def addresses_of(model: type[models.Model]) -> list[str]:
    return [field.name for field in model._meta.concrete_fields if isinstance(field, models.URLField)]


def places() -> Iterator[tuple[str, str, str]]:
    """Where an address can be given in a body: the collection, the list of parts or nothing, and the field."""
    for collection in EXAMPLES:
        model: Any = collections.model_named(collection)
        for field in addresses_of(model):
            yield collection, "", field
    yield "datasets", "distributions", "access_url"
    yield "datasets", "distributions", "download_url"


def test_the_list_of_places_is_whole() -> None:
    with_addresses = {model for model in admin.site._registry if addresses_of(model)}
    assert {model.__name__ for model in with_addresses} == {
        "Organization", "Dataset", "Distribution", "Source", "Platform", "SmartService"
    }  # fmt: skip


def test_the_api_takes_no_other(curator: ApiClient) -> None:
    post_all_examples(curator)
    before = current_revision()
    for (collection, part, field), address in product(places(), NOT_OF_THE_WEB):
        slug = EXAMPLES[collection][-1]["slug"]
        body = {part: [{field: address, "format": "CSV"}]} if part else {field: address}
        answer = curator.send("PATCH", f"{collection}/{slug}/", body)
        assert answer.status_code == 400, (collection, field, address)
        pointers = {error["pointer"] for error in answer.json()["errors"]}
        assert (f"#/{part}/0/{field}" if part else f"#/{field}") in pointers
    assert current_revision() == before


@pytest.mark.parametrize("model", [model for model in admin.site._registry if addresses_of(model)])
def test_neither_does_the_desk(curator_user: Any, model: type[models.Model]) -> None:
    desk = Client()
    desk.force_login(curator_user)
    row = ROWS[model]()
    data = form_data(desk.get(changing(row)))
    for field in addresses_of(model):
        before = getattr(row, field)
        for address in NOT_OF_THE_WEB:
            # The form takes blanks off the ends, and completes what has no whole beginning.
            if address in (" javascript:alert(1)", "https:example.org", "//example.org/"):
                continue
            page = desk.post(changing(row), {**data, field: address})
            assert page.status_code == 200, (field, address)
            assert field in errors(page), address
        row.refresh_from_db()
        assert getattr(row, field) == before
