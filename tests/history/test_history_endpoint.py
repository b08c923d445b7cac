"""The history of one record: who changed it, when, why, and which fields from what to what."""

from __future__ import annotations

import json
from datetime import date
from typing import Any

import pytest
from django.contrib.auth.models import Permission, User
from django.test import Client

from initiatives.models import Engagement, Goal, Initiative, Milestone, Organization, Person, Pillar, Source, Strategy
from tests.api.openapi import OpenAPI
from tests.history.mirror import curator
from tests.history.small_registry import plant
from tracker.api import collections
from tracker.history.time_travel import current_revision

pytestmark = pytest.mark.django_db(transaction=True)


def history(path: str, client: Client | None = None, **parameters: Any) -> Any:
    answer = (client or Client()).get(f"/api/v1/{path}/history/", parameters)
    assert answer.status_code == 200, answer.content
    return answer.json()


def changes(path: str, client: Client | None = None) -> list[Any]:
    """The changes of the last revision."""
    return list(history(path, client)["results"][0]["changes"])


def fields(change: Any) -> dict[str, Any]:
    """From what to what, by field and language."""
    return {
        ".".join(filter(None, (each["field"], each["language"]))): (each["from"], each["to"])
        for each in change["fields"]
    }


@pytest.fixture
def office() -> Organization:
    return Organization.objects.create(slug="office", name_en="Office", name_ar="مكتب", kind="authority")


@pytest.fixture
def shown(office: Organization) -> Initiative:
    return Initiative.objects.create(slug="shown", title_en="Shown", lead=office)


# Who, when, why -------------------------------------------------------------------------------------------------------


def test_each_write_is_an_entry_newest_first_with_who_when_and_why() -> None:
    client = curator()
    url = client.post("/api/v1/people/", {"slug": "aisha", "name": {"en": "Aisha"}}, "application/json").json()["url"]
    reason = {"X-Change-Reason": "A spelling", "X-Request-ID": "r-2"}
    client.patch(url, {"name": {"ar": "عائشة"}}, "application/json", headers=reason)
    page = history("people/aisha", client)
    assert (page["count"], page["next"], page["previous"]) == (2, None, None)
    last, first = page["results"]
    assert (last["revision"], first["revision"]) == (2, 1)
    assert (last["actor"], last["reason"], last["request_id"]) == ("curator", "A spelling", "r-2")
    assert (first["actor"], first["reason"]) == ("curator", None)
    assert last["at"].endswith("Z")
    assert last["at"] > first["at"]
    assert client.get(last["url"]).json()["revision"] == 2
    (change,) = last["changes"]
    assert change["action"] == "update"
    assert change["on"] == {
        "type": "person",
        "id": Person.objects.get().pk,
        "label": {"en": "Aisha", "ar": "عائشة"},
    }
    assert change["fields"] == [{"field": "name", "language": "ar", "from": None, "to": "عائشة"}]
    (created,) = first["changes"]
    assert created["action"] == "create"
    assert fields(created) == {"slug": (None, "aisha"), "name.en": (None, "Aisha")}


def test_the_public_reads_why_but_not_who() -> None:
    body = {"slug": "aisha", "name": {"en": "Aisha"}}
    curator().post("/api/v1/people/", body, "application/json", headers={"X-Change-Reason": "Appointed"})
    for client in (Client(), signed_in()):
        (entry,) = history("people/aisha", client)["results"]
        assert (entry["reason"], entry["actor"], entry["request_id"]) == ("Appointed", None, None)


def signed_in(*permissions: str, staff: bool = False) -> Client:
    user = User.objects.create_user(f"user-{User.objects.count()}", is_staff=staff)
    user.user_permissions.set(Permission.objects.filter(codename__in=permissions))
    client = Client()
    client.force_login(user)
    return client


def test_it_comes_in_pages() -> None:
    person = Person.objects.create(slug="aisha", name_en="0")
    for number in range(1, 5):
        person.name_en = str(number)
        person.save()
    page = history("people/aisha", limit=2)
    assert (page["count"], [each["revision"] for each in page["results"]]) == (5, [5, 4])
    second = Client().get(page["next"]).json()
    assert [each["revision"] for each in second["results"]] == [3, 2]
    assert [each["revision"] for each in history("people/aisha", offset=4)["results"]] == [1]
    assert history("people/aisha", offset=5)["results"] == []
    assert history("people/aisha", count="none")["count"] is None


# Which fields ---------------------------------------------------------------------------------------------------------


def test_values_are_as_the_record_itself_shows_them(office: Organization) -> None:
    client = curator()
    body = {
        "slug": "plan",
        "title": {"en": "Plan", "ar": "خطة"},
        "lead": "office",
        "planned_start": "2017-01-01",
        "budget_amount": "1234567890123.10",
        "budget_currency": "AED",
        "pillars": [],
    }
    record = client.post("/api/v1/initiatives/", body, "application/json").json()
    (change,) = changes("initiatives/plan")
    found = fields(change)
    assert found["lead"] == (None, record["lead"])
    assert found["budget_amount"] == (None, "1234567890123.10")
    assert found["planned_start"] == (None, "2017-01-01")
    assert found["title.ar"] == (None, "خطة")
    assert found["status"] == (None, "planned")
    assert found["kind"] == (None, "initiative")
    assert "pillars" not in found
    assert "updated_at" not in found
    client.patch(record["url"], {"lead": None, "kind": "project", "title": {"ar": None}}, "application/json")
    assert fields(changes("initiatives/plan")[0]) == {
        "title.ar": ("خطة", None),
        "kind": ("initiative", "project"),
        "lead": (record["lead"], None),
    }


def test_lists_and_references_to_any_record_are_as_the_record_shows_them() -> None:
    plant()
    client = curator()
    client.patch(
        "/api/v1/datasets/open/", {"keywords": {"en": ["open"], "ar": []}, "themes": ["mobility"]}, "application/json"
    )
    found = fields(changes("datasets/open")[0])
    assert found == {"keywords.en": ([], ["open"]), "keywords.ar": (["مفتوحة"], []), "themes": ([], ["mobility"])}
    before = client.get("/api/v1/statements/aim/").json()["about"]
    client.patch("/api/v1/statements/aim/", {"about": "initiatives/shown"}, "application/json")
    after = client.get("/api/v1/statements/aim/").json()["about"]
    assert fields(changes("statements/aim")[0]) == {"about": (before, after)}
    assert after["collection"] == "initiatives"


def test_a_record_of_every_collection_has_a_history_of_all_its_fields() -> None:
    plant()
    client = curator()
    for collection in collections.names():
        for record in client.get(f"/api/v1/{collection}/").json()["results"]:
            entries = history(f"{collection}/{record['slug']}", client)["results"]
            created = next(
                change
                for change in entries[-1]["changes"]
                if change["action"] == "create" and change["on"]["id"] == record["id"]
            )
            found = fields(created)
            for name, value in record.items():
                if isinstance(value, str) and name not in ("url", "created_at", "updated_at"):
                    assert found.get(name, (None, value)) == (None, value), (collection, name)
            assert found["slug"] == (None, record["slug"])


def test_an_entry_in_which_only_a_part_changed_tells_of_the_part_alone(shown: Initiative) -> None:
    client = curator()
    client.patch("/api/v1/initiatives/shown/", {"milestones": [{"title": {"en": "First"}}]}, "application/json")
    (change,) = changes("initiatives/shown")
    milestone = Milestone.objects.get()
    assert change["on"] == {"type": "milestone", "id": milestone.pk, "label": {"en": "First", "ar": None}}
    assert fields(change)["title.en"] == (None, "First")


# Parts, links and citations -------------------------------------------------------------------------------------------


def test_parts_and_what_is_a_part_of_them_are_in_the_history_of_their_record(shown: Initiative) -> None:
    article = Source.objects.create(slug="article", title_en="Article")
    visit = Engagement.objects.create(slug="visit", kind="visit", title_en="Visit")
    outcome = visit.outcomes.create(text_en="Agreed")
    outcome.citations.create(slug="cited", source=article, locator="L1")
    outcome.initiatives.add(shown)
    outcome.status = "done"
    outcome.save()
    client = curator()
    entries = history("engagements/visit", client)["results"]
    told = [(change["action"], change["on"]["type"]) for entry in entries for change in entry["changes"]]
    assert told == [
        ("update", "outcome"),
        ("update", "outcome"),
        ("create", "citation"),
        ("create", "outcome"),
        ("create", "engagement"),
    ]
    reference = client.get("/api/v1/engagements/visit/").json()["outcomes"][0]["initiatives"][0]
    assert fields(entries[1]["changes"][0]) == {"initiatives": (None, reference)}
    about = fields(entries[2]["changes"][0])["record"][1]
    assert (about["slug"], about["part"]) == ("visit", {"type": "outcome", "id": outcome.pk})


def test_links_are_added_and_removed_references_under_the_name_of_their_field(shown: Initiative) -> None:
    strategy = Strategy.objects.create(slug="strategy", title_en="Strategy")
    for position in (1, 2):
        Pillar.objects.create(slug=f"pillar-{position}", name_en="Pillar", strategy=strategy, position=position)
    Goal.objects.create(slug="goal", title_en="Goal")
    client = curator()
    client.patch("/api/v1/initiatives/shown/", {"pillars": ["pillar-1"], "goals": ["goal"]}, "application/json")
    (change,) = changes("initiatives/shown", client)
    assert (change["action"], change["on"]["type"], change["on"]["id"]) == ("update", "initiative", shown.pk)
    assert [(each["field"], each["from"], each["to"]["slug"]) for each in change["fields"]] == [
        ("pillars", None, "pillar-1"),
        ("goals", None, "goal"),
    ]
    client.patch("/api/v1/initiatives/shown/", {"pillars": ["pillar-2"], "title": {"ar": "مبادرة"}}, "application/json")
    (change,) = changes("initiatives/shown", client)
    by_slug = {
        ((each["from"] or {}).get("slug"), (each["to"] or {}).get("slug"))
        for each in change["fields"]
        if each["field"] == "pillars"
    }
    assert by_slug == {("pillar-1", None), (None, "pillar-2")}
    assert {"field": "title", "language": "ar", "from": None, "to": "مبادرة"} in change["fields"]


def test_a_milestone_that_waits_for_another_says_so_in_both_histories(shown: Initiative) -> None:
    for slug in ("first", "second"):
        Milestone.objects.create(slug=slug, title_en=slug, initiative=shown)
    curator().patch("/api/v1/milestones/second/", {"depends_on": ["first"]}, "application/json")
    for path in ("milestones/second", "initiatives/shown"):
        (change,) = changes(path)
        assert change["on"]["label"]["en"] == "second"
        ((field, (before, after)),) = fields(change).items()
        assert (field, before, after["slug"]) == ("depends_on", None, "first")


def test_a_part_that_moves_is_in_both_histories_and_afterwards_only_in_that_of_its_new_record(
    shown: Initiative,
) -> None:
    other = Initiative.objects.create(slug="other", title_en="Other")
    milestone = Milestone.objects.create(slug="moved", title_en="Moved", initiative=shown)
    Milestone.objects.update(initiative=other)
    moved = current_revision()
    milestone.refresh_from_db()
    milestone.due_on = date(2017, 1, 1)
    milestone.save()
    revisions = {
        path: [entry["revision"] for entry in history(f"initiatives/{path}", curator())["results"]]
        for path in ("shown", "other")
    }
    assert revisions["shown"][:2] == [moved, moved - 1]
    assert revisions["other"] == [moved + 1, moved, moved - 2]
    leaving = next(entry for entry in history("initiatives/shown")["results"] if entry["revision"] == moved)
    before, after = fields(leaving["changes"][0])["initiative"]
    assert (before["slug"], after["slug"]) == ("shown", "other")


def test_rows_without_a_name_are_called_by_what_they_refer_to(shown: Initiative, office: Organization) -> None:
    shown.involvements.create(organization=office, role="lead")
    (change,) = changes("initiatives/shown")
    assert change["on"]["label"] == {"en": "Office", "ar": "مكتب"}


# Who may read it ------------------------------------------------------------------------------------------------------


def test_the_history_of_a_deleted_record_is_for_those_who_could_restore_it() -> None:
    Person.objects.create(slug="aisha", name_en="Aisha")
    Person.objects.all().delete()
    may = signed_in("change_person", staff=True)
    deleted, created = history("people/aisha", may)["results"]
    assert fields(deleted["changes"][0]) == {"slug": ("aisha", None), "name.en": ("Aisha", None)}
    assert (deleted["changes"][0]["action"], created["changes"][0]["action"]) == ("delete", "create")
    for client in (Client(), signed_in(), signed_in("change_person"), signed_in("change_goal", staff=True)):
        assert client.get("/api/v1/people/aisha/history/").status_code == 404


def test_the_last_of_several_records_that_were_deleted_under_a_slug_is_found_and_a_living_one_first() -> None:
    for name in ("First", "Second"):
        Person.objects.create(slug="aisha", name_en=name)
        Person.objects.all().delete()
    may = curator()
    assert [entry["revision"] for entry in history("people/aisha", may)["results"]] == [4, 3]
    Person.objects.create(slug="aisha", name_en="Third")
    assert [entry["revision"] for entry in history("people/aisha", may)["results"]] == [5]


def test_what_is_hidden_now_has_no_history_for_the_public(shown: Initiative) -> None:
    shown.withdraw()
    assert Client().get("/api/v1/initiatives/shown/history/").status_code == 404
    assert history("initiatives/shown", curator())["count"] == 2


def test_the_public_does_not_read_what_was_written_while_the_record_was_hidden() -> None:
    plan = Initiative.objects.create(slug="plan", title_en="Secret", state="draft")
    plan.title_en = "Public"
    plan.save()
    plan.publish()
    (entry,) = history("initiatives/plan")["results"]
    assert entry["revision"] == 3
    (change,) = entry["changes"]
    assert change["action"] == "create"
    assert fields(change)["title.en"] == (None, "Public")
    assert len(history("initiatives/plan", curator())["results"]) == 3


def test_the_public_does_not_read_of_parts_and_references_that_are_hidden_or_gone(shown: Initiative) -> None:
    hidden = Initiative.objects.create(slug="hidden", title_en="Hidden", state="draft")
    shown.progress_updates.create(on=date(2017, 1, 1), health="at_risk", text_en="Draft text", state="draft")
    Milestone.objects.create(slug="gone", title_en="Deleted title", initiative=shown).delete()
    shown.parent = hidden
    shown.save()
    text = json.dumps(history("initiatives/shown"))
    told = json.dumps(history("initiatives/shown", curator()))
    for secret in ("Draft text", "Deleted title", "initiatives/hidden"):
        assert secret in told
        assert secret not in text


def test_references_to_deleted_records_keep_their_names_for_staff_only(shown: Initiative, office: Organization) -> None:
    shown.lead = None
    shown.save()
    office.delete()
    before, after = fields(changes("initiatives/shown", curator())[0])["lead"]
    assert (before["slug"], before["name"], after) == ("office", {"en": "Office", "ar": "مكتب"}, None)
    assert "office" not in json.dumps(history("initiatives/shown"))


# As any list ----------------------------------------------------------------------------------------------------------


def test_it_can_be_read_as_of_a_revision(shown: Initiative) -> None:
    Initiative.objects.update(slug="renamed", title_en="Renamed")
    page = history("initiatives/shown", as_of=current_revision() - 1)
    assert page["count"] == 1
    assert Client().get(f"/api/v1/initiatives/renamed/history/?as_of={current_revision() - 1}").status_code == 404
    assert history("initiatives/renamed", as_of=current_revision())["count"] == 2


@pytest.mark.parametrize("query", ["limit=0", "offset=-1", "count=some", "since=1", "fields=slug", "as_of=999"])
def test_what_makes_no_sense_is_refused(query: str) -> None:
    Person.objects.create(slug="aisha", name_en="Aisha")
    answer = Client().get(f"/api/v1/people/aisha/history/?{query}")
    assert answer.status_code == 400, answer.content
    assert answer.json()["errors"][0]["parameter"] == query.partition("=")[0]


def test_unknown_records_have_none_and_nobody_writes_it() -> None:
    Person.objects.create(slug="aisha", name_en="Aisha")
    assert Client().get("/api/v1/people/nobody/history/").status_code == 404
    assert curator().get("/api/v1/people/nobody/history/").status_code == 404
    assert curator().delete("/api/v1/people/aisha/history/").status_code == 405


def test_head_conditional_and_page_requests_are_answered_as_everywhere() -> None:
    Person.objects.create(slug="aisha", name_en="Aisha")
    client = Client()
    address = "/api/v1/people/aisha/history/"
    answer = client.get(address)
    assert client.head(address)["ETag"] == answer["ETag"]
    assert client.get(address, headers={"If-None-Match": answer["ETag"]}).status_code == 304
    page = client.get(address, headers={"Accept": "text/html"})
    assert page.status_code == 200
    assert "Aisha" in page.content.decode()


def test_every_answer_is_as_the_openapi_document_says() -> None:
    plant()
    client = curator()
    shown = Initiative.objects.get(slug="shown")
    shown.withdraw()
    shown.publish()
    Person.objects.create(slug="gone", name_en="Gone").delete()
    openapi = OpenAPI.in_language()
    addresses = [
        *("people/gone/history/", "people/nobody/history/", "revisions/", "revisions/1/", "revisions/99/"),
        *("changes/", "changes/?since=1&limit=1", "changes/?since=99", "changes/?sinse=1", "revisions/?limit=0"),
    ]
    for collection in collections.names():
        for record in client.get(f"/api/v1/{collection}/?limit=2").json()["results"]:
            addresses += [f"{collection}/{record['slug']}/history/"]
    for reader in (Client(), client):
        for address in addresses:
            openapi.assert_documented(reader.get(f"/api/v1/{address}"))
    for body in ({"revision": 1}, {"revision": 99}, {}):
        answer = client.post("/api/v1/initiatives/shown/restore/", body, "application/json")
        openapi.assert_documented(answer)


def test_the_number_of_queries_does_not_grow_with_the_entries(django_assert_max_num_queries: Any) -> None:
    shown = Initiative.objects.create(slug="shown", title_en="Shown")
    counts = []
    for times in (3, 12):
        for number in range(times):
            office = Organization.objects.create(slug=f"o-{times}-{number}", name_en="O")
            shown.involvements.create(organization=office, role="partner")
        for client in (Client(), curator()):
            client.get("/api/v1/people/")
            with django_assert_max_num_queries(60) as asked:
                history("initiatives/shown", client)
            counts.append(len(asked))
    assert counts[:2] == counts[2:]
