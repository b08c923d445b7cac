"""Platforms with what they promise, services with their releases."""

from __future__ import annotations

from typing import Any

import pytest

from tests import factories
from tests.api.client import ApiClient
from tests.api.collections.suite import refusals

pytestmark = pytest.mark.django_db


def test_what_is_announced_is_promised_and_has_no_delivery_date(curator: ApiClient) -> None:
    body = {"name": {"en": "P"}, "capabilities": [{"text": {"en": "C"}}]}
    assert curator.send("POST", "platforms/", body).json()["capabilities"][0]["status"] == "promised"
    for status in ("promised", "in_development"):
        wrong = {**body, "capabilities": [{"text": {"en": "C"}, "status": status, "delivered_on": "2017-01-01"}]}
        [(where, _code)] = refusals(curator.send("POST", "platforms/", wrong))
        assert where in {"#/capabilities/0/delivered_on", "#/capabilities/0/status"}


def test_the_current_release_is_the_latest_that_is_out(curator: ApiClient, anonymous: ApiClient) -> None:
    releases: list[dict[str, Any]] = [
        {"version": "2.0", "released_on": "2018-01-01"},
        {"version": "1.0", "released_on": "2016-01-01"},
        {"version": "3.0"},
    ]
    body = {"name": {"en": "S"}, "provider": factories.make_organization().slug, "releases": releases}
    document = curator.send("POST", "smart-services/", body).json()
    assert (document["current_version"], document["current_released_on"]) == ("2.0", "2018-01-01")
    assert [each["version"] for each in document["releases"]] == ["1.0", "2.0", "3.0"]
    assert anonymous.slugs("smart-services/", current_version="2.0") == [document["slug"]]
    bare = factories.make_smart_service()
    assert anonymous.read(f"smart-services/{bare.slug}/").json()["current_version"] is None


def test_a_version_is_released_once(curator: ApiClient) -> None:
    service = factories.make_smart_service()
    response = curator.send(
        "PATCH", f"smart-services/{service.slug}/", {"releases": [{"version": "1"}, {"version": "1"}]}
    )
    assert refusals(response) == [("#/releases/1/version", "unique")]
    assert not service.releases.exists()


def test_services_are_found_by_channel(anonymous: ApiClient) -> None:
    service = factories.make_smart_service(channels=["web", "mobile"])
    factories.make_smart_service(channels=["kiosk"])
    assert anonymous.slugs("smart-services/", channels="mobile") == [service.slug]
    refused = anonymous.read("smart-services/", channels="telepathy")
    assert refusals(refused) == [("channels", "invalid")]
    assert "kiosk" in refused.json()["detail"]
