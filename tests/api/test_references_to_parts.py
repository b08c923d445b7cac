"""A citation may be about a part of a record; what is read of it can be sent back."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

import pytest

from initiatives.models import Citation
from tests import factories
from tests.api.client import ApiClient
from tests.api.openapi import OpenAPI


@pytest.fixture
def citation(db: None) -> Any:
    return factories.make_citation(record=factories.make_involvement())


def record_of(citation: Any) -> Any:
    return Citation.objects.get(pk=citation.pk).record


def test_what_is_read_names_the_record_and_the_part(anonymous: ApiClient, citation: Any) -> None:
    record = anonymous.read(f"citations/{citation.slug}/").json()["record"]
    assert record["collection"] == "initiatives"
    assert record["slug"] == citation.record.initiative.slug
    assert record["part"] == {"type": "involvement", "id": citation.record.pk}


def test_sent_back_it_is_still_about_the_part(curator: ApiClient, citation: Any) -> None:
    record = curator.read(f"citations/{citation.slug}/").json()["record"]
    assert not OpenAPI.in_language().refusals(OpenAPI.in_language().named("AnyReferenceWrite"), record)
    response = curator.send("PATCH", f"citations/{citation.slug}/", {"record": record})
    assert response.json()["record"] == record
    assert record_of(citation) == citation.record


def test_without_the_part_it_becomes_about_the_record(curator: ApiClient, citation: Any) -> None:
    slug = citation.record.initiative.slug
    curator.send("PATCH", f"citations/{citation.slug}/", {"record": f"initiatives/{slug}"})
    assert record_of(citation) == citation.record.initiative


@pytest.mark.parametrize(
    "part",
    [
        {"type": "involvement", "id": 2**70},
        {"type": "involvement", "id": "1"},
        {"type": "involvement", "id": True},
        {"type": "capability", "id": 1},
        {"type": "user", "id": 1},
        {"type": ["involvement"], "id": 1},
        {},
        "involvement",
    ],
)
def test_a_part_that_the_record_does_not_have_is_refused(curator: ApiClient, citation: Any, part: Any) -> None:
    body = {"record": {"collection": "initiatives", "slug": citation.record.initiative.slug, "part": part}}
    response = curator.send("PATCH", f"citations/{citation.slug}/", body)
    assert response.status_code == HTTPStatus.BAD_REQUEST
    assert response.json()["errors"][0]["pointer"] == "#/record"


def test_a_part_of_another_record_is_refused(curator: ApiClient, citation: Any) -> None:
    other = factories.make_involvement()
    part = {"type": "involvement", "id": other.pk}
    body = {"record": {"collection": "initiatives", "slug": citation.record.initiative.slug, "part": part}}
    assert curator.send("PATCH", f"citations/{citation.slug}/", body).status_code == HTTPStatus.BAD_REQUEST
