"""API4:2023: no question takes what others need: pages, depth, words and values have an end, and so has patience."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from django.db import DEFAULT_DB_ALIAS, connection, connections

from initiatives.models import Organization
from tests import factories as make
from tests.api.client import ApiClient
from tracker.api.exports import batches
from tracker.history.time_travel import as_of, current_revision
from tracker.ops.statements import limit_statements

pytestmark = pytest.mark.django_db

TOO_MUCH = {
    "limit": ["1001", "1000000000", "-1", "0", "1e9", "all"],
    "offset": ["-1", str(2**63), "1e9"],
    "expand": ["parent.parent.parent", "*", "parent.*"],
    "q": ["a" * 501, ""],
    "fields": ["*", ",".join(["slug"] * 500 + ["nonsense"])],
    "cursor": ["a" * 5_000, "start&offset=1"],
    "as_of": ["0", "9" * 30, "2999-01-01"],
    "founded_on__range": ["1000-01-01,3000-01-01"],
    "name__regex": ["(a+)+$"],
    "name__iregex": ["(a+)+$"],
    "count": ["all"],
}


@pytest.mark.parametrize(
    ("parameter", "value"), [(name, value) for name, values in TOO_MUCH.items() for value in values]
)
def test_what_would_cost_too_much_is_refused_by_name(anonymous: ApiClient, parameter: str, value: str) -> None:
    answer = anonymous.read("organizations/", **{parameter: value})
    assert answer.status_code == 400, answer.content[:300]
    assert parameter in {error.get("parameter") for error in answer.json()["errors"]}


@pytest.mark.parametrize(
    "collection", ["organizations", "initiatives", "webhooks", "revisions", "changes", "me/tokens"]
)
def test_no_list_has_pages_of_any_length(curator: ApiClient, collection: str) -> None:
    for limit in ("1001", "1000000000", "-1"):
        assert curator.read(f"{collection}/", limit=limit).status_code == 400


def test_ten_thousand_values_of_a_filter_are_one_question(anonymous: ApiClient) -> None:
    values = ",".join(str(number) for number in range(10_000))
    assert anonymous.read("organizations/", sector__in=values).status_code == 400
    assert anonymous.read("initiatives/", lead__in=values).status_code == 400


def test_five_hundred_letters_of_one_word_each_are_searched_in_time(
    anonymous: ApiClient, django_assert_max_num_queries: Any
) -> None:
    make.make_organization()
    words = " ".join("abcdefghij" for _word in range(45))
    with django_assert_max_num_queries(20):
        assert anonymous.read("organizations/", q=words).status_code == 200
        assert anonymous.read("search/", q=" ".join("ab" for _word in range(160))).status_code == 200


def test_a_list_of_writes_has_an_end(curator: ApiClient) -> None:
    many = [{"name": {"en": str(number)}, "sector": "public"} for number in range(1_001)]
    assert curator.send("POST", "organizations/", many).status_code in (400, 413)
    assert not Organization.objects.exists()


# Patience -----------------------------------------------------------------------------------------------------------


@pytest.mark.urls("tests.api.machinery.urls")
def test_what_takes_too_long_is_a_problem_that_says_what_to_do(anonymous: ApiClient) -> None:
    answer = anonymous.get("/api/machinery/fail/slow/")
    document = answer.json()
    assert (answer.status_code, document["type"]) == (503, "/api/docs/problems#too_expensive")
    assert "cursor" in document["detail"]
    assert "Retry-After" not in answer.headers


@pytest.fixture
def limited(settings: Any) -> Iterator[None]:
    """A process that serves, as far as its database goes."""
    settings.TRACKER_STATEMENT_TIMEOUT = 7
    options = connections.settings[DEFAULT_DB_ALIAS]["OPTIONS"]
    before = dict(options)
    limit_statements()
    limit_statements()
    yield
    options.clear()
    options.update(before)


def shown(database: Any) -> str:
    with database.cursor() as cursor:
        cursor.execute("SHOW statement_timeout")
        return str(cursor.fetchone()[0])


@pytest.mark.usefixtures("limited")
def test_sessions_of_those_who_serve_have_a_limit_from_their_start() -> None:
    session = connections.create_connection(DEFAULT_DB_ALIAS)
    try:
        assert shown(session) == "7s"
        with session.cursor() as cursor:
            cursor.execute("SHOW jit")
            assert cursor.fetchone()[0] == "off"
    finally:
        session.close()


def test_commands_have_all_the_time_they_need() -> None:
    assert shown(connection) == "0"


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("limited")
def test_an_export_has_more_time_and_only_for_itself() -> None:
    make.make_organization()
    seen = []

    def write(_pks: Any) -> list[str]:
        seen.append(shown(connection))
        return []

    before = shown(connection)
    for travel in (lambda: as_of(current_revision(), unrestricted=False),):
        list(batches(Organization.objects.all(), write, travel))
    assert (seen, shown(connection)) == (["210s"], before) or seen == ["3min30s"]
