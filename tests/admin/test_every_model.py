"""What holds for every model of the desk, by being registered: list, search, filters, form, one number of queries."""

from __future__ import annotations

from typing import Any

import pytest
from django.apps import apps
from django.contrib import admin
from django.db import connection, models
from django.test import Client
from django.test.utils import CaptureQueriesContext

from tests.admin.pages import adding, changing, listing
from tests.admin.rows import ROWS
from tests.factories import make_citation, make_source

SHOWN = list(admin.site._registry)


def named(model: type[models.Model]) -> str:
    return model.__name__


def queries(client: Client, address: str) -> int:
    with CaptureQueriesContext(
        connection,
    ) as captured:
        assert client.get(address).status_code == 200
    return len(captured)


def test_every_model_of_the_domain_is_on_the_desk() -> None:
    assert set(apps.get_app_config("initiatives").get_models()) <= set(SHOWN)


def test_every_model_of_the_desk_has_rows_to_test_with() -> None:
    assert set(SHOWN) == set(ROWS)


@pytest.mark.parametrize("model", SHOWN, ids=named)
def test_the_list_opens(either_desk: Client, model: type[models.Model]) -> None:
    ROWS[model]()
    assert either_desk.get(listing(model)).status_code == 200


@pytest.mark.parametrize("model", SHOWN, ids=named)
def test_the_form_of_a_row_opens(either_desk: Client, model: type[models.Model]) -> None:
    assert either_desk.get(changing(ROWS[model]())).status_code == 200


@pytest.mark.parametrize("model", SHOWN, ids=named)
def test_the_empty_form_opens_where_rows_may_be_added(
    either_desk: Client, model: type[models.Model], rf: Any, curator: Any
) -> None:
    request = rf.get("/")
    request.user = curator
    may_add = admin.site.get_model_admin(model).has_add_permission(request)
    assert either_desk.get(adding(model)).status_code == (200 if may_add else 403)


@pytest.mark.parametrize("model", SHOWN, ids=named)
def test_search_opens_and_finds_nothing_by_nonsense(either_desk: Client, model: type[models.Model]) -> None:
    ROWS[model]()
    page = either_desk.get(listing(model), {"q": "لا شيء zzzz %_\\"})
    assert page.status_code == 200
    assert page.context["cl"].result_count == 0


@pytest.mark.parametrize("model", SHOWN, ids=named)
def test_the_list_sorts_by_every_column(desk: Client, model: type[models.Model]) -> None:
    ROWS[model]()
    columns = desk.get(listing(model)).context["cl"].list_display
    for column in range(1, len(columns)):
        assert desk.get(listing(model), {"o": f"-{column}"}).status_code == 200


@pytest.mark.parametrize("model", SHOWN, ids=named)
def test_the_first_choices_of_each_filter_open(desk: Client, model: type[models.Model]) -> None:
    ROWS[model]()
    page = desk.get(listing(model))
    changelist = page.context["cl"]
    for spec in changelist.filter_specs:
        for choice in list(spec.choices(changelist))[:4]:
            assert desk.get(listing(model) + choice["query_string"]).status_code == 200, (spec.title, choice)


@pytest.mark.parametrize("model", SHOWN, ids=named)
def test_the_list_asks_as_much_for_ten_rows_as_for_one(desk: Client, model: type[models.Model]) -> None:
    ROWS[model]()
    desk.get(listing(model))
    for_one = queries(desk, listing(model))
    for _row in range(9):
        ROWS[model]()
    assert queries(desk, listing(model)) == for_one


CITED = [model for model in SHOWN if hasattr(model, "citations") and model.__name__ != "Citation"]


@pytest.mark.parametrize("model", CITED, ids=named)
def test_citations_stand_in_the_form_of_every_record_and_part(desk: Client, model: type[models.Model]) -> None:
    row = ROWS[model]()
    cited = make_citation(record=row, locator="L7")
    inlines = desk.get(changing(row)).context["inline_admin_formsets"]
    assert [form.instance for form in inlines[-1].formset.initial_forms] == [cited]


@pytest.mark.parametrize("model", CITED, ids=named)
def test_the_form_asks_as_much_for_ten_citations_as_for_one(desk: Client, model: type[models.Model]) -> None:
    row = ROWS[model]()
    make_citation(record=row, source=make_source())
    desk.get(changing(row))
    for_one = queries(desk, changing(row))
    for _row in range(9):
        make_citation(record=row, source=make_source())
    assert queries(desk, changing(row)) == for_one
