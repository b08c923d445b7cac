"""Roadmaps, milestones, and lateness along what waits for what."""

from __future__ import annotations

from typing import Any

import pytest

from tests import factories
from tests.api.client import ApiClient
from tests.api.collections.suite import refusals

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("targets", [[], ["initiative", "milestone"]])
def test_an_item_points_at_one_initiative_or_one_milestone(curator: ApiClient, targets: list[str]) -> None:
    rows = {"initiative": factories.make_initiative(), "milestone": factories.make_milestone()}
    item = {name: rows[name].slug for name in targets}
    response = curator.send("POST", "roadmaps/", {"title": {"en": "R"}, "items": [item]})
    assert [where.rpartition("/")[0] for where, _code in refusals(response)] == ["#/items/0"]


def test_items_come_in_their_order(curator: ApiClient) -> None:
    initiatives = [factories.make_initiative().slug for _ in range(3)]
    body = {"title": {"en": "R"}, "items": [{"initiative": slug} for slug in initiatives]}
    items = curator.send("POST", "roadmaps/", body).json()["items"]
    assert [item["initiative"]["slug"] for item in items] == initiatives
    assert [item["position"] for item in items] == [1, 2, 3]


@pytest.mark.parametrize(
    ("fields", "slippage", "projected"),
    [
        ({}, None, None),
        ({"due_on": "2017-01-10"}, 0, "2017-01-10"),
        ({"due_on": "2017-01-10", "forecast_on": "2017-01-25"}, 15, "2017-01-25"),
        ({"due_on": "2017-01-10", "forecast_on": "2017-01-05"}, -5, "2017-01-05"),
        ({"due_on": "2017-01-10", "forecast_on": "2017-01-25", "completed_on": "2017-01-12"}, 2, "2017-01-12"),
        ({"forecast_on": "2017-01-25"}, None, "2017-01-25"),
    ],
)
def test_a_milestone_slips_by_its_own_forecast(
    curator: ApiClient, fields: dict[str, Any], slippage: int | None, projected: str | None
) -> None:
    body = {"title": {"en": "M"}, "initiative": factories.make_initiative().slug, **fields}
    document = curator.send("POST", "milestones/", body).json()
    assert (document["slippage_days"], document["projected_on"]) == (slippage, projected)


def test_lateness_runs_along_what_waits_for_what(curator: ApiClient, anonymous: ApiClient) -> None:
    initiative = factories.make_initiative()
    day = {"initiative": initiative, "due_on": "2017-01-10"}
    late = factories.make_milestone(**day, forecast_on="2017-01-30")
    early = factories.make_milestone(**day, forecast_on="2017-01-01")
    middle = factories.make_milestone(**day)
    last = factories.make_milestone(**{**day, "due_on": "2017-03-01"})
    done = factories.make_milestone(**day, completed_on="2017-01-11")
    for milestone, awaited in ((middle, late), (middle, early), (last, middle), (done, late)):
        factories.make_dependency(milestone=milestone, depends_on=awaited)

    def slips() -> dict[str, Any]:
        nested = curator.read(f"initiatives/{initiative.slug}/").json()["milestones"]
        listed = anonymous.read("milestones/").json()["results"]
        found = {each["slug"]: (each["slippage_days"], each["projected_on"]) for each in nested}
        assert found == {each["slug"]: (each["slippage_days"], each["projected_on"]) for each in listed}
        return found

    assert slips() == {
        late.slug: (20, "2017-01-30"),
        early.slug: (-9, "2017-01-01"),
        middle.slug: (20, "2017-01-30"),
        last.slug: (20, "2017-03-21"),
        done.slug: (1, "2017-01-11"),
    }
    assert set(anonymous.slugs("milestones/", slippage_days__gte=20)) == {late.slug, middle.slug, last.slug}
    # Once what it waited for is there, what remains is what it really took.
    curator.send("PATCH", f"milestones/{late.slug}/", {"completed_on": "2017-01-15"})
    assert slips()[last.slug] == (5, "2017-03-06")
    curator.send("PATCH", f"milestones/{middle.slug}/", {"completed_on": "2017-01-10"})
    assert slips()[last.slug] == (0, "2017-03-01")


def test_a_milestone_does_not_wait_for_itself(curator: ApiClient) -> None:
    first, second, third = (factories.make_milestone() for _ in range(3))
    factories.make_dependency(milestone=first, depends_on=second)
    factories.make_dependency(milestone=second, depends_on=third)
    for awaited in (first, second):
        response = curator.send("PATCH", f"milestones/{third.slug}/", {"depends_on": [awaited.slug]})
        assert [code for _where, code in refusals(response)] == ["check"] or awaited is third
    response = curator.send("PATCH", f"milestones/{third.slug}/", {"depends_on": [third.slug]})
    assert [code for _where, code in refusals(response)] == ["check"]
    assert not third.depends_on.exists()


@pytest.mark.parametrize("weight", ["0", "-1", 0])
def test_a_weight_is_more_than_nothing(curator: ApiClient, weight: Any) -> None:
    milestone = factories.make_milestone()
    response = curator.send("PATCH", f"milestones/{milestone.slug}/", {"weight": weight})
    assert {where for where, _code in refusals(response)} == {"#/weight"}
