"""The happiness index: of whom, by which periods, from how many, and that no small group can be found out from it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest
from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from initiatives.api.happiness import INDEX_LIVES
from initiatives.happiness import MOST_CELLS, HappinessBy, Period, happiness_by, records_by, span_of
from initiatives.models import Rating, SmartService
from initiatives.models.days import city_day
from tests.api.client import ApiClient
from tests.api.openapi import OpenAPI
from tests.factories import make_organization, make_pillar, make_rating, make_smart_service

pytestmark = pytest.mark.django_db

MONDAY = date(2026, 3, 2)
NOTHING = {"index": None, "happy": None, "neutral": None, "unhappy": None, "ratings": None, "suppressed": True}
SCORES = {"h": "happy", "n": "neutral", "u": "unhappy"}


def rated(service: SmartService, scores: str, on: date = MONDAY, comment: str = "") -> None:
    """Ratings of a service on a day, a letter for each."""
    moment = datetime(on.year, on.month, on.day, 8, tzinfo=UTC)
    for letter in scores:
        make_rating(smart_service=service, score=SCORES[letter], rated_at=moment, comment=comment)


def tally(happy: int, neutral: int, unhappy: int, index: str) -> dict[str, Any]:
    counts = {"happy": happy, "neutral": neutral, "unhappy": unhappy, "ratings": happy + neutral + unhappy}
    return {"index": index, **counts, "suppressed": False}


def read(client: ApiClient, path: str = "happiness/", /, **parameters: Any) -> Any:
    """The document, which is as it is described, of days from the Monday unless said otherwise."""
    answer = client.read(path, **{"per": "day", "from": MONDAY, "until": MONDAY, **parameters})
    assert answer.status_code == 200, answer.content
    OpenAPI.in_language().assert_documented(answer)
    return answer.json()


def cells(document: Any) -> list[dict[str, Any]]:
    (one,) = document.get("results", [document])
    return [{name: value for name, value in cell.items() if name not in ("start", "end")} for cell in one["cells"]]


# What it says --------------------------------------------------------------------------------------------------------


def test_the_index_is_the_mean_of_a_hundred_for_happy_and_fifty_for_neutral(anonymous: ApiClient) -> None:
    service = make_smart_service(slug="parking", name_en="Parking", name_ar="مواقف")
    rated(service, "hhhhu" + "hhnuu")
    document = read(anonymous, "smart-services/parking/happiness/")
    assert document == {
        "of": {
            "collection": "smart-services",
            "id": service.pk,
            "slug": "parking",
            "url": "http://testserver/api/v1/smart-services/parking/",
            "name": {"en": "Parking", "ar": "مواقف"},
        },
        "per": "day",
        "from": "2026-03-02",
        "until": "2026-03-02",
        "total": tally(6, 1, 3, "65.0"),
        "cells": [{"start": "2026-03-02", "end": "2026-03-02", **tally(6, 1, 3, "65.0")}],
    }


@pytest.mark.parametrize(("scores", "index"), [("hhhhh", "100.0"), ("uuuuu", "0.0"), ("nnnnn", "50.0")])
def test_it_reaches_from_nought_to_a_hundred(anonymous: ApiClient, scores: str, index: str) -> None:
    rated(make_smart_service(), scores)
    assert cells(read(anonymous))[0]["index"] == index


def test_fewer_than_five_are_not_told_and_look_like_none(anonymous: ApiClient) -> None:
    rated(make_smart_service(slug="few"), "hhuu")
    make_smart_service(slug="none")
    for slug in ("few", "none"):
        document = read(anonymous, f"smart-services/{slug}/happiness/")
        assert (cells(document), document["total"]) == ([NOTHING], NOTHING)


def test_ratings_are_counted_in_fives_on_the_day_of_the_fifth(anonymous: ApiClient) -> None:
    service = make_smart_service(slug="parking")
    rated(service, "hhh")
    rated(service, "uuu", MONDAY + timedelta(days=1))
    document = read(anonymous, "smart-services/parking/happiness/", until=MONDAY + timedelta(days=1))
    assert cells(document) == [NOTHING, tally(3, 0, 2, "60.0")]


def test_ratings_with_a_comment_are_counted_apart_because_their_scores_are_shown(anonymous: ApiClient) -> None:
    service = make_smart_service()
    rated(service, "hhhh", comment="Quick")
    rated(service, "u")
    assert cells(read(anonymous)) == [NOTHING]
    rated(service, "h", comment="Quick")
    assert cells(read(anonymous)) == [tally(5, 0, 0, "100.0")]


def test_weeks_begin_on_monday_and_periods_add_up(anonymous: ApiClient) -> None:
    service = make_smart_service()
    days = [MONDAY - timedelta(days=2), MONDAY - timedelta(days=1), MONDAY, MONDAY + timedelta(days=30)]
    for day in days:
        rated(service, "hhhhu", day)
    by_day = read(anonymous, **{"from": days[0], "until": days[-1]})["results"][0]
    by_week = read(anonymous, per="week", **{"from": days[0], "until": days[-1]})["results"][0]
    by_month = read(anonymous, per="month", **{"from": days[0], "until": days[-1]})["results"][0]
    assert by_day["total"] == by_week["total"] == by_month["total"] == tally(16, 0, 4, "80.0")
    assert [(cell["start"], cell["end"], cell["ratings"]) for cell in by_week["cells"]] == [
        ("2026-02-23", "2026-03-01", 10),
        ("2026-03-02", "2026-03-08", 5),
        ("2026-03-09", "2026-03-15", None),
        ("2026-03-16", "2026-03-22", None),
        ("2026-03-23", "2026-03-29", None),
        ("2026-03-30", "2026-04-05", 5),
    ]
    assert [(cell["start"], cell["end"], cell["ratings"]) for cell in by_month["cells"]] == [
        ("2026-02-01", "2026-02-28", 5),
        ("2026-03-01", "2026-03-31", 10),
        ("2026-04-01", "2026-04-30", 5),
    ]


# Of whom -------------------------------------------------------------------------------------------------------------


def test_an_entity_has_the_services_of_those_under_it_a_pillar_its_own_and_the_city_all(anonymous: ApiClient) -> None:
    office = make_organization(slug="office")
    below = make_organization(slug="below", parent=make_organization(slug="between", parent=office))
    elsewhere = make_organization(slug="elsewhere")
    make_organization(slug="idle")
    pillar = make_pillar(slug="shared")
    rated(make_smart_service(slug="a", provider=office, pillar=pillar), "hhhhh")
    rated(make_smart_service(slug="b", provider=below), "uuuuu")
    rated(make_smart_service(slug="c", provider=elsewhere, pillar=pillar), "nnnnn")
    entities = read(anonymous, by="entity")["results"]
    assert [(each["of"]["slug"], each["total"]["ratings"]) for each in entities] == [
        ("below", 5), ("between", 5), ("elsewhere", 5), ("office", 10),
    ]  # fmt: skip
    assert [(each["of"]["slug"], each["total"]["index"]) for each in read(anonymous, by="service")["results"]] == [
        ("a", "100.0"), ("b", "0.0"), ("c", "50.0"),
    ]  # fmt: skip
    assert [(each["of"]["slug"], each["total"]["index"]) for each in read(anonymous, by="pillar")["results"]] == [
        ("shared", "75.0")
    ]
    assert read(anonymous)["results"] == [{
        "of": None, "total": tally(5, 5, 5, "50.0"),
        "cells": [{"start": "2026-03-02", "end": "2026-03-02", **tally(5, 5, 5, "50.0")}],
    }]  # fmt: skip
    for path, index in (("organizations/office", "50.0"), ("organizations/below", "0.0"), ("pillars/shared", "75.0")):
        assert read(anonymous, f"{path}/happiness/")["total"]["index"] == index
    assert read(anonymous, "organizations/idle/happiness/")["total"] == NOTHING


def test_whether_most_services_are_its_own_or_few_an_entity_has_what_it_has(anonymous: ApiClient) -> None:
    office, other = make_organization(slug="office"), make_organization(slug="other")
    for _each in range(3):
        rated(make_smart_service(provider=office), "hhhhu")
    rated(make_smart_service(provider=other), "uuuuu")
    rated(make_smart_service(provider=office, state="withdrawn"), "nnnnn")
    # The first has more services than the rest of the city, the second fewer.
    assert read(anonymous, "organizations/office/happiness/")["total"] == tally(12, 0, 3, "80.0")
    assert read(anonymous, "organizations/other/happiness/")["total"] == tally(0, 0, 5, "0.0")
    assert read(anonymous)["results"][0]["total"] == tally(12, 0, 8, "60.0")


def test_a_list_has_pages(anonymous: ApiClient) -> None:
    for number in range(3):
        rated(make_smart_service(slug=f"s{number}"), "hhhhh")
    first = read(anonymous, by="service", limit=2)
    assert (first["count"], [each["of"]["slug"] for each in first["results"]]) == (3, ["s0", "s1"])
    second = anonymous.get(first["next"]).json()
    assert [each["of"]["slug"] for each in second["results"]] == ["s2"]
    assert (second["next"], second["by"]) == (None, "service")


def test_a_duplicates_ratings_count_for_the_service_that_it_leads_to(anonymous: ApiClient, curator: ApiClient) -> None:
    make_smart_service(slug="parking")
    duplicate = make_smart_service(slug="parking-2")
    rated(duplicate, "hhhhh")
    merged = curator.send("POST", "smart-services/parking-2/merge/", {"into": "parking"})
    assert merged.status_code == 200, merged.content
    assert read(anonymous, "smart-services/parking/happiness/")["total"]["ratings"] == 5
    assert [each["of"]["slug"] for each in read(anonymous, by="service")["results"]] == ["parking"]
    assert read(anonymous)["results"][0]["total"]["ratings"] == 5
    moved = anonymous.read("smart-services/parking-2/happiness/")
    assert moved.headers["Location"] == "http://testserver/api/v1/smart-services/parking/happiness/"
    assert Rating.objects.filter(smart_service=duplicate).count() == 5


@pytest.mark.parametrize("state", ["draft", "in_review", "withdrawn"])
def test_what_the_public_does_not_see_counts_nowhere(anonymous: ApiClient, curator: ApiClient, state: str) -> None:
    office, pillar = make_organization(slug="office"), make_pillar(slug="shared")
    service = make_smart_service(slug="parking", provider=office, pillar=pillar)
    rated(service, "hhhhh")
    SmartService.objects.update(state=state)
    for client in (anonymous, curator):
        assert client.read("smart-services/parking/happiness/").status_code == 404
        assert read(client)["results"][0]["total"] == NOTHING
        assert read(client, "organizations/office/happiness/")["total"] == NOTHING
        assert read(client, "pillars/shared/happiness/")["total"] == NOTHING
        for by in ("service", "entity", "pillar"):
            assert read(client, by=by)["results"] == []


def test_what_is_not_there_is_404(anonymous: ApiClient) -> None:
    for path in ("smart-services/nowhere", "organizations/nowhere", "pillars/nowhere"):
        assert anonymous.read(f"{path}/happiness/").status_code == 404


def test_a_service_that_was_rated_is_not_deleted(curator: ApiClient) -> None:
    rated(make_smart_service(slug="parking"), "h")
    refused = curator.delete("/api/v1/smart-services/parking/")
    assert refused.status_code == 409
    assert Rating.objects.exists()


# Of which periods ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("per", "many"), [("day", 30), ("week", 12), ("month", 12)])
def test_without_dates_it_tells_of_the_last_periods_up_to_todays(anonymous: ApiClient, per: str, many: int) -> None:
    document = anonymous.read("happiness/", per=per).json()
    found = document["results"][0]["cells"]
    assert len(found) == many
    assert found[0]["start"] == document["from"]
    assert found[-1]["end"] == document["until"]
    assert found[-1]["start"] <= f"{city_day()}" <= found[-1]["end"]
    for one, following in pairwise(found):
        assert date.fromisoformat(one["end"]) + timedelta(days=1) == date.fromisoformat(following["start"])


@pytest.mark.parametrize(
    ("parameters", "name", "code"),
    [
        ({"by": "channel"}, "by", "invalid_choice"),
        ({"per": "hour"}, "per", "invalid_choice"),
        ({"from": "yesterday"}, "from", "invalid"),
        ({"from": "2026-13-01"}, "from", "invalid"),
        ({"until": "0001-01-01"}, "until", "out_of_range"),
        ({"until": "9999-12-31"}, "until", "out_of_range"),
        ({"from": "1066-10-14"}, "from", "out_of_range"),
        ({"from": "2026-03-03", "until": "2026-03-02"}, "from", "after_until"),
        ({"from": "2000-01-01", "until": "2026-03-02"}, "from", "too_many_periods"),
        ({"by": "service", "limit": 101}, "limit", "out_of_range"),
        ({"as_of": 1}, "as_of", "unknown_parameter"),
        ({"smart_service": "parking"}, "smart_service", "unknown_parameter"),
    ],
)
def test_what_cannot_be_asked_is_refused(
    anonymous: ApiClient, parameters: dict[str, Any], name: str, code: str
) -> None:
    answer = anonymous.read("happiness/", **parameters)
    (error,) = answer.json()["errors"]
    assert (answer.status_code, error["parameter"], error["code"]) == (400, name, code)


def test_as_many_periods_are_told_as_are_allowed(anonymous: ApiClient) -> None:
    until = MONDAY + timedelta(days=MOST_CELLS - 1)
    assert len(cells(read(anonymous, until=until))) == MOST_CELLS
    too_many = anonymous.read("happiness/", **{"from": MONDAY, "until": until + timedelta(days=1)})
    assert too_many.status_code == 400


def test_a_list_of_ten_takes_as_many_queries_as_of_two(
    anonymous: ApiClient, django_assert_max_num_queries: Any
) -> None:
    asked = []
    for many in (2, 8):
        for _each in range(many):
            rated(make_smart_service(provider=make_organization(), pillar=make_pillar()), "h")
        for by in ("service", "entity", "pillar", "city"):
            with django_assert_max_num_queries(10) as queries:
                read(anonymous, by=by)
            asked.append(len(queries))
    assert asked[:4] == asked[4:]


# Freshness -----------------------------------------------------------------------------------------------------------


def test_it_may_be_kept_for_a_minute_and_is_the_same_for_everybody(anonymous: ApiClient, curator: ApiClient) -> None:
    make_smart_service(slug="parking")
    for client in (anonymous, curator):
        for path in ("happiness/", "smart-services/parking/happiness/"):
            answer = client.read(path)
            assert answer.headers["Cache-Control"] == INDEX_LIVES
            assert "ETag" not in answer.headers
            assert not answer.cookies
            varies = {name.strip() for name in answer.headers["Vary"].split(",")}
            assert "Accept" in varies
            assert not varies & {"Cookie", "Authorization"}
            assert client.head(f"/api/v1/{path}?per=month").status_code == 200
    assert anonymous.read("happiness/").json() == curator.read("happiness/").json()


def test_a_rating_shows_at_once_though_the_registry_has_not_changed(anonymous: ApiClient) -> None:
    service = make_smart_service()
    for number in (1, 2):
        rated(service, "hhhhh")
        assert cells(read(anonymous))[0]["ratings"] == 5 * number


@pytest.mark.parametrize("language", ["en", "ar"])
def test_a_browser_is_shown_a_page_of_its_own(curator: ApiClient, language: str) -> None:
    make_smart_service(slug="parking")
    for path in ("happiness/", "smart-services/parking/happiness/"):
        page = curator.get(f"/api/v1/{path}", headers={"accept": "text/html", "accept-language": language})
        assert page.headers["Content-Type"].startswith("text/html")
        assert page.headers["Cache-Control"] == "private, no-cache"


# No small group can be found out -------------------------------------------------------------------------------------

# Who rated what, how and when: a service, a score, a day, and whether with a comment.
Answer = tuple[int, str, int, bool]
Published = list[tuple[int, ...]]
ANSWERS = st.lists(st.tuples(st.integers(0, 2), st.sampled_from("hnu"), st.integers(0, 9), st.booleans()), max_size=60)
MANY = settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
TEN_DAYS = {"since": MONDAY, "until": MONDAY + timedelta(days=9)}


def everything() -> dict[tuple[HappinessBy, Period], Published]:
    """All that is published, of whom and by which period one may ask: three counts each."""
    return {
        (by, period): [
            (tally.happy, tally.neutral, tally.unhappy)
            for cells in happiness_by(by, span_of(period, **TEN_DAYS), ids_by(by)).values()
            for tally in (cells.total, *(each for _start, _end, each in cells))
        ]
        for by in HappinessBy
        for period in Period
    }


def ids_by(by: HappinessBy) -> list[int]:
    return [] if by == HappinessBy.CITY else list(records_by(by).values_list("pk", flat=True))


@contextmanager
def a_city() -> Iterator[list[SmartService]]:
    """Three services of two entities, one under the other, two of them on one pillar; gone afterwards."""
    with transaction.atomic():
        office, pillar = make_organization(), make_pillar()
        below = make_organization(parent=office)
        yield [
            make_smart_service(provider=office, pillar=pillar),
            make_smart_service(provider=below, pillar=pillar),
            make_smart_service(provider=below),
        ]
        transaction.set_rollback(True)


def rate_all(services: Sequence[SmartService], answers: Sequence[Answer]) -> None:
    Rating.objects.bulk_create(
        Rating(
            smart_service=services[service],
            score=SCORES[score],
            channel="web",
            day=MONDAY + timedelta(days=day),
            comment="Said" if commented else "",
            comment_state="pending" if commented else "",
        )
        for service, score, day, commented in answers
    )


def published_after(answers: Sequence[Answer]) -> dict[tuple[HappinessBy, Period], Published]:
    with a_city() as services:
        rate_all(services, answers)
        return everything()


def fives(answers: Sequence[Answer]) -> tuple[list[list[int]], list[int]]:
    """The places of those that are counted together, and of those that wait."""
    waiting: dict[tuple[int, bool], list[int]] = {}
    together = []
    for place, (service, _score, _day, commented) in enumerate(answers):
        pool = waiting.setdefault((service, commented), [])
        pool.append(place)
        if len(pool) == 5:
            together.append(waiting.pop((service, commented)))
    return together, [place for pool in waiting.values() for place in pool]


@MANY
@given(answers=ANSWERS)
def test_every_number_is_of_fives_and_they_add_up(db: None, answers: list[Answer]) -> None:
    published = published_after(answers)
    assert all(sum(counts) % 5 == 0 for listed in published.values() for counts in listed)
    counted = [0, 0, 0]
    for place in (place for five in fives(answers)[0] for place in five):
        counted["hnu".index(answers[place][1])] += 1
    for period in Period:
        total, *listed = published[HappinessBy.CITY, period]
        assert total == tuple(map(sum, zip(*listed, strict=True))) == tuple(counted)


@MANY
@given(answers=ANSWERS, draw=st.data())
def test_who_waits_could_have_said_anything(db: None, answers: list[Answer], draw: st.DataObject) -> None:
    otherwise = list(answers)
    for place in fives(answers)[1]:
        service, _score, day, commented = answers[place]
        otherwise[place] = (service, draw.draw(st.sampled_from("hnu")), day, commented)
    assert published_after(answers) == published_after(otherwise)


@MANY
@given(answers=ANSWERS, draw=st.data())
def test_of_five_that_are_counted_together_each_could_have_said_what_another_did(
    db: None, answers: list[Answer], draw: st.DataObject
) -> None:
    otherwise = list(answers)
    for five in fives(answers)[0]:
        for place, other in zip(five, draw.draw(st.permutations(five)), strict=True):
            service, _score, day, commented = answers[place]
            otherwise[place] = (service, answers[other][1], day, commented)
    assert published_after(answers) == published_after(otherwise)


@settings(MANY, max_examples=5)
@given(answers=ANSWERS)
def test_who_looks_after_every_rating_sees_five_at_once_or_nothing(db: None, answers: list[Answer]) -> None:
    with a_city() as services:
        seen = [everything()]
        for answer in answers:
            rate_all(services, [answer])
            seen.append(everything())
    for before, after in pairwise(seen):
        for asked, listed in after.items():
            grown = [sum(new) - sum(old) for new, old in zip(listed, before[asked], strict=True)]
            assert set(grown) <= {0, 5}
            assert min(map(min, listed)) >= 0


@pytest.mark.parametrize("per", Period.values)
def test_moving_a_service_to_another_entity_tells_no_more_than_its_own_index(anonymous: ApiClient, per: str) -> None:
    office, other = make_organization(slug="office"), make_organization(slug="other")
    service = make_smart_service(slug="parking", provider=office)
    rated(make_smart_service(provider=office), "hhhhh")
    rated(service, "uuuuu" + "hhh")
    before = read(anonymous, "organizations/office/happiness/", per=per)["total"]["ratings"]
    service.provider = other
    service.save()
    after = read(anonymous, "organizations/office/happiness/", per=per)["total"]["ratings"]
    assert before - after == read(anonymous, "smart-services/parking/happiness/", per=per)["total"]["ratings"] == 5
