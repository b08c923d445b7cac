"""Partnerships: between two, one at a time, in tiers that are kept apart."""

from __future__ import annotations

from typing import Any

import pytest

from tests import factories
from tests.api.client import ApiClient
from tests.api.collections.suite import refusals

pytestmark = pytest.mark.django_db


@pytest.fixture
def body(db: None) -> dict[str, Any]:
    partner, other = factories.make_organization(), factories.make_organization()
    return {"organization": partner.slug, "with_organization": other.slug, "tier": "strategic"}


def test_nobody_is_a_partner_of_oneself(curator: ApiClient, body: dict[str, Any]) -> None:
    response = curator.send("POST", "partnerships/", {**body, "with_organization": body["organization"]})
    assert [where for where, _code in refusals(response)] == ["#/organization"]


@pytest.mark.parametrize(
    ("first", "second", "status"),
    [
        ({"since": "2017-01-01", "until": "2017-06-30"}, {"since": "2017-06-30"}, 409),
        ({"since": "2017-01-01", "until": "2017-06-30"}, {"since": "2017-07-01"}, 201),
        ({"since": "2017-01-01"}, {"since": "2030-01-01"}, 409),
        ({}, {}, 409),
        ({}, {"since": "2017-01-01"}, 201),
    ],
)
def test_two_have_one_partnership_at_a_time(
    curator: ApiClient, body: dict[str, Any], first: dict[str, str], second: dict[str, str], status: int
) -> None:
    assert curator.send("POST", "partnerships/", {**body, **first}).status_code == 201
    # The tier makes no difference: one is a founding strategic partner or a strategic one.
    response = curator.send("POST", "partnerships/", {**body, **second, "tier": "founding_strategic"})
    assert response.status_code == status
    turned = {**body, "organization": body["with_organization"], "with_organization": body["organization"]}
    assert curator.send("POST", "partnerships/", {**turned, **second}).status_code == 201


def test_tiers_are_not_mixed_up_by_filters(curator: ApiClient, anonymous: ApiClient, body: dict[str, Any]) -> None:
    strategic = curator.send("POST", "partnerships/", body).json()["slug"]
    founding = factories.make_partnership(tier="founding_strategic").slug
    assert anonymous.slugs("partnerships/", tier="strategic") == [strategic]
    assert anonymous.slugs("partnerships/", tier="founding_strategic") == [founding]
    assert set(anonymous.slugs("partnerships/", tier__in="strategic,founding_strategic")) == {strategic, founding}
    assert refusals(anonymous.read("partnerships/", tier__in="strategic,founding")) == [("tier__in", "invalid")]
