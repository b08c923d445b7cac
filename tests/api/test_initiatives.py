"""Initiatives: what they must say, and what follows from it."""

from __future__ import annotations

from typing import Any

import pytest

from tests import factories
from tests.api.client import ApiClient
from tests.api.collections.suite import refusals

pytestmark = pytest.mark.django_db


def initiative(client: ApiClient, **body: Any) -> dict[str, Any]:
    response = client.send("POST", "initiatives/", {"title": {"en": "I"}, **body})
    assert response.status_code == 201, response.content
    document: dict[str, Any] = response.json()
    return document


@pytest.mark.parametrize(
    ("wrong", "pointer", "code"),
    [
        ({"status_override": "on_hold"}, "#/status_override", "reason_missing"),
        ({"status_override": "on_hold", "status_reason": {"en": " "}}, "#/status_override", "reason_missing"),
        ({"planned_start": "2017-02-01", "planned_end": "2017-01-31"}, "#/planned_end", "end_before_start"),
        ({"actual_start": "2017-02-01", "actual_end": "2017-01-31"}, "#/actual_end", "end_before_start"),
        ({"budget_amount": "10.00"}, "#/budget_amount", "invalid"),
        ({"budget_currency": "AED"}, "#/budget_currency", "invalid"),
        ({"budget_amount": "10.00", "budget_currency": "aed"}, "#/budget_amount", "invalid"),
        ({"budget_amount": "-1", "budget_currency": "AED"}, "#/budget_amount", "min_value"),
        ({"stated_progress": "50"}, "#/stated_progress", "invalid"),
        ({"stated_progress": "101"}, "#/stated_progress", "max_value"),
    ],
)
def test_what_does_not_fit_together_is_refused_at_the_field(
    curator: ApiClient, wrong: dict[str, Any], pointer: str, code: str
) -> None:
    body = {"title": {"en": "I"}, **wrong}
    assert refusals(curator.send("POST", "initiatives/", body)) == [(pointer, code)]
    existing = factories.make_initiative()
    assert refusals(curator.send("PATCH", f"initiatives/{existing.slug}/", wrong)) == [(pointer, code)]


def test_a_patch_is_held_against_what_is_there(curator: ApiClient) -> None:
    existing = factories.make_initiative(planned_start="2017-02-01", status_override="on_hold", status_reason_en="Why")
    path = f"initiatives/{existing.slug}/"
    assert refusals(curator.send("PATCH", path, {"planned_end": "2017-01-31"})) == [
        ("#/planned_end", "end_before_start")
    ]
    assert refusals(curator.send("PATCH", path, {"status_reason": {"en": None}})) == [
        ("#/status_reason", "reason_missing")
    ]
    assert curator.send("PATCH", path, {"status_reason": {"ar": "سبب"}}).status_code == 200


@pytest.mark.parametrize(
    ("fields", "status"),
    [
        ({}, None),
        ({"planned_start": "2017-01-01"}, "planned"),
        ({"planned_end": "2017-01-01"}, "planned"),
        ({"planned_start": "2017-01-01", "actual_start": "2017-01-02"}, "active"),
        ({"actual_start": "2017-01-02", "actual_end": "2018-01-01"}, "completed"),
        ({"actual_end": "2018-01-01"}, "completed"),
        ({"actual_end": "2018-01-01", "status_override": "cancelled", "status_reason": {"en": "Why"}}, "cancelled"),
        ({"status_override": "proposed", "status_reason": {"ar": "سبب"}}, "proposed"),
    ],
)
def test_the_status_follows_from_the_dates_unless_overridden(
    curator: ApiClient, anonymous: ApiClient, fields: dict[str, Any], status: str | None
) -> None:
    made = initiative(curator, **fields)
    assert made["status"] == status
    if status:
        assert anonymous.slugs("initiatives/", status=status) == [made["slug"]]
    else:
        assert anonymous.slugs("initiatives/", status__isnull="true") == [made["slug"]]


def test_the_progress_is_that_of_the_weighted_milestones(curator: ApiClient, anonymous: ApiClient) -> None:
    source = factories.make_source()
    stated = {"stated_progress": "90", "progress_source": source.slug}
    weighted = initiative(
        curator,
        **stated,
        milestones=[
            {"title": {"en": "Done"}, "weight": "1", "completed_on": "2017-01-01"},
            {"title": {"en": "Late"}, "weight": "2", "due_on": "2017-01-01"},
        ],
    )
    assert weighted["progress"] == "33.33"
    assert initiative(curator, **stated)["progress"] == "90.00"
    assert initiative(curator)["progress"] is None
    assert initiative(curator, milestones=[{"title": {"en": "Late"}}])["progress"] == "0.00"
    assert anonymous.slugs("initiatives/", progress__gt=33, progress__lt=34) == [weighted["slug"]]


def test_several_kinds_of_parts_do_not_multiply_the_progress(curator: ApiClient) -> None:
    organizations = [factories.make_organization().slug for _ in range(3)]
    made = initiative(
        curator,
        milestones=[{"title": {"en": "Done"}, "completed_on": "2017-01-01"}, {"title": {"en": "Open"}}],
        involvements=[{"organization": slug, "role": "partner"} for slug in organizations],
        progress_updates=[
            {"on": f"2017-0{month}-01", "health": "on_track", "text": {"en": "On"}} for month in (1, 2, 3)
        ],
        update_frequency="quarterly",
    )
    assert made["progress"] == "50.00"
    assert (made["last_update_on"], made["next_update_on"]) == ("2017-03-01", "2017-06-01")


@pytest.mark.parametrize(
    ("frequency", "expected"),
    [
        ("weekly", "2017-02-07"),
        ("monthly", "2017-02-28"),
        ("quarterly", "2017-04-30"),
        ("yearly", "2018-01-31"),
        (None, None),
    ],
)
def test_the_next_update_is_owed_a_period_after_the_last(
    curator: ApiClient, frequency: str | None, expected: str | None
) -> None:
    update = {"on": "2017-01-31", "health": "at_risk", "text": {"en": "Late"}}
    made = initiative(curator, update_frequency=frequency, progress_updates=[update], actual_start="2016-01-01")
    assert made["next_update_on"] == expected


def test_before_the_first_update_the_start_counts(curator: ApiClient) -> None:
    made = initiative(curator, update_frequency="monthly", actual_start="2016-01-15")
    assert (made["last_update_on"], made["next_update_on"]) == (None, "2016-02-15")
    assert initiative(curator, update_frequency="monthly")["next_update_on"] is None


def test_there_is_one_update_a_day(curator: ApiClient) -> None:
    update = {"on": "2017-01-31", "health": "at_risk", "text": {"en": "Late"}}
    body = {"title": {"en": "I"}, "progress_updates": [update, update]}
    response = curator.send("POST", "initiatives/", body)
    assert refusals(response) == [("#/progress_updates/1/on", "unique")]


PERIODS = [
    ({"start": "2017-01-01", "end": "2017-06-30"}, {"start": "2017-06-30"}, 409),
    ({"start": "2017-01-01", "end": "2017-06-30"}, {"start": "2017-07-01"}, 201),
    ({"start": "2017-01-01"}, {"start": "2030-01-01"}, 409),
    ({}, {}, 409),
    ({}, {"start": "2017-01-01"}, 201),
]


@pytest.mark.parametrize(("first", "second", "status"), PERIODS)
def test_an_organization_has_a_role_once_at_a_time(
    curator: ApiClient, first: dict[str, str], second: dict[str, str], status: int
) -> None:
    involvement = {"organization": factories.make_organization().slug, "role": "partner"}
    body = {"title": {"en": "I"}, "involvements": [{**involvement, **first}, {**involvement, **second}]}
    assert curator.send("POST", "initiatives/", body).status_code == status
    other_role = [{**involvement, **first}, {**involvement, **second, "role": "funder"}]
    assert curator.send("POST", "initiatives/", {**body, "involvements": other_role}).status_code == 201


def test_an_initiative_is_no_part_of_itself(curator: ApiClient) -> None:
    top = factories.make_initiative()
    middle = factories.make_initiative(parent=top)
    bottom = factories.make_initiative(parent=middle)
    for parent in (top, middle, bottom):
        response = curator.send("PATCH", f"initiatives/{top.slug}/", {"parent": parent.slug})
        assert refusals(response) == [("#/parent", "check")]
        assert "cycle" in response.json()["detail"]
