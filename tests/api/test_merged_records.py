"""A duplicate is merged into another record: its address leads there, and what was its own is now the other's."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.models import Permission, User

from initiatives import models
from tests import factories
from tests.api.client import ApiClient
from tests.api.collections.cases import CASES
from tests.api.collections.suite import CollectionCase, refusals

pytestmark = pytest.mark.django_db


def merge(client: ApiClient, duplicate: Any, into: Any) -> Any:
    return client.send("POST", f"{duplicate.collection}/{duplicate.slug}/merge/", {"into": into.slug})


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_a_duplicate_leads_to_the_record_that_it_was_merged_into(
    case: CollectionCase, curator: ApiClient, anonymous: ApiClient
) -> None:
    duplicate, into = case.make(), case.make()
    answered = merge(curator, duplicate, into)
    assert answered.status_code == 200, answered.content
    assert answered.json()["slug"] == into.slug
    response = anonymous.read(case.at(duplicate))
    assert response.status_code == 308
    assert response["Location"] == response.json()["replaced_by"] == f"http://testserver/api/v1/{case.at(into)}"
    assert anonymous.slugs(case.path) == [into.slug]
    for method in ("PUT", "PATCH", "DELETE"):
        refused = curator.send(method, case.at(duplicate), case.body())
        refusals(refused, 409)
        assert case.at(into) in refused.json()["detail"]


def test_what_referred_to_the_duplicate_refers_to_the_other(curator: ApiClient, anonymous: ApiClient) -> None:
    duplicate, into = factories.make_organization(), factories.make_organization()
    child = factories.make_organization(parent=duplicate)
    post = factories.make_appointment(organization=duplicate)
    statement = factories.make_statement(about=duplicate)
    citation = factories.make_citation(record=duplicate)
    assert merge(curator, duplicate, into).status_code == 200
    assert anonymous.read(f"organizations/{child.slug}/").json()["parent"]["slug"] == into.slug
    assert anonymous.slugs("appointments/", organization=into.slug) == [post.slug]
    assert anonymous.slugs("statements/", about=f"organizations/{into.slug}") == [statement.slug]
    cited = anonymous.read(f"organizations/{into.slug}/").json()["citations"]
    assert [each["slug"] for each in cited] == [citation.slug]


def test_parts_move_behind_those_that_are_there(curator: ApiClient) -> None:
    duplicate, into = factories.make_platform(), factories.make_platform()
    for platform in (into, duplicate):
        for position in (1, 2):
            factories.make_capability(platform=platform, position=position, text_en=f"{platform.slug} {position}")
    document = merge(curator, duplicate, into).json()
    assert [(part["position"], part["text"]["en"]) for part in document["capabilities"]] == [
        (1, f"{into.slug} 1"),
        (2, f"{into.slug} 2"),
        (3, f"{duplicate.slug} 1"),
        (4, f"{duplicate.slug} 2"),
    ]


def test_a_record_is_not_merged_into_itself_or_into_a_duplicate(curator: ApiClient) -> None:
    first, second, third = (factories.make_person() for _ in range(3))
    assert refusals(merge(curator, first, first)) == [("#/into", "same_record")]
    merge(curator, first, second)
    assert refusals(merge(curator, third, first)) == [("#/into", "merged_record")]
    refusals(merge(curator, first, third), 409)


def test_a_duplicate_of_a_duplicate_leads_on(curator: ApiClient, anonymous: ApiClient) -> None:
    first, second, third = (factories.make_person() for _ in range(3))
    merge(curator, first, second)
    merge(curator, second, third)
    for duplicate in (first, second):
        moved = anonymous.read(f"people/{duplicate.slug}/")
        assert anonymous.get(moved["Location"]).json()["slug"] == third.slug


@pytest.mark.parametrize("into", ["no-such-slug", None, 5, [], {}, True, ""])
def test_what_is_merged_into_must_be_there(curator: ApiClient, into: Any) -> None:
    person = factories.make_person()
    response = curator.send("POST", f"people/{person.slug}/merge/", {"into": into})
    assert [where for where, _code in refusals(response)] == ["#/into"]
    assert refusals(curator.send("POST", f"people/{person.slug}/merge/", {}))
    assert refusals(curator.send("POST", "people/nowhere/merge/", {"into": person.slug}), 404) == []


def test_a_merge_that_would_break_a_rule_changes_nothing(curator: ApiClient) -> None:
    duplicate, into = factories.make_indicator(), factories.make_indicator()
    for indicator in (duplicate, into):
        factories.make_observation(indicator=indicator, on="2017-01-01")
    refusals(merge(curator, duplicate, into), 409)
    duplicate.refresh_from_db()
    assert duplicate.replaced_by is None
    assert models.Observation.objects.filter(indicator=duplicate).count() == 1


def test_merging_needs_the_permission_to_change(
    anonymous: ApiClient, reader: ApiClient, staff: ApiClient, staff_user: User
) -> None:
    duplicate, into = factories.make_person(), factories.make_person()
    assert merge(anonymous, duplicate, into).status_code == 401
    assert merge(reader, duplicate, into).status_code == 403
    assert merge(staff, duplicate, into).status_code == 403
    staff_user.user_permissions.set(Permission.objects.filter(codename="change_person"))
    assert merge(staff, duplicate, into).status_code == 200
