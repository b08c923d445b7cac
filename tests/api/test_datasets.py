"""Datasets and the agreements under which they are shared."""

from __future__ import annotations

from typing import Any

import pytest

from tests import factories
from tests.api.client import ApiClient
from tests.api.collections.suite import refusals

pytestmark = pytest.mark.django_db


@pytest.fixture
def body(db: None) -> dict[str, Any]:
    return {
        "dataset": factories.make_dataset().slug,
        "provider": factories.make_organization().slug,
        "recipient": factories.make_organization().slug,
        "purpose": {"en": "Study"},
        "status": "active",
    }


@pytest.mark.parametrize(
    ("first", "second", "status"),
    [
        ({"valid_from": "2017-01-01", "valid_until": "2017-06-30"}, {"valid_from": "2017-06-30"}, 409),
        ({"valid_from": "2017-01-01", "valid_until": "2017-06-30"}, {"valid_from": "2017-07-01"}, 201),
        ({"valid_until": "2017-06-30"}, {"valid_from": "2017-07-01", "status": "approved"}, 201),
        ({}, {"valid_from": "2017-07-01"}, 409),
        ({}, {"status": "requested"}, 201),
        ({"status": "revoked"}, {}, 201),
    ],
)
def test_a_recipient_has_one_agreement_in_force_at_a_time(
    curator: ApiClient, body: dict[str, Any], first: dict[str, str], second: dict[str, str], status: int
) -> None:
    assert curator.send("POST", "agreements/", {**body, **first}).status_code == 201
    response = curator.send("POST", "agreements/", {**body, **second})
    assert response.status_code == status, response.content
    elsewhere = {**body, **second, "recipient": factories.make_organization().slug}
    assert curator.send("POST", "agreements/", elsewhere).status_code == 201


def test_an_agreement_comes_into_force_only_where_none_is(curator: ApiClient, body: dict[str, Any]) -> None:
    curator.send("POST", "agreements/", body)
    requested = curator.send("POST", "agreements/", {**body, "status": "requested"}).json()["slug"]
    assert refusals(curator.send("PATCH", f"agreements/{requested}/", {"status": "approved"}), 409)


def test_provider_and_recipient_are_two(curator: ApiClient, body: dict[str, Any]) -> None:
    response = curator.send("POST", "agreements/", {**body, "recipient": body["provider"]})
    assert [where for where, _code in refusals(response)] == ["#/provider"]


def test_datasets_are_found_by_theme_and_keyword(anonymous: ApiClient) -> None:
    dataset = factories.make_dataset(themes=["transport", "health"], keywords_en=["bus"], keywords_ar=["حافلة"])
    factories.make_dataset(themes=["energy"])
    for query in ({"themes": "health"}, {"keywords_en": "bus"}, {"keywords_ar": "حافلة"}):
        assert anonymous.slugs("datasets/", **query) == [dataset.slug]


@pytest.mark.parametrize("size", [-1, 2**63, "big", True, 1.5])
def test_a_size_is_a_whole_number_of_bytes(curator: ApiClient, size: Any) -> None:
    dataset = factories.make_dataset()
    response = curator.send(
        "PATCH", f"datasets/{dataset.slug}/", {"distributions": [{"format": "CSV", "byte_size": size}]}
    )
    assert [where for where, _code in refusals(response)] == ["#/distributions/0/byte_size"]


def test_the_largest_file_fits(curator: ApiClient) -> None:
    dataset = factories.make_dataset()
    distribution = {"format": "CSV", "byte_size": 2**63 - 1}
    [one] = curator.send("PATCH", f"datasets/{dataset.slug}/", {"distributions": [distribution]}).json()[
        "distributions"
    ]
    assert one["byte_size"] == 2**63 - 1
