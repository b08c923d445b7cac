"""Indicators: one subject each, values with a meaning, totals that are right."""

from __future__ import annotations

from itertools import combinations
from typing import Any

import pytest

from initiatives import models
from tests import factories
from tests.api.client import ApiClient
from tests.api.collections.suite import refusals

pytestmark = pytest.mark.django_db

LEAST = {"title": {"en": "I"}, "unit": {"en": "m"}, "meaning": "point"}


def subjects() -> dict[str, str]:
    return {
        "goal": factories.make_goal().slug,
        "initiative": factories.make_initiative().slug,
        "smart_service": factories.make_smart_service().slug,
        "organization": factories.make_organization().slug,
    }


def test_an_indicator_measures_exactly_one_subject(curator: ApiClient) -> None:
    of_all = subjects()
    for name, slug in of_all.items():
        assert curator.send("POST", "indicators/", {**LEAST, name: slug}).status_code == 201
    assert refusals(curator.send("POST", "indicators/", LEAST))
    for pair in combinations(of_all, 2):
        wrong = {name: of_all[name] for name in pair}
        [(where, _code)] = refusals(curator.send("POST", "indicators/", {**LEAST, **wrong}))
        assert where.removeprefix("#/") in pair


def test_a_code_is_unique_in_its_framework(curator: ApiClient) -> None:
    body = {**LEAST, "organization": factories.make_organization().slug, "code": "EC1", "framework": "U4SSC"}
    assert curator.send("POST", "indicators/", body).status_code == 201
    assert curator.send("POST", "indicators/", {**body, "framework": "ISO 37122"}).status_code == 201
    assert {where for where, _code in refusals(curator.send("POST", "indicators/", body), 409)} == {
        "#/framework",
        "#/code",
    }
    for _ in range(2):
        assert curator.send("POST", "indicators/", {**body, "code": None}).status_code == 201


@pytest.mark.parametrize(
    ("values", "value"),
    [
        ({"stated_value": "12.5"}, "12.500000"),
        ({"stated_value": "-3"}, "-3.000000"),
        ({"numerator": "1", "denominator": "3"}, "33.333333"),
        ({"numerator": "0", "denominator": "3"}, "0.000000"),
        ({}, None),
        ({"numerator": "1"}, None),
        ({"denominator": "1"}, None),
        ({"numerator": "1", "denominator": "0"}, None),
        ({"numerator": "1", "denominator": "-2"}, None),
        ({"stated_value": "1", "numerator": "1", "denominator": "2"}, None),
    ],
)
def test_an_observation_states_a_value_or_a_ratio(
    curator: ApiClient, values: dict[str, str], value: str | None
) -> None:
    body = {"indicator": factories.make_indicator().slug, "on": "2017-01-01", **values}
    response = curator.send("POST", "observations/", body)
    if value is None:
        assert refusals(response)
        assert not models.Observation.objects.exists()
    else:
        assert response.json()["value"] == value


def test_an_indicator_has_one_observation_and_one_target_a_day(curator: ApiClient) -> None:
    body = {"indicator": factories.make_indicator().slug, "on": "2017-01-01", "stated_value": "1"}
    assert curator.send("POST", "observations/", body).status_code == 201
    assert {where for where, _code in refusals(curator.send("POST", "observations/", body), 409)} == {
        "#/indicator",
        "#/on",
    }
    target = {"on": "2020-01-01", "value": "1"}
    path = f"indicators/{body['indicator']}/"
    twice = curator.send("PATCH", path, {"targets": [target, {**target, "value": "2"}]})
    assert refusals(twice) == [("#/targets/1/on", "unique")]


def test_the_latest_value_is_that_of_the_last_day(curator: ApiClient, anonymous: ApiClient) -> None:
    indicator = factories.make_indicator(update_frequency="yearly", update_begin="2015-01-01")
    path = f"indicators/{indicator.slug}/"
    assert curator.read(path).json()["next_update_on"] == "2016-01-01"
    for on, value in (("2018-06-30", 5), ("2016-06-30", 9)):
        factories.make_observation(indicator=indicator, on=on, stated_value=value)
    document = anonymous.read(path).json()
    assert (document["latest_value"], document["latest_on"]) == ("5.000000", "2018-06-30")
    assert document["next_update_on"] == "2019-06-30"
    assert anonymous.slugs("indicators/", latest_value=5) == [indicator.slug]


def observed(meaning: str, **values: Any) -> models.Indicator:
    """An indicator with the values of some months of 2017; a pair is a ratio."""
    indicator = factories.make_indicator(meaning=meaning)
    for month, value in values.items():
        on = f"2017-{month.removeprefix('m')}-01"
        if isinstance(value, tuple):
            factories.make_observation(indicator=indicator, on=on, numerator=value[0], denominator=value[1])
        else:
            factories.make_observation(indicator=indicator, on=on, stated_value=value)
    return indicator


ALL: dict[str, str] = {}
SINCE_MARCH = {"since": "2017-03-01"}
UNTIL_MARCH = {"until": "2017-03-01"}
MARCH = {"since": "2017-03-01", "until": "2017-03-31"}
LATER = {"since": "2018-01-01"}


@pytest.mark.parametrize(
    ("meaning", "values", "period", "value", "count"),
    [
        ("point", {"m01": 10, "m03": 30, "m06": 20}, ALL, "20.000000", 3),
        ("point", {"m01": 10, "m03": 30, "m06": 20}, UNTIL_MARCH, "30.000000", 2),
        ("point", {"m01": 10, "m03": 30, "m06": 20}, LATER, None, 0),
        ("cumulative", {"m01": 10, "m03": 30, "m06": 45}, ALL, "45.000000", 3),
        ("cumulative", {"m01": 10, "m03": 30, "m06": 45}, SINCE_MARCH, "35.000000", 2),
        ("cumulative", {"m01": 10, "m03": 30, "m06": 45}, MARCH, "20.000000", 1),
        ("cumulative", {"m03": 30}, MARCH, "30.000000", 1),
        ("ratio", {"m01": (1, 2), "m03": (1, 8)}, ALL, "20.000000", 2),
        ("ratio", {"m01": (1, 2), "m03": (1, 8)}, MARCH, "12.500000", 1),
        ("ratio", {"m01": (1, 2), "m03": 12}, ALL, None, 2),
        ("ratio", {"m03": 12}, ALL, "12.000000", 1),
    ],
)
def test_a_total_over_a_period_has_the_meaning_of_its_values(
    anonymous: ApiClient, meaning: str, values: dict[str, Any], period: dict[str, str], value: str | None, count: int
) -> None:
    indicator = observed(meaning, **values)
    total = anonymous.read(f"indicators/{indicator.slug}/total/", **period).json()
    assert (total["value"], total["observations"]) == (value, count)


@pytest.mark.parametrize(
    ("meaning", "parts", "expected"),
    [
        ("point", [{"m01": 10}, {"m01": 5, "m02": 7}], ("17.000000", None, None)),
        ("cumulative", [{"m01": 10, "m04": 30}, {"m04": 7}], ("37.000000", None, None)),
        ("ratio", [{"m01": (1, 2)}, {"m01": (1, 8)}], ("20.000000", "2.000000", "10.000000")),
        ("ratio", [{"m01": (1, 2)}, {"m01": 12}], (None, None, None)),
        ("ratio", [{"m01": (1, 2)}, {}], ("50.000000", "1.000000", "2.000000")),
        ("point", [{}, {}], (None, None, None)),
    ],
)
def test_the_total_of_parts_is_that_of_what_lies_below_them(
    anonymous: ApiClient, meaning: str, parts: list[dict[str, Any]], expected: tuple[str | None, ...]
) -> None:
    whole = factories.make_indicator(meaning=meaning)
    middle = factories.make_indicator(meaning=meaning, parent=whole)
    for values in parts:
        models.Indicator.objects.filter(pk=observed(meaning, **values).pk).update(parent=middle)
    total = anonymous.read(f"indicators/{whole.slug}/total/").json()
    assert (total["value"], total["numerator"], total["denominator"]) == expected


def test_its_own_observations_count_before_those_of_its_parts(anonymous: ApiClient) -> None:
    whole = observed("point", m01=100)
    models.Indicator.objects.filter(pk=observed("point", m01=1).pk).update(parent=whole)
    assert anonymous.read(f"indicators/{whole.slug}/total/").json()["value"] == "100.000000"


@pytest.mark.parametrize(
    ("query", "name"), [("since=soon", "since"), ("until=2017-02-30", "until"), ("from=2017-01-01", "from")]
)
def test_a_period_that_cannot_be_is_refused(anonymous: ApiClient, query: str, name: str) -> None:
    indicator = factories.make_indicator()
    response = anonymous.get(f"/api/v1/indicators/{indicator.slug}/total/?{query}")
    assert [where for where, _code in refusals(response)] == [name]


def test_a_period_does_not_end_before_it_starts(anonymous: ApiClient) -> None:
    path = f"indicators/{factories.make_indicator().slug}/total/"
    response = anonymous.read(path, since="2017-02-01", until="2017-01-31")
    assert refusals(response) == [("until", "end_before_start")]
