"""The Atom feeds: the latest changes for people, in their language."""

from __future__ import annotations

from typing import Any
from xml.etree import ElementTree

import pytest
from django.test import Client

from initiatives.models import Initiative, Organization, Person
from tests.history.mirror import curator
from tracker.history.api.views import ENTRIES

pytestmark = pytest.mark.django_db(transaction=True)

ATOM = "{http://www.w3.org/2005/Atom}"
FEED = "/api/v1/changes.atom"


def entries(address: str = FEED, client: Client | None = None, **headers: str) -> list[dict[str, str]]:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    answer = (client or Client()).get(address, headers=named)
    assert answer.status_code == 200, answer.content
    assert answer["Content-Type"] == "application/atom+xml; charset=utf-8"
    return [text_of(entry) for entry in root_of(answer).findall(f"{ATOM}entry")]


def root_of(answer: Any) -> ElementTree.Element:
    return ElementTree.fromstring(answer.content)


def text_of(entry: ElementTree.Element) -> dict[str, str]:
    found = {name: entry.findtext(f"{ATOM}{name}") or "" for name in ("title", "id", "updated", "summary")}
    link = entry.find(f"{ATOM}link")
    return {**found, "link": link.get("href", "") if link is not None else ""}


def test_it_tells_what_became_of_which_record_and_leads_to_the_revision() -> None:
    client = curator()
    body = {"slug": "office", "name": {"en": "Office", "ar": "مكتب"}}
    url = client.post("/api/v1/organizations/", body, "application/json").json()["url"]
    client.patch(url, {"name": {"en": "Bureau"}}, "application/json", headers={"X-Change-Reason": "Renamed by law"})
    changed, created = entries()
    assert created["title"] == "Created: organization “Office”"
    assert changed["title"] == "Changed: organization “Bureau”"
    assert "Renamed by law" in changed["summary"]
    assert "Name (en): Office → Bureau" in changed["summary"]
    assert changed["id"] == changed["link"] == "http://testserver/api/v1/revisions/2/"
    assert Client().get(changed["link"]).json()["revision"] == 2


def test_who_asks_what_a_feed_is_is_told_in_json() -> None:
    Organization.objects.create(slug="office", name_en="Office")
    answer = Client().options(FEED)
    assert (answer.status_code, answer["Content-Type"]) == (200, "application/json")
    assert answer.json()["renders"] == ["application/atom+xml"]
    for address in (FEED, "/api/v1/organizations/office/history/"):
        assert Client().options(address, headers={"Accept": "application/atom+xml"}).status_code == 406
        refused = Client().options(f"{address}?format=atom")
        assert (refused.status_code, refused.json()["errors"][0]["parameter"]) == (400, "format")


def test_it_speaks_the_readers_language() -> None:
    Organization.objects.create(slug="office", name_en="Office", name_ar="مكتب")
    (english,) = entries(accept_language="en")
    (arabic,) = entries(accept_language="ar")
    assert "Office" in english["title"]
    assert "مكتب" in arabic["title"]
    assert "Office" not in arabic["title"]
    answer = Client().get(FEED, headers={"Accept-Language": "ar"})
    assert root_of(answer).get("{http://www.w3.org/XML/1998/namespace}lang") == "ar"


def test_it_is_a_valid_feed() -> None:
    Person.objects.create(slug="aisha", name_en="Aisha <b>&</b> \x01 \ufffe “co”")
    answer = Client().get(FEED)
    root = root_of(answer)
    for name in ("title", "id", "updated"):
        assert root.findtext(f"{ATOM}{name}"), name
    assert root.find(f"{ATOM}author") is not None
    links = {link.get("rel"): link.get("href") for link in root.findall(f"{ATOM}link")}
    assert links["self"] == f"http://testserver{FEED}"
    (entry,) = entries()
    assert "<b>&</b>" in entry["title"]


def test_several_changes_of_one_commit_are_counted() -> None:
    curator().post(
        "/api/v1/initiatives/",
        {"slug": "plan", "title": {"en": "Plan"}, "milestones": [{"title": {"en": "M"}}, {"title": {"en": "N"}}]},
        "application/json",
    )
    (entry,) = entries()
    assert entry["title"] == "Created: initiative “Plan”, and 2 more changes"


def test_the_public_gets_the_newest_that_it_may_see_and_staff_all() -> None:
    shown = Organization.objects.create(slug="office", name_en="Office")
    for number in range(3):
        Initiative.objects.create(slug=f"draft-{number}", title_en="Secret", state="draft")
    assert [entry["title"] for entry in entries()] == ["Created: organization “Office”"]
    assert len(entries(client=curator())) == 4
    for number in range(ENTRIES + 5):
        shown.name_en = f"Office {number}"
        shown.save()
    found = entries()
    assert len(found) == ENTRIES
    assert found[0]["title"].endswith(f"“Office {ENTRIES + 4}”")


def test_a_record_has_a_feed_of_its_own() -> None:
    for slug in ("aisha", "younus"):
        Person.objects.create(slug=slug, name_en=slug.title())
    address = "/api/v1/people/aisha/history/"
    (entry,) = entries(f"{address}?format=atom")
    assert entry["title"] == "Created: person “Aisha”"
    assert entries(address, Accept="application/atom+xml") == [entry]


def test_it_is_refused_as_everything_else_is_and_told_from_the_cache() -> None:
    Person.objects.create(slug="aisha", name_en="Aisha")
    client = Client()
    refused = client.get(f"{FEED}?limit=5")
    assert refused.status_code == 400
    assert refused["Content-Type"] == "application/problem+json"
    assert client.get(FEED, headers={"Accept": "application/json"}).status_code == 406
    answer = client.get(FEED)
    assert client.head(FEED)["ETag"] == answer["ETag"]
    assert client.get(FEED, headers={"If-None-Match": answer["ETag"]}).status_code == 304


def test_an_empty_log_is_an_empty_feed() -> None:
    assert entries() == []
