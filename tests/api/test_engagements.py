"""Engagements and statements: who took part, what was spoken of, who said it."""

from __future__ import annotations

from itertools import combinations
from typing import Any

import pytest

from tests import factories
from tests.api.client import ApiClient
from tests.api.collections.suite import refusals

pytestmark = pytest.mark.django_db

VISIT = {"kind": "visit", "title": {"en": "Visit"}}


def participants() -> dict[str, Any]:
    return {
        "person": factories.make_person().slug,
        "organization": factories.make_organization().slug,
        "group": {"en": "Section heads"},
    }


def test_one_takes_part_as_a_person_an_organization_or_a_group(curator: ApiClient) -> None:
    of_all = participants()
    for name, value in of_all.items():
        body = {**VISIT, "participations": [{"role": "participant", name: value}]}
        assert curator.send("POST", "engagements/", body).status_code == 201
    wrong = [[], *combinations(of_all, 2), list(of_all)]
    for names in wrong:
        one = {"role": "participant", **{name: of_all[name] for name in names}}
        response = curator.send("POST", "engagements/", {**VISIT, "participations": [one]})
        assert all(where.startswith("#/participations/0/") for where, _code in refusals(response))


def test_a_group_is_not_counted(curator: ApiClient) -> None:
    body = {**VISIT, "participations": [{"role": "received_by", "group": {"en": "Heads", "ar": "رؤساء"}}]}
    [one] = curator.send("POST", "engagements/", body).json()["participations"]
    assert one["group"] == {"en": "Heads", "ar": "رؤساء"}
    assert (one["person"], one["organization"]) == (None, None)


def test_an_unknown_day_is_null(curator: ApiClient) -> None:
    document = curator.send("POST", "engagements/", {**VISIT, "date_note": {"ar": "اليوم"}}).json()
    assert document["on"] is None
    assert document["date_note"] == {"en": None, "ar": "اليوم"}


def test_only_narration_has_no_speaker(curator: ApiClient) -> None:
    for mode in ("quote", "indirect", "presentation", "praise"):
        response = curator.send("POST", "statements/", {"gist": {"en": "So"}, "mode": mode})
        assert [where for where, _code in refusals(response)] == ["#/mode"]
    assert curator.send("POST", "statements/", {"gist": {"en": "So"}, "mode": "narration"}).status_code == 201


@pytest.mark.parametrize(
    "make",
    [factories.make_organization, factories.make_initiative, factories.make_observation, factories.make_citation],
)
def test_a_statement_is_about_a_record_of_any_type(curator: ApiClient, anonymous: ApiClient, make: Any) -> None:
    record = make()
    reference = f"{record.collection}/{record.slug}"
    body = {"gist": {"en": "So"}, "mode": "narration", "about": reference}
    document = curator.send("POST", "statements/", body).json()
    assert (document["about"]["collection"], document["about"]["slug"]) == (record.collection, record.slug)
    assert curator.slugs("statements/", about=reference) == [document["slug"]]
    cleared = curator.send("PATCH", f"statements/{document['slug']}/", {"about": None}).json()
    assert cleared["about"] is None
    assert anonymous.slugs("statements/", about__isnull="true") == [document["slug"]]


def test_outcomes_link_to_what_they_changed(curator: ApiClient) -> None:
    initiative, milestone = factories.make_initiative(), factories.make_milestone()
    outcome = {"text": {"en": "Agreed"}, "initiatives": [initiative.slug], "milestones": [milestone.slug]}
    engagement = curator.send("POST", "engagements/", {**VISIT, "outcomes": [outcome]}).json()
    assert [each["slug"] for each in engagement["outcomes"][0]["initiatives"]] == [initiative.slug]
    assert [each["slug"] for each in engagement["outcomes"][0]["milestones"]] == [milestone.slug]
    assert refusals(curator.send("DELETE", f"milestones/{milestone.slug}/"), 409) == [("", "protected")]
