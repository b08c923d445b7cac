"""People and the posts that they hold for a time."""

from __future__ import annotations

from typing import Any

import pytest

from tests import factories
from tests.api.client import ApiClient
from tests.api.collections.suite import refusals

pytestmark = pytest.mark.django_db


@pytest.fixture
def body(db: None) -> dict[str, Any]:
    person, organization = factories.make_person(), factories.make_organization()
    return {"person": person.slug, "organization": organization.slug, "title": {"en": "Head"}}


@pytest.mark.parametrize(
    ("first", "second", "status"),
    [
        ({"start": "2017-01-01", "end": "2017-06-30"}, {"start": "2017-06-30", "end": "2017-12-31"}, 409),
        ({"start": "2017-01-01", "end": "2017-06-30"}, {"start": "2017-07-01"}, 201),
        ({"start": "2017-01-01"}, {"start": "2018-01-01"}, 409),
        ({"start": "2017-01-01"}, {"start": "2018-01-01", "title": {"en": "Adviser"}}, 201),
        # Where no date is known, nothing can be said of overlap.
        ({}, {}, 201),
        ({}, {"start": "2017-01-01"}, 201),
    ],
)
def test_a_post_is_held_once_at_a_time(
    curator: ApiClient, body: dict[str, Any], first: dict[str, Any], second: dict[str, Any], status: int
) -> None:
    assert curator.send("POST", "appointments/", {**body, **first}).status_code == 201
    assert curator.send("POST", "appointments/", {**body, **second}).status_code == status
    somebody = {**body, **second, "person": factories.make_person().slug}
    assert curator.send("POST", "appointments/", somebody).status_code == 201


def test_the_refusal_of_an_overlap_says_so(curator: ApiClient, body: dict[str, Any]) -> None:
    curator.send("POST", "appointments/", {**body, "start": "2017-01-01"})
    response = curator.send("POST", "appointments/", {**body, "start": "2018-01-01"})
    assert refusals(response, 409)
    assert "already holds this post" in response.json()["detail"]


def test_a_post_does_not_end_before_it_starts(curator: ApiClient, body: dict[str, Any]) -> None:
    response = curator.send("POST", "appointments/", {**body, "start": "2017-01-02", "end": "2017-01-01"})
    assert refusals(response) == [("#/end", "end_before_start")]


def test_a_persons_posts_are_found_by_the_persons_slug(anonymous: ApiClient) -> None:
    post = factories.make_appointment()
    factories.make_appointment()
    assert anonymous.slugs("appointments/", person=post.person.slug) == [post.slug]
    assert anonymous.slugs("appointments/", organization=post.organization.slug) == [post.slug]


def test_two_of_one_family_name_are_two_people(curator: ApiClient, anonymous: ApiClient) -> None:
    for name in ("Hussain Lootah", "Thani Lootah"):
        assert curator.send("POST", "people/", {"name": {"en": name}}).status_code == 201
    assert anonymous.slugs("people/", name__icontains="lootah", ordering="name_en") == [
        "hussain-lootah",
        "thani-lootah",
    ]
