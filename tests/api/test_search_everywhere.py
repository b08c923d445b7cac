"""Searching all collections: what a hit says, and that nobody finds what they may not see, now or in the past."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.models import User

from initiatives.models import Initiative
from initiatives.models.publication import PublicationState
from initiatives.workflow import merge
from tests import factories
from tests.api.client import JSON, ApiClient
from tests.api.collections.cases import CASES
from tests.api.collections.suite import refusals
from tests.api.openapi import OpenAPI
from tracker.api import collections
from tracker.api.models import Token
from tracker.history.time_travel import current_revision

pytestmark = pytest.mark.django_db


def hits(client: ApiClient, q: str, **parameters: Any) -> list[str]:
    """What a search in all collections finds, in its order."""
    response = client.read("search/", q=q, **parameters)
    assert response.status_code == 200, response.content
    return [f"{hit['collection']}/{hit['slug']}" for hit in response.json()["results"]]


def test_a_hit_says_what_it_is_and_where(anonymous: ApiClient) -> None:
    organization = factories.make_organization(name_en="Quicksilver", name_ar="زئبق")
    initiative = factories.make_initiative(title_en="", title_ar="برنامج quicksilver")
    partnership = factories.make_partnership(description_en="About quicksilver")
    page = anonymous.read("search/", q="quicksilver").json()
    ranks = [hit.pop("rank") for hit in page["results"]]
    assert ranks == sorted(ranks, reverse=True)
    assert all(isinstance(rank, float) for rank in ranks)
    at = "http://testserver/api/v1"
    assert page == {
        "count": 3,
        "next": None,
        "previous": None,
        "results": [
            {
                "collection": "organizations",
                "id": organization.pk,
                "slug": organization.slug,
                "url": f"{at}/organizations/{organization.slug}/",
                "name": {"en": "Quicksilver", "ar": "زئبق"},
            },
            {
                "collection": "initiatives",
                "id": initiative.pk,
                "slug": initiative.slug,
                "url": f"{at}/initiatives/{initiative.slug}/",
                "title": {"en": None, "ar": "برنامج quicksilver"},
            },
            {
                "collection": "partnerships",
                "id": partnership.pk,
                "slug": partnership.slug,
                "url": f"{at}/partnerships/{partnership.slug}/",
            },
        ],
    }


def test_the_collections_can_be_chosen_and_the_pages_turned(anonymous: ApiClient) -> None:
    for case in CASES:
        case.rows().filter(pk=case.make().pk).update(slug="quicksilver")
    everywhere = {f"{case.name}/quicksilver" for case in CASES}
    assert set(hits(anonymous, "quicksilver")) == everywhere
    two = ["initiatives/quicksilver", "people/quicksilver"]
    assert sorted(hits(anonymous, "quicksilver", collections="people, initiatives")) == two
    page, seen = anonymous.read("search/", q="quicksilver", limit=7).json(), []
    while True:
        seen += [hit["url"] for hit in page["results"]]
        if page["next"] is None:
            break
        page = anonymous.get(page["next"]).json()
    assert len(seen) == len(set(seen)) == page["count"] == len(everywhere)


def test_it_is_documented_and_found_from_the_root(anonymous: ApiClient) -> None:
    openapi = OpenAPI.in_language()
    factories.make_initiative(title_en="Quicksilver")
    factories.make_partnership(description_en="Quicksilver")
    address = anonymous.get("/api/").json()["search"]
    for query in ("q=quicksilver", "q=quicksilver&collections=initiatives&limit=1", "q=", "q=a&page=2", "q=zzz"):
        openapi.assert_documented(anonymous.get(f"{address}?{query}"))
    for name in ("search", "organizations_list"):
        for example in openapi.parameters(name)["q"]["examples"].values():
            assert anonymous.read("search/", q=example["value"]).status_code == 200


def test_a_reader_keeps_the_answer_until_something_is_committed(anonymous: ApiClient) -> None:
    tag = anonymous.read("search/", q="quicksilver")["ETag"]
    again = anonymous.get("/api/v1/search/?q=quicksilver", headers={"if-none-match": tag})
    assert again.status_code == 304
    assert not again.content


# What readers may see ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("state", [PublicationState.DRAFT, PublicationState.IN_REVIEW, PublicationState.WITHDRAWN])
@pytest.mark.parametrize("outsider", ["anonymous", "reader"])
def test_what_is_hidden_is_neither_found_nor_counted(
    request: pytest.FixtureRequest, outsider: str, state: PublicationState, curator: ApiClient
) -> None:
    client = request.getfixturevalue(outsider)
    initiative = factories.make_initiative(title_en="Quicksilver", state=state)
    factories.make_milestone(title_en="Quicksilver", initiative=initiative)
    factories.make_smart_service(name_en="Quicksilver", state=state)
    dataset = factories.make_dataset(title_en="Quicksilver", state=state)
    factories.make_sharing_agreement(purpose_en="Quicksilver", dataset=dataset)
    factories.make_citation(note_en="Quicksilver", record=initiative)
    factories.make_indicator(title_en="Quicksilver", initiative=initiative)
    assert client.read("search/", q="quicksilver").json()["count"] == 0
    for name in collections.names():
        assert client.read(f"{name}/", q="quicksilver").json()["count"] == 0
    assert curator.read("search/", q="quicksilver").json()["count"] == 7


def test_a_duplicate_that_was_merged_is_not_found(anonymous: ApiClient, curator: ApiClient) -> None:
    duplicate = factories.make_organization(name_en="Quicksilver Office")
    into = factories.make_organization(name_en="Quicksilver")
    merge(duplicate=duplicate, into=into)
    for client in (anonymous, curator):
        assert client.slugs("organizations/", q="quicksilver") == [into.slug]
        assert hits(client, "quicksilver", collections="organizations") == [f"organizations/{into.slug}"]


@pytest.mark.parametrize(
    ("scopes", "chosen", "sees"),
    [
        (["*:read"], {}, True),
        (["initiatives:read"], {"collections": "initiatives"}, True),
        (["initiatives:read"], {}, False),
        (["search:read"], {}, False),
        (["organizations:read"], {"collections": "initiatives"}, False),
    ],
)
def test_a_token_that_does_not_reach_all_that_is_searched_searches_as_anybody(
    staff_user: User, scopes: list[str], chosen: dict[str, str], sees: bool
) -> None:
    factories.make_initiative(title_en="Quicksilver", state=PublicationState.DRAFT)
    _token, plaintext = Token.issue(user=staff_user, name="test", scopes=scopes)
    query = "&".join(f"{name}={value}" for name, value in {"q": "quicksilver", **chosen}.items())
    response = ApiClient().get(f"/api/v1/search/?{query}", headers={"authorization": f"Bearer {plaintext}"})
    assert response.json()["count"] == int(sees)


@pytest.mark.django_db(transaction=True)
def test_the_past_is_searched_as_it_was_and_hidden_as_it_is_now(anonymous: ApiClient, curator: ApiClient) -> None:
    initiative = factories.make_initiative(slug="meter", title_en="Quicksilver")
    gone = factories.make_organization(slug="office", name_ar="الزئبق")
    factories.make_person(slug="ali", name_en="Ali Quicksilver")
    then = current_revision()
    Initiative.objects.filter(pk=initiative.pk).update(title_en="Mercury")
    gone.delete()
    renamed = current_revision()
    everywhere = {"organizations": "زئبق", "initiatives": "quicksilver"}
    for name, word in everywhere.items():
        assert anonymous.slugs(f"{name}/", q=word) == []
        assert curator.read(f"{name}/", q=word, as_of=then).json()["count"] == 1
    assert anonymous.slugs("initiatives/", q="quicksilver", as_of=then) == ["meter"]
    assert hits(anonymous, "quicksilver", as_of=then) == ["initiatives/meter", "people/ali"]
    assert hits(anonymous, "quicksilver", as_of=renamed) == hits(anonymous, "quicksilver") == ["people/ali"]
    assert hits(anonymous, "mercury", as_of=then) == []
    assert hits(anonymous, "زئبق", as_of=then) == []
    assert hits(curator, "زئبق", as_of=then) == ["organizations/office"]
    Initiative.objects.get().withdraw()
    assert hits(anonymous, "quicksilver", as_of=then) == ["people/ali"]
    assert hits(curator, "quicksilver", as_of=then) == ["initiatives/meter", "people/ali"]


def test_search_refuses_what_it_does_not_know_and_says_what_there_is(anonymous: ApiClient) -> None:
    assert refusals(anonymous.read("search/")) == [("q", "no_word")]
    assert refusals(anonymous.read("search/", q="a", ordering="slug")) == [("ordering", "unknown_parameter")]
    for name in ("cities", "people,cities", "", ","):
        refused = anonymous.read("search/", q="a", collections=name)
        assert refusals(refused) == [("collections", "unknown_collection")]
        assert "smart-services" in refused.json()["detail"]
    assert anonymous.post("/api/v1/search/?q=a", {}, content_type=JSON).status_code == 405
