"""Following records: what is told of them, to whom, and how far one has read."""

from __future__ import annotations

import threading
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connection, connections
from django.test.utils import CaptureQueriesContext

from initiatives.models import FeedReader, Follow
from tests import factories as new
from tests.api.client import ApiClient
from tests.api.openapi import OpenAPI
from tracker.api.models import Token
from tracker.history.time_travel import current_revision

pytestmark = pytest.mark.django_db(transaction=True)

Body = dict[str, Any]


def follow(client: ApiClient, record: Any) -> Body:
    answer = client.send("PUT", f"me/following/{record.collection}/{record.slug}/", b"")
    assert answer.status_code in (200, 201), answer.content
    body: Body = answer.json()
    return body


def feed(client: ApiClient, **parameters: Any) -> Body:
    answer = client.read("me/feed/", **parameters)
    assert answer.status_code == 200, answer.content
    body: Body = answer.json()
    return body


def told(body: Body) -> list[tuple[str, list[tuple[str, str]]]]:
    """Of each entry the record and what became of what of it."""
    return [
        (entry["record"]["slug"], [(change["action"], change["on"]["type"]) for change in entry["changes"]])
        for entry in body["results"]
    ]


# What one follows ----------------------------------------------------------------------------------------------------


def test_a_record_is_followed_once_and_listed_until_one_stops(reader: ApiClient) -> None:
    office = new.make_organization(slug="office")
    path = "me/following/organizations/office/"
    first, again = reader.send("PUT", path, b""), reader.send("PUT", path, b"")
    assert (first.status_code, again.status_code) == (201, 200)
    assert first.json() == again.json()
    (listed,) = reader.read("me/following/").json()["results"]
    assert (listed["record"]["slug"], listed["record"]["collection"]) == ("office", "organizations")
    assert listed["record"]["name"]["en"] == office.name_en
    assert reader.delete(listed["url"]).status_code == 204
    assert reader.delete(listed["url"]).status_code == 404
    assert not Follow.objects.exists()


@pytest.mark.parametrize(
    "path", ["organizations/nowhere", "nothing/office", "webhooks/1", "dashboards/1", "initiatives/draft", "x/%00"]
)
def test_what_one_may_not_see_cannot_be_followed(reader: ApiClient, path: str) -> None:
    new.make_initiative(slug="draft", state="draft")
    assert reader.send("PUT", f"me/following/{path}/", b"").status_code == 404
    assert not Follow.objects.exists()


def test_nobody_follows_without_an_account(anonymous: ApiClient) -> None:
    for method, path in (
        ("GET", "me/following/"),
        ("GET", "me/feed/"),
        ("POST", "me/feed/seen/"),
        ("GET", "me/digest/"),
        ("PATCH", "me/digest/"),
        ("PUT", "me/following/organizations/x/"),
    ):
        assert anonymous.send(method, path, {}).status_code == 401


def test_everybody_follows_for_themselves(reader: ApiClient, curator: ApiClient) -> None:
    office = new.make_organization(slug="office")
    follow(reader, office)
    assert curator.read("me/following/").json()["results"] == []
    assert curator.delete("/api/v1/me/following/organizations/office/").status_code == 404
    assert Follow.objects.count() == 1


def test_as_many_are_followed_as_may_be(reader: ApiClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("initiatives.workflow.MOST_FOLLOWED", 1)
    follow(reader, new.make_organization())
    one_more = new.make_organization()
    assert reader.send("PUT", f"me/following/organizations/{one_more.slug}/", b"").status_code == 409


def test_a_followed_record_can_be_deleted_and_is_told_as_gone_only(reader: ApiClient, curator: ApiClient) -> None:
    office = new.make_organization(slug="office", name_en="A name that nobody may read")
    follow(reader, office)
    assert curator.delete("/api/v1/organizations/office/").status_code == 204
    body = feed(reader)
    (gone,) = body["gone"]
    assert (body["results"], gone["record"], gone["slug"]) == ([], None, "office")
    assert "A name" not in str(body)
    assert "A name" not in reader.read("me/following/").content.decode()
    assert reader.delete(gone["url"]).status_code == 204


def test_a_hidden_record_leaks_nothing_but_that_it_is_gone(reader: ApiClient) -> None:
    initiative = new.make_initiative(slug="plan")
    follow(reader, initiative)
    initiative.title_en = "Visible news"
    initiative.save()
    assert told(feed(reader)) == [("plan", [("update", "initiative")])]
    initiative.withdraw()
    initiative.slug, initiative.title_en = "plan-b", "Hidden news"
    initiative.save()
    body = feed(reader)
    assert (body["results"], [each["slug"] for each in body["gone"]]) == ([], ["plan"])
    for answer in (body, reader.read("me/following/").json()):
        assert not {word for word in ("Visible news", "Hidden news", "plan-b") if word in str(answer)}
    initiative.publish()
    assert feed(reader)["gone"] == []


def test_those_who_follow_a_duplicate_follow_what_it_was_merged_into(reader: ApiClient, curator: ApiClient) -> None:
    one, other = new.make_organization(slug="one"), new.make_organization(slug="other")
    follow(reader, one)
    follow(curator, one)
    follow(curator, other)
    assert curator.send("POST", "organizations/one/merge/", {"into": "other"}).status_code == 200
    for client in (reader, curator):
        assert [each["slug"] for each in client.read("me/following/").json()["results"]] == ["other"]


# The feed ------------------------------------------------------------------------------------------------------------


def test_the_feed_tells_what_changed_field_by_field_oldest_first(reader: ApiClient, curator: ApiClient) -> None:
    office = new.make_organization(slug="office", name_en="Office", name_ar="مكتب")
    new.make_organization(slug="elsewhere")
    follow(reader, office)
    for name in ("Bureau", "Agency"):
        curator.send("PATCH", "organizations/office/", {"name": {"en": name}}, **{"X-Change-Reason": f"Now {name}"})
    curator.send("PATCH", "organizations/elsewhere/", {"name": {"en": "Not followed"}})
    body = feed(reader)
    assert [entry["reason"] for entry in body["results"]] == ["Now Bureau", "Now Agency"]
    assert [entry["actor"] for entry in body["results"]] == [None, None]
    (change,) = body["results"][0]["changes"]
    assert change["fields"] == [{"field": "name", "language": "en", "from": "Office", "to": "Bureau"}]
    assert (body["more"], body["next"], body["revision"]) == (False, None, current_revision())


def test_a_new_release_is_news_of_its_service(reader: ApiClient) -> None:
    service = new.make_smart_service(slug="parking")
    other = new.make_smart_service()
    follow(reader, service)
    new.make_service_release(smart_service=service, version="2.0")
    new.make_service_release(smart_service=other, version="9.9")
    body = feed(reader)
    assert told(body) == [("parking", [("create", "servicerelease")])]
    assert {"field": "version", "language": None, "from": None, "to": "2.0"} in body["results"][0]["changes"][0][
        "fields"
    ]


def test_parts_of_parts_and_links_are_news_too(reader: ApiClient) -> None:
    initiative = new.make_initiative(slug="plan")
    follow(reader, initiative)
    milestone = new.make_milestone(initiative=initiative)
    new.make_citation(record=milestone)
    initiative.goals.add(new.make_goal())
    kinds = [kind for _slug, changes in told(feed(reader)) for _action, kind in changes]
    assert kinds == ["milestone", "citation", "initiative"]


def test_what_was_before_one_followed_is_no_news(reader: ApiClient) -> None:
    office = new.make_organization(slug="office")
    office.name_en = "Before"
    office.save()
    follow(reader, office)
    assert feed(reader, since=0)["results"] == []
    office.name_en = "After"
    office.save()
    assert len(feed(reader, since=0)["results"]) == 1


def test_a_part_that_two_followed_records_share_is_news_of_both(reader: ApiClient) -> None:
    initiative = new.make_initiative(slug="plan")
    milestone = new.make_milestone(initiative=initiative, slug="step")
    follow(reader, initiative)
    follow(reader, milestone)
    milestone.title_en = "Renamed"
    milestone.save()
    assert sorted(slug for slug, _changes in told(feed(reader))) == ["plan", "step"]


def test_drafts_are_no_news_for_those_who_may_not_read_them(reader: ApiClient, curator: ApiClient) -> None:
    initiative = new.make_initiative(slug="plan")
    for client in (reader, curator):
        follow(client, initiative)
    new.make_progress_update(initiative=initiative, state="draft", text_en="Not yet said")
    assert feed(reader)["results"] == []
    assert told(feed(curator)) == [("plan", [("create", "progressupdate")])]


def test_pages_are_of_whole_revisions_and_lead_on(reader: ApiClient) -> None:
    office = new.make_organization(slug="office")
    follow(reader, office)
    for number in range(7):
        office.name_en = f"Name {number}"
        office.save()
    body = feed(reader, limit=3)
    found = [entry["revision"] for entry in body["results"]]
    while body["next"]:
        body = reader.get(body["next"]).json()
        found += [entry["revision"] for entry in body["results"]]
    assert len(found) == len(set(found)) == 7
    assert found == sorted(found)


@pytest.mark.parametrize(
    ("query", "parameter"),
    [
        ("since=-1", "since"),
        ("since=x", "since"),
        ("since=1&since=2", "since"),
        ("since=99999999999999999999", "since"),
        ("limit=0", "limit"),
        ("limit=1000000000", "limit"),
        ("nonsense=1", "nonsense"),
    ],
)
def test_the_feed_refuses_what_it_does_not_know(reader: ApiClient, query: str, parameter: str) -> None:
    answer = reader.get(f"/api/v1/me/feed/?{query}")
    assert answer.status_code == 400
    assert answer.json()["errors"][0]["parameter"] == parameter


def test_the_feed_asks_as_much_for_ten_records_as_for_one(reader: ApiClient) -> None:
    counts = []
    for many in (1, 9):
        for _each in range(many):
            service = new.make_smart_service()
            follow(reader, service)
            new.make_service_release(smart_service=service)
        feed(reader)
        with CaptureQueriesContext(connection) as asked:
            body = feed(reader)
        assert len(body["results"]) >= many
        counts.append(len(asked))
    assert counts[0] == counts[1] < 40


# Seen ----------------------------------------------------------------------------------------------------------------


def test_the_feed_begins_after_what_was_seen(reader: ApiClient) -> None:
    office = new.make_organization(slug="office")
    follow(reader, office)
    office.name_en = "First"
    office.save()
    seen = feed(reader)["revision"]
    assert reader.send("POST", "me/feed/seen/", {"revision": seen}).json() == {"seen": seen}
    assert feed(reader)["results"] == []
    office.name_en = "Second"
    office.save()
    assert len(feed(reader)["results"]) == 1
    assert len(feed(reader, since=0)["results"]) == 2


def test_the_mark_moves_back_only_where_one_says_so(reader: ApiClient) -> None:
    for _each in range(3):
        new.make_person()
    last = current_revision()
    assert reader.send("POST", "me/feed/seen/", {"revision": last}).json() == {"seen": last}
    assert reader.send("POST", "me/feed/seen/", {"revision": 1}).json() == {"seen": last}
    assert reader.send("POST", "me/feed/seen/", {"revision": 1, "back": True}).json() == {"seen": 1}


@pytest.mark.parametrize(
    ("body", "pointer", "code"),
    [
        ({"revision": 10**9}, "#/revision", "no_such_revision"),
        ({"revision": -1}, "#/revision", "min_value"),
        ({"revision": 10**30}, "#/revision", "max_value"),
        ({"revision": 0, "user": 1}, "#/user", "unknown_field"),
        ({}, "#/revision", "required"),
    ],
)
def test_a_mark_that_there_cannot_be_is_refused(reader: ApiClient, body: Body, pointer: str, code: str) -> None:
    answer = reader.send("POST", "me/feed/seen/", body)
    assert answer.status_code == 400
    assert [(each["pointer"], each["code"]) for each in answer.json()["errors"]] == [(pointer, code)]


def test_marks_that_are_moved_at_once_end_at_the_last(reader_user: User) -> None:
    revisions = range(1, 17)
    for _each in revisions:
        new.make_person()
    FeedReader.objects.create(user=reader_user, seen=0)
    start = threading.Barrier(len(revisions))

    def mark(revision: int) -> None:
        client = ApiClient(reader_user)
        start.wait()
        client.send("POST", "me/feed/seen/", {"revision": revision})
        connections.close_all()

    threads = [threading.Thread(target=mark, args=[revision]) for revision in revisions]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert FeedReader.objects.get().seen == 16


# The digest's switch, tokens -----------------------------------------------------------------------------------------


def test_the_digest_is_switched_on_in_the_language_of_the_request(reader: ApiClient) -> None:
    assert reader.read("me/digest/").json() == {"digest": "off", "language": "en"}
    on = reader.send("PATCH", "me/digest/", {"digest": "daily"}, **{"Accept-Language": "ar"})
    assert on.json() == {"digest": "daily", "language": "ar"}
    assert reader.send("PATCH", "me/digest/", {"language": "en"}).json() == {"digest": "daily", "language": "en"}
    assert reader.send("PATCH", "me/digest/", {"digest": "off"}).json() == {"digest": "off", "language": "en"}
    assert reader.send("PATCH", "me/digest/", {"digest": "hourly"}).status_code == 400
    assert reader.send("PATCH", "me/digest/", {"digested": 0}).status_code == 400


def test_a_token_needs_the_scope_and_sees_hidden_things_only_with_that_of_changes(
    curator: ApiClient, curator_user: User, client: Any
) -> None:
    initiative = new.make_initiative(slug="plan")
    follow(curator, initiative)
    new.make_progress_update(initiative=initiative, state="draft")
    for scopes, status, entries in (
        (["people:read"], 403, 0),
        (["following:read"], 200, 0),
        (["following:read", "changes:read"], 200, 1),
    ):
        plaintext = Token.issue(user=curator_user, name="Test", scopes=scopes)[1]
        headers = {"Authorization": f"Bearer {plaintext}"}
        answer = client.get("/api/v1/me/feed/", headers=headers)
        assert answer.status_code == status
        assert len(answer.json().get("results", ())) == entries
        write = client.put("/api/v1/me/following/initiatives/plan/", headers=headers)
        assert write.status_code == 403


def test_no_answer_is_kept(reader: ApiClient) -> None:
    for path in ("me/following/", "me/feed/", "me/digest/"):
        answer = reader.read(path)
        assert answer.headers["Cache-Control"] == "private, no-store"
        assert not answer.has_header("ETag")


def test_answers_are_as_documented(reader: ApiClient) -> None:
    openapi = OpenAPI.in_language()
    office, service = new.make_organization(), new.make_smart_service()
    follow(reader, office)
    openapi.assert_documented(reader.send("PUT", f"me/following/smart-services/{service.slug}/", b""))
    new.make_service_release(smart_service=service)
    office.delete()
    for path in ("me/following/", "me/feed/", "me/digest/"):
        openapi.assert_documented(reader.read(path))
