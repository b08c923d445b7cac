"""Pages have the size that was asked for, or the request is refused; following the links visits everything once."""

from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from django.contrib.auth.models import Group
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from tests.api.machinery.test_problems import kind, problem

pytestmark = [pytest.mark.urls("tests.api.machinery.urls"), pytest.mark.django_db]

GROUPS = "/api/machinery/groups/"


@pytest.fixture
def names() -> list[str]:
    """Names of 120 groups in their order, with no others beside them."""
    Group.objects.all().delete()
    groups = Group.objects.bulk_create(Group(name=f"Group {number:03}") for number in range(120))
    return [group.name for group in groups]


def names_of(page: dict[str, Any]) -> list[str]:
    return [group["name"] for group in page["results"]]


def test_a_list_has_fifty_records_unless_told_otherwise(client: Client, names: list[str]) -> None:
    page = client.get(GROUPS).json()
    assert list(page) == ["count", "next", "previous", "results"]
    assert page["count"] == 120
    assert names_of(page) == names[:50]
    assert page["previous"] is None


@pytest.mark.parametrize("count", ["exact", "none"])
@pytest.mark.parametrize("limit", [1, 7, 40, 120, 1000])
def test_following_the_links_visits_every_record_once(client: Client, names: list[str], count: str, limit: int) -> None:
    url, seen, pages = f"{GROUPS}?limit={limit}&count={count}&format=json", [], 0
    while url:
        page = client.get(url).json()
        seen += names_of(page)
        url, pages = page["next"], pages + 1
    assert seen == names
    assert pages == -(-120 // limit)


def test_the_way_back_is_the_way_there(client: Client, names: list[str]) -> None:
    page = client.get(f"{GROUPS}?limit=50&offset=70").json()
    first = client.get(page["previous"]).json()
    assert names_of(first) == names[20:70]
    assert client.get(first["previous"]).json()["previous"] is None


def test_links_keep_the_other_parameters(client: Client, names: list[str]) -> None:
    link = client.get(f"{GROUPS}?limit=10&format=json&a=1&a=2&q=%D8%AF%D8%A8%D9%8A").json()["next"]
    assert parse_qs(urlsplit(link).query) == {
        "a": ["1", "2"],
        "format": ["json"],
        "limit": ["10"],
        "offset": ["10"],
        "q": ["دبي"],
    }


def test_without_a_count_the_database_is_not_made_to_count(client: Client, names: list[str]) -> None:
    with CaptureQueriesContext(connection) as queries:
        page = client.get(f"{GROUPS}?limit=10&count=none").json()
    assert page["count"] is None
    assert page["next"]
    assert len(queries) == 1
    assert "COUNT" not in queries[0]["sql"]


@pytest.mark.parametrize("count", ["exact", "none"])
@pytest.mark.parametrize("offset", [120, 121, 2**63 - 1])
def test_behind_the_end_is_an_empty_page(client: Client, names: list[str], offset: int, count: str) -> None:
    page = client.get(f"{GROUPS}?offset={offset}&count={count}&limit=1000").json()
    assert page["results"] == []
    assert page["next"] is None


@pytest.mark.parametrize(
    ("name", "value"),
    [
        *[
            ("limit", value)
            for value in ("-1", "0", "1001", "1000000000", "abc", "", "1.5", "1e2", "\u0665", "1_0", " 5", "0x5")
        ],
        *[("limit", "9" * 5_000), ("limit", "5&limit=6")],
        *[("offset", value) for value in ("-1", "abc", "", str(2**63), "9" * 5_000, "NaN", "1&offset=2")],
        *[("count", value) for value in ("", "some", "Exact", "none&count=exact")],
    ],
)
def test_a_page_that_cannot_be_is_refused_with_what_is_valid(client: Client, name: str, value: str) -> None:
    document = problem(client.get(f"{GROUPS}?{name}={value}"), 400)
    assert kind(document) == "invalid_parameter"
    assert [error["parameter"] for error in document["errors"]] == [name]
    assert "1000" in document["detail"] if name == "limit" else document["detail"]


def test_all_wrong_parameters_are_told_at_once(client: Client) -> None:
    document = problem(client.get(f"{GROUPS}?limit=0&offset=-1&count=x"), 400)
    assert [error["parameter"] for error in document["errors"]] == ["limit", "offset", "count"]


def test_a_browser_gets_page_controls(client: Client, names: list[str]) -> None:
    response = client.get(GROUPS, headers={"accept": "text/html"})
    assert 'class="pagination"' in response.content.decode()
