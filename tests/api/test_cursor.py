"""Pages by cursor: the same sequence as one big page, there and back, whatever a list is ordered by."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from django.contrib.auth.models import User

from initiatives.models import Milestone, Organization
from tests import factories as make
from tests.api.client import ApiClient
from tests.api.collections.cases import CASES
from tests.api.collections.suite import CollectionCase, refusals
from tests.api.openapi import OpenAPI
from tracker.api.ordering import orderings
from tracker.history.time_travel import current_revision

pytestmark = pytest.mark.django_db

Page = dict[str, Any]
# Gunicorn refuses a longer first line of a request.
LONGEST_LINE = 4_094


def pages(client: ApiClient, path: str, onward: str = "next", **parameters: Any) -> Iterator[Page]:
    """The pages from the one that a query asks for, as far as the links lead."""
    answer = client.read(path, **parameters)
    while True:
        assert answer.status_code == 200, answer.content
        page = answer.json()
        yield page
        if page[onward] is None:
            return
        answer = client.get(page[onward])


def slugs_of(found: Iterator[Page] | list[Page]) -> list[str]:
    return [record["slug"] for page in found for record in page["results"]]


def assert_walked_as_listed(client: ApiClient, path: str, **parameters: Any) -> None:
    """By cursor one comes to what one big page lists; each page is what it was on the way back as well."""
    listed = client.slugs(path, **{**parameters, "limit": 1000})
    there = list(pages(client, path, cursor="start", **{**parameters, "fields": "slug"}))
    assert slugs_of(there) == listed, parameters
    assert (there[0]["previous"], len(there)) == (None, -(-len(listed) // parameters["limit"]))
    if there[-1]["previous"]:
        back = [client.get(there[-1]["previous"]).json()]
        while back[-1]["previous"]:
            back.append(client.get(back[-1]["previous"]).json())
        assert back[::-1] == there[:-1], parameters


def cursor_of(link: str) -> str:
    (found,) = parse_qs(urlsplit(link).query)["cursor"]
    return found


@pytest.fixture
def five(db: None) -> list[str]:
    """Five organizations in the order of their slugs, with none beside them."""
    return [make.make_organization(slug=f"office-{letter}").slug for letter in "abcde"]


# The order -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_every_order_of_every_collection_is_walked_there_and_back(case: CollectionCase, curator: ApiClient) -> None:
    rows = [case.rich(0), case.make(), case.rich(1), case.rich(2), case.make()]
    only = ",".join(row.slug for row in rows)
    assert_walked_as_listed(curator, case.path, slug__in=only, limit=2)
    for name in orderings(case.viewset()):
        for ordering in (name, f"-{name}"):
            assert_walked_as_listed(curator, case.path, slug__in=only, ordering=ordering, limit=3)


@pytest.mark.parametrize("limit", [1, 2, 5])
@pytest.mark.parametrize(
    "ordering",
    [
        "due_on,completed_on",
        "-due_on,completed_on,-title_en",
        "completed_on,-due_on,weight",
        "-weight,title_ar",
        "-slippage_days,due_on",
        "projected_on,-slippage_days,-weight",
        "title_en,-title_en,-id",
        "weight,-slug,due_on",
        "-created_at,forecast_on",
    ],
)
def test_orders_of_several_members_are_walked_through_unknowns_and_ties(
    anonymous: ApiClient, ordering: str, limit: int
) -> None:
    day = datetime(2017, 4, 16, tzinfo=UTC)
    initiative = make.make_initiative()
    for n in range(12):
        make.make_milestone(
            initiative=initiative,
            due_on=None if n % 3 == 0 else day + timedelta(days=n % 2),
            completed_on=None if n % 4 < 2 else day + timedelta(days=n % 4),
            title_en=("", "Opening", "opening", "Öpening")[n % 4],
            weight=Decimal(1 + n % 2),
        )
    Milestone.objects.update(created_at=day)
    assert_walked_as_listed(anonymous, "milestones/", ordering=ordering, limit=limit)


def test_values_are_told_apart_to_the_last_digit(anonymous: ApiClient) -> None:
    moment = datetime(2017, 4, 16, 8, tzinfo=UTC)
    indicator = make.make_indicator()
    for n in (2, 0, 3, 1):
        made = make.make_observation(
            indicator=indicator,
            slug=f"observation-{n}",
            stated_value=Decimal("12345678901234.000001") + n * Decimal("1e-6"),
        )
        type(made).objects.filter(pk=made.pk).update(created_at=moment + timedelta(microseconds=n))
    ascending = [f"observation-{n}" for n in range(4)]
    for name in ("value", "stated_value", "created_at"):
        for sign, expected in (("", ascending), ("-", ascending[::-1])):
            walked = pages(anonymous, "observations/", cursor="start", limit=1, ordering=sign + name)
            assert slugs_of(walked) == expected


def test_long_texts_make_no_address_that_a_server_refuses(anonymous: ApiClient) -> None:
    for n in range(4):
        make.make_initiative(summary_ar="مدينة ذكية سعيدة " * 1_000 + str(n % 2), summary_en="\u2603\U0001f3d9" * 3_000)
    everything = ",".join(f"{name}_{language}" for name in ("summary", "title") for language in ("ar", "en"))
    assert_walked_as_listed(anonymous, "initiatives/", ordering=everything, limit=1)
    page = anonymous.read("initiatives/", ordering=everything, cursor="start", limit=1).json()
    assert len(page["next"]) < LONGEST_LINE


# The page ------------------------------------------------------------------------------------------------------------


def test_the_word_start_or_nothing_at_all_begins_a_walk(anonymous: ApiClient, five: list[str]) -> None:
    pages_found = [anonymous.read("organizations/", cursor=word, limit=2).json() for word in ("start", "")]
    for page in pages_found:
        assert list(page) == ["count", "next", "previous", "results"]
        assert slugs_of([page]) == five[:2]
        assert page["previous"] is None
        assert slugs_of([anonymous.get(page["next"]).json()]) == five[2:4]


def test_records_do_not_show_what_they_are_ordered_by(anonymous: ApiClient, five: list[str]) -> None:
    by_offset = anonymous.read("organizations/", limit=2).json()
    assert anonymous.read("organizations/", cursor="start", limit=2).json()["results"] == by_offset["results"]


def test_a_page_is_counted_only_if_one_asks(anonymous: ApiClient, five: list[str]) -> None:
    counts = {
        how: [page["count"] for page in pages(anonymous, "organizations/", cursor="start", limit=2, **how_said)]
        for how, how_said in {"": {}, "none": {"count": "none"}, "exact": {"count": "exact"}}.items()
    }
    assert counts == {"": [None] * 3, "none": [None] * 3, "exact": [5] * 3}


def test_an_empty_list_has_no_neighbours(anonymous: ApiClient) -> None:
    page = anonymous.read("roadmaps/", cursor="start", count="exact").json()
    assert page == {"count": 0, "next": None, "previous": None, "results": []}


def test_the_links_keep_the_other_parameters(anonymous: ApiClient, five: list[str]) -> None:
    asked = {"slug__in": ",".join(five), "ordering": "-name_en", "fields": "slug,name", "format": "json"}
    first, *_others = pages(anonymous, "organizations/", cursor="", limit=2, **asked)
    for link in (first["next"], anonymous.get(first["next"]).json()["previous"]):
        said = {name: value for name, (value,) in parse_qs(urlsplit(link).query).items()}
        assert said.pop("cursor")
        assert said == {**asked, "limit": "2"}


def test_the_size_of_a_page_may_change_on_the_way(anonymous: ApiClient, five: list[str]) -> None:
    first = anonymous.read("organizations/", cursor="start", limit=1).json()
    rest = anonymous.read("organizations/", cursor=cursor_of(first["next"]), limit=1000).json()
    assert (slugs_of([rest]), rest["next"]) == (five[1:], None)


def test_filters_and_visibility_hold_on_every_page(anonymous: ApiClient, curator: ApiClient) -> None:
    for n in range(6):
        make.make_initiative(
            slug=f"plan-{n}", kind="plan" if n % 2 else "project", state="draft" if n > 3 else "published"
        )
    for client, expected in ((anonymous, ["plan-1", "plan-3"]), (curator, ["plan-1", "plan-3", "plan-5"])):
        assert slugs_of(pages(client, "initiatives/", kind="plan", limit=1, cursor="start")) == expected


@pytest.mark.django_db(transaction=True)
def test_the_past_is_walked_like_the_present(anonymous: ApiClient, five: list[str]) -> None:
    then = current_revision()
    first = anonymous.read("organizations/", cursor="start", limit=2, as_of=then).json()
    Organization.objects.filter(slug=five[2]).update(name_en="Renamed")
    make.make_organization(slug="office-bb")
    there = [first, *pages(anonymous, "organizations/", cursor=cursor_of(first["next"]), limit=2, as_of=then)]
    assert slugs_of(there) == five
    assert there[1]["results"][0]["name"]["en"] != "Renamed"
    assert anonymous.get(there[1]["previous"]).json() == first
    assert_walked_as_listed(anonymous, "organizations/", as_of=then, ordering="-name_en", limit=2)


# Changes on the way --------------------------------------------------------------------------------------------------


def test_what_is_added_and_deleted_before_a_page_shifts_nothing(anonymous: ApiClient, five: list[str]) -> None:
    first = anonymous.read("organizations/", cursor="start", limit=2).json()
    # Among what goes is the very record that the first page ends with.
    Organization.objects.filter(slug__in=five[:2]).delete()
    make.make_organization(slug="office-aa")
    second = anonymous.get(first["next"]).json()
    assert slugs_of([second]) == five[2:4]
    assert slugs_of([anonymous.get(second["previous"]).json()]) == ["office-aa"]


@pytest.mark.parametrize("ordering", ["slug", "-slug", "founded_on", "-founded_on"])
def test_where_everything_is_gone_the_way_leads_back(anonymous: ApiClient, five: list[str], ordering: str) -> None:
    Organization.objects.filter(slug__in=five[:3]).update(founded_on="2016-01-01")
    first, second, third = pages(anonymous, "organizations/", cursor="start", limit=2, ordering=ordering)
    Organization.objects.filter(slug__in=slugs_of([first])).delete()
    nothing_before = anonymous.get(second["previous"]).json()
    assert (nothing_before["results"], nothing_before["previous"]) == ([], None)
    assert anonymous.get(nothing_before["next"]).json()["results"] == second["results"]
    Organization.objects.filter(slug__in=slugs_of([third])).delete()
    nothing_behind = anonymous.get(second["next"]).json()
    assert (nothing_behind["results"], nothing_behind["next"]) == ([], None)
    assert anonymous.get(nothing_behind["previous"]).json()["results"] == second["results"]


# Refusals ------------------------------------------------------------------------------------------------------------


def test_a_cursor_of_another_list_or_order_is_refused_with_what_to_do(anonymous: ApiClient, five: list[str]) -> None:
    for slug in ("one", "two"):
        make.make_person(slug=slug)
    cursor = cursor_of(anonymous.read("organizations/", cursor="start", limit=2, ordering="name_en").json()["next"])
    assert anonymous.read("organizations/", cursor=cursor, ordering="name_en", limit=2).status_code == 200
    foreign = [
        anonymous.read("organizations/", cursor=cursor),
        anonymous.read("organizations/", cursor=cursor, ordering="-name_en"),
        anonymous.read("organizations/", cursor=cursor, ordering="name_ar"),
        anonymous.read("organizations/", cursor=cursor, ordering="name_en,name_ar"),
        anonymous.read("people/", cursor=cursor, ordering="name_en"),
    ]
    for answer in foreign:
        assert refusals(answer) == [("cursor", "invalid")]
        assert "cursor=start" in answer.json()["detail"]


def test_a_cursor_that_was_changed_is_refused_with_what_to_do(anonymous: ApiClient, five: list[str]) -> None:
    cursor = cursor_of(anonymous.read("organizations/", cursor="start", limit=2).json()["next"])
    body, _point, signature = cursor.rpartition(".")
    longer = f"{body}AAAA.{signature}"
    turned = f"{body[:-1]}{'A' if body[-1] != 'A' else 'B'}.{signature}"
    wrong = [cursor[:-1], cursor[1:], body, f".{cursor}", longer, turned, cursor * 50]
    for word in [*wrong, "Start", "0", "ب", ".", "..", "e30.e30", "null", "'; --", "%", " start"]:
        answer = anonymous.read("organizations/", cursor=word)
        assert refusals(answer) == [("cursor", "invalid")], word
        assert "cursor=start" in answer.json()["detail"]


def test_a_cursor_takes_no_offset_and_comes_alone(anonymous: ApiClient, five: list[str]) -> None:
    for offset in ("0", "2"):
        assert refusals(anonymous.read("organizations/", cursor="start", offset=offset)) == [("offset", "invalid")]
    twice = anonymous.get("/api/v1/organizations/?cursor=start&cursor=start")
    assert refusals(twice) == [("cursor", "invalid")]
    several = anonymous.read("organizations/", cursor="start", offset="x", limit=0, count="some")
    assert [name for name, _code in refusals(several)] == ["limit", "offset", "count"]


def test_lists_that_are_not_of_records_know_no_cursor(curator_user: User) -> None:
    client = ApiClient(curator_user)
    for path in ("revisions/", "webhooks/"):
        answer = client.read(path, cursor="start")
        assert refusals(answer) == [("cursor", "unknown_parameter")]


# The description -----------------------------------------------------------------------------------------------------


def test_the_schema_tells_how_to_begin_and_the_answers_are_as_it_says(anonymous: ApiClient, five: list[str]) -> None:
    openapi = OpenAPI.in_language()
    described = openapi.parameters("organizations_list")["cursor"]
    assert described["schema"] == {"type": "string", "examples": ["start"]}
    assert "start" in described["description"]
    first = anonymous.read("organizations/", cursor="start", limit=2)
    openapi.assert_documented(first)
    openapi.assert_documented(anonymous.get(first.json()["next"]))
    openapi.assert_documented(anonymous.read("organizations/", cursor="changed"))


def test_people_are_led_on_by_the_same_links(anonymous: ApiClient, five: list[str]) -> None:
    page = anonymous.get("/api/v1/organizations/?cursor=start&limit=2", headers={"accept": "text/html"})
    following = anonymous.read("organizations/", cursor="start", limit=2).json()["next"]
    assert following.replace("&", "&amp;") in page.content.decode()
