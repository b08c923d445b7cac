"""One revision: everything in one commit, as far as the reader may see it."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import transaction
from django.test import Client

from initiatives.models import Initiative, Organization, Person
from tests.history.mirror import curator
from tests.history.small_registry import plant
from tracker.history.models import Change
from tracker.history.time_travel import current_revision

pytestmark = pytest.mark.django_db(transaction=True)

ROOT = "/api/v1/revisions/"


def revision(number: int, client: Client | None = None, **parameters: Any) -> Any:
    answer = (client or Client()).get(f"{ROOT}{number}/", parameters)
    assert answer.status_code == 200, answer.content
    return answer.json()


def test_it_tells_of_everything_that_one_commit_changed_and_of_which_record() -> None:
    plant()
    found = revision(1)
    # Links are told of as fields of what they belong to.
    rows = Change.objects.exclude(table_name__regex="_(pillars|goals|stated_by|initiatives|milestonedependency)$")
    assert len(revision(1, curator())["changes"]) == rows.count()
    by_type = {change["on"]["type"]: change for change in found["changes"]}
    office = Client().get("/api/v1/organizations/office/").json()
    assert by_type["involvement"]["record"]["slug"] == "shown"
    assert by_type["servicerelease"]["record"]["collection"] == "smart-services"
    record = next(change["record"] for change in found["changes"] if change["on"]["id"] == office["id"])
    assert record == {"collection": "organizations", **{name: office[name] for name in ("id", "slug", "url", "name")}}


def test_it_leads_to_its_neighbours() -> None:
    for slug in ("a", "b", "c"):
        Person.objects.create(slug=slug, name_en=slug)
    first, second, third = (revision(number) for number in (1, 2, 3))
    assert (first["previous"], third["next"]) == (None, None)
    assert (first["next"], third["previous"]) == (second["url"], second["url"])
    assert (second["previous"], second["next"]) == (first["url"], third["url"])
    assert second["url"] == f"http://testserver{ROOT}2/"


@pytest.mark.parametrize("number", ["0", "2", "99999999999999999999999", "-1", "x", "1.0"])
def test_there_is_no_other(number: str) -> None:
    Person.objects.create(slug="a", name_en="A")
    answer = Client().get(f"{ROOT}{number}/")
    assert answer.status_code == 404
    assert answer["Content-Type"] == "application/problem+json"


def test_a_large_revision_comes_in_portions() -> None:
    with transaction.atomic():
        for number in range(5):
            Person.objects.create(slug=f"p-{number}", name_en="P")
    slugs = []
    address: str | None = f"{ROOT}1/?limit=2"
    while address:
        page = Client().get(address).json()
        slugs += [change["record"]["slug"] for change in page["changes"]]
        address = page["more"]
    assert slugs == [f"p-{number}" for number in range(5)]


def test_the_public_sees_what_is_public_and_why_only_if_it_sees_something() -> None:
    client = curator()
    for slug, state in (("mixed", "draft"), ("secret", "draft")):
        Initiative.objects.create(slug=slug, title_en=slug, state=state)
    with transaction.atomic():
        Organization.objects.create(slug="office", name_en="Office")
        Initiative.objects.filter(slug="mixed").update(title_en="Hidden title")
    client.patch(
        "/api/v1/initiatives/secret/",
        {"title": {"en": "New secret"}},
        "application/json",
        headers={"X-Change-Reason": "Because of secrets"},
    )
    last = current_revision()
    mixed = revision(last - 1)
    assert [change["record"]["slug"] for change in mixed["changes"]] == ["office"]
    assert len(revision(last - 1, client)["changes"]) == 2
    hidden = revision(last)
    assert (hidden["changes"], hidden["reason"], hidden["actor"]) == ([], None, None)
    assert revision(last, client)["reason"] == "Because of secrets"
    assert Client().get(ROOT).json()["results"][0]["reason"] is None
    assert client.get(ROOT).json()["results"][0]["reason"] == "Because of secrets"


def test_the_list_has_all_of_them_newest_first_in_pages() -> None:
    client = curator()
    for slug in ("a", "b", "c"):
        body = {"slug": slug, "name": {"en": slug}}
        client.post("/api/v1/people/", body, "application/json", headers={"X-Change-Reason": f"Why {slug}"})
    page = Client().get(f"{ROOT}?limit=2").json()
    assert page["count"] == 3
    assert [(each["revision"], each["reason"], each["actor"]) for each in page["results"]] == [
        (3, "Why c", None),
        (2, "Why b", None),
    ]
    assert [each["revision"] for each in Client().get(page["next"]).json()["results"]] == [1]
    assert client.get(ROOT).json()["results"][0]["actor"] == "curator"
    assert Client().get(page["results"][0]["url"]).json()["at"] == page["results"][0]["at"]


def test_an_empty_log_is_an_empty_list() -> None:
    assert Client().get(ROOT).json() == {"count": 0, "next": None, "previous": None, "results": []}


@pytest.mark.parametrize("address", [f"{ROOT}?since=1", f"{ROOT}?limit=0", f"{ROOT}1/?as_of=1", f"{ROOT}1/?limit=1001"])
def test_what_makes_no_sense_is_refused(address: str) -> None:
    Person.objects.create(slug="a", name_en="A")
    answer = Client().get(address)
    assert answer.status_code == 400, answer.content
    assert answer.json()["errors"][0]["parameter"] == address.partition("?")[2].partition("=")[0]


def test_head_conditional_and_page_requests_are_answered_as_everywhere() -> None:
    Person.objects.create(slug="a", name_en="Aisha")
    client = Client()
    for address in (ROOT, f"{ROOT}1/"):
        answer = client.get(address)
        assert client.head(address)["ETag"] == answer["ETag"]
        assert client.get(address, headers={"If-None-Match": answer["ETag"]}).status_code == 304
        assert client.get(address, headers={"Accept": "text/html"}).status_code == 200
        assert client.post(address, {}, "application/json").status_code == 405
