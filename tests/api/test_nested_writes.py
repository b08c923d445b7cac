"""Parts are written through their record in one request: all of it, or nothing."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.models import Permission, User

from initiatives import models
from tests import factories
from tests.api.client import ApiClient
from tests.api.collections.suite import refusals

pytestmark = pytest.mark.django_db


def written(response: Any, status: int = 200) -> dict[str, Any]:
    assert response.status_code == status, response.content
    document: dict[str, Any] = response.json()
    return document


def texts(platform: dict[str, Any]) -> list[tuple[int, str]]:
    return [(part["position"], part["text"]["en"]) for part in platform["capabilities"]]


@pytest.fixture
def platform() -> models.Platform:
    """A platform with the capabilities One, Two and Three."""
    platform = factories.make_platform()
    for position, text in enumerate(("One", "Two", "Three"), start=1):
        factories.make_capability(platform=platform, position=position, text_en=text)
    return platform


def ids(platform: models.Platform) -> list[int]:
    return [part.pk for part in platform.capabilities.all()]


def test_a_record_is_created_with_its_parts_and_their_citations(curator: ApiClient) -> None:
    source, person = factories.make_source(), factories.make_person()
    body = {
        "kind": "visit",
        "title": {"en": "Visit"},
        "participations": [{"person": person.slug, "role": "presenter", "citations": [{"source": source.slug}]}],
        "agenda": [{"subject": {"en": "First"}, "refers_to": f"people/{person.slug}"}, {"subject": {"ar": "ثان"}}],
        "outcomes": [{"text": {"en": "Agreed"}}],
        "citations": [{"source": source.slug, "locator": "L1"}, {"source": source.slug, "locator": "L2"}],
    }
    document = written(curator.send("POST", "engagements/", body), 201)
    assert [item["position"] for item in document["agenda"]] == [1, 2]
    assert document["agenda"][0]["refers_to"]["slug"] == person.slug
    assert document["participations"][0]["citations"][0]["source"]["slug"] == source.slug
    assert [citation["locator"] for citation in document["citations"]] == ["L1", "L2"]


def test_one_list_changes_adds_removes_and_reorders(curator: ApiClient, platform: models.Platform) -> None:
    one, _two, three = ids(platform)
    body = {"capabilities": [{"id": three}, {"text": {"en": "New"}}, {"id": one, "text": {"en": "ONE"}}]}
    document = written(curator.send("PATCH", f"platforms/{platform.slug}/", body))
    assert texts(document) == [(1, "Three"), (2, "New"), (3, "ONE")]
    assert document["capabilities"][0]["id"] == three
    assert document["capabilities"][2]["id"] == one
    assert models.Capability.objects.count() == 3


def test_a_part_that_is_changed_keeps_what_a_patch_does_not_name(curator: ApiClient, platform: models.Platform) -> None:
    first = platform.capabilities.all()[0]
    models.Capability.objects.filter(pk=first.pk).update(status="delivered", delivered_on="2017-01-01", text_ar="واحد")
    citation = factories.make_citation(record=first)
    body = {"capabilities": [{"id": first.pk, "text": {"en": "Changed"}}]}
    part = written(curator.send("PATCH", f"platforms/{platform.slug}/", body))["capabilities"][0]
    assert part["text"] == {"en": "Changed", "ar": "واحد"}
    assert (part["status"], part["delivered_on"]) == ("delivered", "2017-01-01")
    assert [each["slug"] for each in part["citations"]] == [citation.slug]


def test_a_part_that_a_put_names_is_replaced(curator: ApiClient, platform: models.Platform) -> None:
    first = platform.capabilities.all()[0]
    models.Capability.objects.filter(pk=first.pk).update(status="delivered", delivered_on="2017-01-01", text_ar="واحد")
    body = {"name": {"en": "P"}, "capabilities": [{"id": first.pk, "text": {"en": "Changed"}}]}
    part = written(curator.send("PUT", f"platforms/{platform.slug}/", body))["capabilities"][0]
    assert part["text"] == {"en": "Changed", "ar": None}
    assert (part["status"], part["delivered_on"]) == ("promised", None)


def test_the_list_is_in_order_of_given_positions(curator: ApiClient, platform: models.Platform) -> None:
    one, two, three = ids(platform)
    body = {"capabilities": [{"id": one, "position": 30}, {"id": two, "position": 10}, {"id": three, "position": 20}]}
    document = written(curator.send("PATCH", f"platforms/{platform.slug}/", body))
    assert texts(document) == [(10, "Two"), (20, "Three"), (30, "One")]


def test_two_parts_in_one_place_are_refused_and_nothing_is_written(
    curator: ApiClient, platform: models.Platform
) -> None:
    body = {"capabilities": [{"text": {"en": "A"}, "position": 1}, {"text": {"en": "B"}, "position": 1}]}
    response = curator.send("PATCH", f"platforms/{platform.slug}/", body)
    assert refusals(response) == [("#/capabilities/1/position", "unique")]
    assert [part.text_en for part in platform.capabilities.all()] == ["One", "Two", "Three"]


def test_nested_records_are_found_by_their_slug(curator: ApiClient) -> None:
    initiative = factories.make_initiative()
    first = factories.make_milestone(initiative=initiative, slug="first", due_on="2017-01-01")
    factories.make_milestone(initiative=initiative, slug="second")
    body = {"milestones": [{"slug": "first", "title": {"en": "Changed"}}, {"slug": "third", "title": {"en": "Third"}}]}
    document = written(curator.send("PATCH", f"initiatives/{initiative.slug}/", body))
    assert {each["slug"]: each["title"]["en"] for each in document["milestones"]} == {
        "first": "Changed",
        "third": "Third",
    }
    first.refresh_from_db()
    assert str(first.due_on) == "2017-01-01"
    assert not models.Milestone.objects.filter(slug="second").exists()


def test_the_slug_of_a_nested_record_elsewhere_is_a_conflict(curator: ApiClient) -> None:
    elsewhere = factories.make_milestone(slug="taken")
    body = {"title": {"en": "I"}, "milestones": [{"slug": "taken", "title": {"en": "Mine"}}]}
    assert refusals(curator.send("POST", "initiatives/", body), 409)
    elsewhere.refresh_from_db()
    assert elsewhere.title_en != "Mine"
    assert models.Initiative.objects.count() == 1


def test_siblings_of_one_body_refer_to_each_other(curator: ApiClient) -> None:
    body = {
        "title": {"en": "I"},
        "milestones": [
            {"slug": "design", "title": {"en": "Design"}},
            {"slug": "build", "title": {"en": "Build"}, "depends_on": ["design", "buy"]},
            {"slug": "buy", "title": {"en": "Buy"}},
        ],
    }
    document = written(curator.send("POST", "initiatives/", body), 201)
    awaited = {each["slug"]: {other["slug"] for other in each["depends_on"]} for each in document["milestones"]}
    assert awaited == {"design": set(), "build": {"design", "buy"}, "buy": set()}


def test_siblings_that_wait_for_each_other_are_refused(curator: ApiClient) -> None:
    body = {
        "title": {"en": "I"},
        "milestones": [
            {"slug": "egg", "title": {"en": "Egg"}, "depends_on": ["hen"]},
            {"slug": "hen", "title": {"en": "Hen"}, "depends_on": ["egg"]},
        ],
    }
    assert refusals(curator.send("POST", "initiatives/", body)) == [("#/depends_on", "check")]
    assert not models.Milestone.objects.exists()


def test_a_part_that_the_database_refuses_leaves_nothing(curator: ApiClient) -> None:
    organization = factories.make_organization()
    involvement = {"organization": organization.slug, "role": "partner", "start": "2017-01-01"}
    body = {
        "title": {"en": "I"},
        "milestones": [{"title": {"en": "M"}}],
        "involvements": [involvement, {**involvement, "start": "2018-01-01"}],
    }
    assert refusals(curator.send("POST", "initiatives/", body), 409)
    assert not models.Initiative.objects.exists()
    assert not models.Milestone.objects.exists()


def test_a_patch_whose_part_fails_changes_nothing(curator: ApiClient, platform: models.Platform) -> None:
    one, two, _three = ids(platform)
    body = {
        "name": {"en": "Changed"},
        "capabilities": [{"id": one, "text": {"en": "Changed"}}, {"id": two, "delivered_on": "2017-01-01"}],
    }
    response = curator.send("PATCH", f"platforms/{platform.slug}/", body)
    assert [where for where, _code in refusals(response)] == ["#/capabilities/1/delivered_on"]
    platform.refresh_from_db()
    assert platform.name_en != "Changed"
    assert [part.text_en for part in platform.capabilities.all()] == ["One", "Two", "Three"]


def test_a_part_that_others_refer_to_is_not_removed(curator: ApiClient) -> None:
    milestone = factories.make_milestone()
    item = factories.make_roadmap_item(milestone=milestone)
    response = curator.send("PATCH", f"initiatives/{milestone.initiative.slug}/", {"milestones": []})
    assert refusals(response, 409) == [("", "protected")]
    assert models.RoadmapItem.objects.get().milestone == item.milestone


def test_sending_the_same_parts_without_ids_changes_nothing(curator: ApiClient, platform: models.Platform) -> None:
    before = ids(platform)
    updated_at = platform.updated_at
    body = {"capabilities": [{"text": {"en": text}} for text in ("One", "Two", "Three")]}
    written(curator.send("PATCH", f"platforms/{platform.slug}/", body))
    assert ids(platform) == before
    platform.refresh_from_db()
    assert platform.updated_at == updated_at


def test_a_changed_part_makes_its_record_newer(curator: ApiClient, platform: models.Platform) -> None:
    before = platform.updated_at
    written(curator.send("PATCH", f"platforms/{platform.slug}/", {"capabilities": [{"id": ids(platform)[0]}]}))
    platform.refresh_from_db()
    assert platform.updated_at > before


def test_parts_need_their_own_permissions(staff: ApiClient, staff_user: User, platform: models.Platform) -> None:
    allowed = ["change_platform", "add_capability", "change_capability"]
    staff_user.user_permissions.set(Permission.objects.filter(codename__in=allowed))
    path = f"platforms/{platform.slug}/"
    one, two, three = ids(platform)
    kept = [{"id": one}, {"id": two}, {"id": three}]
    written(staff.send("PATCH", path, {"capabilities": [*kept, {"text": {"en": "New"}}]}))
    refused = staff.send("PATCH", path, {"capabilities": kept[:1]})
    assert refusals(refused, 403) == []
    assert "delete_capability" in refused.json()["detail"]
    assert platform.capabilities.count() == 4


# Where the refusal points ------------------------------------------------------------------------------------------


def test_a_part_that_only_names_itself_keeps_its_position_for_itself(
    curator: ApiClient, platform: models.Platform
) -> None:
    one, two, three = ids(platform)
    body = {"capabilities": [{"id": one, "position": 2}, {"id": two}, {"id": three}]}
    response = curator.send("PATCH", f"platforms/{platform.slug}/", body)
    assert refusals(response) == [("#/capabilities/1/position", "unique")]


def test_two_parts_that_only_one_may_be_are_refused_at_the_second(curator: ApiClient) -> None:
    targets = [{"on": on, "value": "1"} for on in ("2020-01-01", "2021-01-01", "2020-01-01")]
    body = {"title": {"en": "I"}, "unit": {"en": "x"}, "meaning": "point", "targets": targets}
    assert refusals(curator.send("POST", "indicators/", body)) == [("#/targets/2/on", "unique")]


def test_a_slug_that_is_taken_is_a_conflict_at_its_part(curator: ApiClient) -> None:
    taken = factories.make_pillar()
    pillars = [{"name": {"en": "New"}}, {"slug": taken.slug, "name": {"en": "Taken"}}]
    response = curator.send("POST", "strategies/", {"title": {"en": "S"}, "pillars": pillars})
    assert refusals(response, 409) == [("#/pillars/1/slug", "unique")]


def test_a_slug_that_two_parts_want_is_refused_at_the_second(curator: ApiClient) -> None:
    twice = [{"slug": "twice", "name": {"en": "A"}}, {"slug": "twice", "name": {"en": "B"}}]
    response = curator.send("POST", "strategies/", {"title": {"en": "S"}, "pillars": twice})
    assert refusals(response) == [("#/pillars/1/slug", "unique")]


def test_a_part_that_the_database_refuses_is_pointed_at(curator: ApiClient) -> None:
    organization = factories.make_organization()
    one = {"organization": organization.slug, "role": "partner", "start": "2020-01-01", "end": "2021-01-01"}
    body = {"title": {"en": "I"}, "involvements": [one, {**one, "start": "2020-06-01"}]}
    response = curator.send("POST", "initiatives/", body)
    assert refusals(response, 409) == [("#/involvements/1", "overlap")]
    assert not models.Initiative.objects.exists()


def test_in_a_list_of_records_the_part_of_the_item_is_pointed_at(curator: ApiClient) -> None:
    taken = factories.make_pillar()
    items = [{"title": {"en": "A"}}, {"title": {"en": "B"}, "pillars": [{"slug": taken.slug, "name": {"en": "T"}}]}]
    assert refusals(curator.send("POST", "strategies/", items), 409) == [("#/1/pillars/0/slug", "unique")]
