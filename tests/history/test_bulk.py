"""A list body writes all of its items in one revision, or none and says of each what is wrong."""

from __future__ import annotations

import random
import time
from collections import Counter
from functools import partial
from typing import Any

import pytest
from django.contrib.auth.models import Permission, User
from django.db import DatabaseError, connection, transaction
from django.test.utils import CaptureQueriesContext

from initiatives.models import Citation, Goal, Initiative, Milestone, Organization, Source
from tests.history.clients import Program, at_once, curator, pointers
from tracker.api import whole_writes
from tracker.history.models import Revision

pytestmark = pytest.mark.django_db(transaction=True)

ORGANIZATIONS = "organizations/"


@pytest.fixture
def program() -> Program:
    return curator()


@pytest.fixture
def three() -> list[Organization]:
    return [Organization.objects.create(slug=slug, name_en=slug) for slug in ("one", "two", "three")]


def named(slug: str, **more: Any) -> dict[str, Any]:
    return {"slug": slug, "name": {"en": slug}, **more}


def slugs() -> set[str]:
    return set(Organization.objects.values_list("slug", flat=True))


def kind(response: Any) -> tuple[int, str]:
    return response.status_code, response.json()["type"].partition("#")[2]


# Creating ------------------------------------------------------------------------------------------------------------


def test_a_list_creates_its_records_in_its_order_and_in_one_revision(program: Program) -> None:
    before = Revision.objects.count()
    answer = program.post(ORGANIZATIONS, [named("two"), named("one"), {"name": {"en": "Three"}}])
    assert answer.status_code == 201
    assert [record["slug"] for record in answer.json()] == ["two", "one", "three"]
    assert answer.json()[0] == program.get("organizations/two/").json()
    assert Revision.objects.count() == before + 1
    assert int(answer["X-Revision"]) == Revision.objects.latest("number").number
    assert Revision.objects.latest("number").changes.count() == 3


def test_items_refer_to_each_other_in_any_order(program: Program) -> None:
    body = [named("office", parent="city"), named("city", successor="state"), named("state")]
    answer = program.post(ORGANIZATIONS, body)
    assert [record["parent"] and record["parent"]["slug"] for record in answer.json()] == ["city", None, None]
    assert answer.json()[1]["successor"]["slug"] == "state"


def test_items_refer_to_parts_of_items_that_come_later(program: Program) -> None:
    def initiative(slug: str, **milestone: Any) -> dict[str, Any]:
        parts = [{"slug": f"{slug}-done", "title": {"en": "Done"}, **milestone}]
        return {"slug": slug, "title": {"en": slug}, "kind": "project", "milestones": parts}

    answer = program.post("initiatives/", [initiative("roof", depends_on=["walls-done"]), initiative("walls")])
    assert answer.status_code == 201, answer.content
    assert Milestone.objects.get(slug="roof-done").depends_on.get().slug == "walls-done"


def test_items_with_parts_links_and_references_to_any_record_are_written_whole(program: Program) -> None:
    Source.objects.create(slug="article", title_en="Article")
    Goal.objects.create(slug="first", title_en="First", owner=Organization.objects.create(slug="office", name_en="O"))
    body = [
        {
            "title": {"en": f"Initiative {number}"},
            "kind": "project",
            "lead": "office",
            "goals": ["first"],
            "citations": [{"source": "article", "locator": f"L{number}"}],
        }
        for number in range(3)
    ]
    assert program.post("initiatives/", body).status_code == 201
    assert [each.goals.get().slug for each in Initiative.objects.all()] == ["first"] * 3
    body = [{"source": "article", "record": "organizations/office", "locator": f"L{number}"} for number in (7, 8)]
    assert program.post("citations/", body).status_code == 201
    assert sorted(Citation.objects.values_list("locator", flat=True)) == ["L0", "L1", "L2", "L7", "L8"]


def test_every_wrong_item_is_pointed_at_and_nothing_is_written(program: Program) -> None:
    body = [
        named("fine"),
        named("No slug"),
        {"slug": "nameless"},
        named("lost", parent="nowhere"),
        "text",
        named("other", nmae="x", id=7),
        named("fine/2", name={"en": "x", "fr": "y"}),
    ]
    refused = program.post(ORGANIZATIONS, body)
    assert kind(refused) == (400, "invalid")
    assert pointers(refused) == {
        "#/1/slug": "invalid_slug",
        "#/2/name": "required",
        "#/3/parent": "does_not_exist",
        "#/4": "invalid",
        "#/5/nmae": "unknown_field",
        "#/5/id": "read_only",
        "#/6/slug": "invalid_slug",
        "#/6/name/fr": "unknown_language",
    }
    assert slugs() == set()


def test_a_slug_given_twice_is_pointed_at(program: Program) -> None:
    refused = program.post(ORGANIZATIONS, [named("one"), named("two"), named("one"), named("one")])
    assert pointers(refused) == {"#/2/slug": "duplicate_item", "#/3/slug": "duplicate_item"}
    assert refused.status_code == 400
    assert slugs() == set()


def test_every_slug_that_is_taken_is_pointed_at(program: Program, three: list[Organization]) -> None:
    refused = program.post(ORGANIZATIONS, [named("four"), named("three"), named("one")])
    assert kind(refused) == (409, "conflict")
    assert pointers(refused) == {"#/1/slug": "unique", "#/2/slug": "unique"}
    assert slugs() == {"one", "two", "three"}


def test_a_conflict_that_the_database_finds_points_at_its_item(program: Program) -> None:
    body = [
        {"slug": slug, "title": {"en": slug}, "kind": "plan", "milestones": [{"slug": "end", "title": {"en": "End"}}]}
        for slug in ("one", "two")
    ]
    refused = program.post("initiatives/", body)
    assert refused.status_code == 409
    assert all(place.startswith("#/1") for place in pointers(refused))
    assert not Initiative.objects.exists()


def test_a_cycle_within_the_list_is_refused_as_a_whole(program: Program) -> None:
    refused = program.post(ORGANIZATIONS, [named("one", parent="two"), named("two", parent="one")])
    assert kind(refused) == (400, "invalid")
    assert set(pointers(refused)) == {"#"}
    assert slugs() == set()


def test_records_without_slugs_leave_those_that_are_given_alone(program: Program) -> None:
    answer = program.post(ORGANIZATIONS, [{"name": {"en": "One"}}, {"name": {"en": "One"}}, named("one")])
    assert [record["slug"] for record in answer.json()] == ["one-2", "one-3", "one"]


# Changing ------------------------------------------------------------------------------------------------------------


def test_a_list_changes_what_each_item_names_in_one_revision(program: Program, three: list[Organization]) -> None:
    before = Revision.objects.count()
    body = [{"slug": "two", "country": "AE"}, {"id": three[0].pk, "name": {"ar": "واحد"}, "parent": "two"}]
    answer = program.patch(ORGANIZATIONS, body)
    assert answer.status_code == 200
    assert [record["slug"] for record in answer.json()] == ["two", "one"]
    assert [record["country"] for record in answer.json()] == ["AE", None]
    assert answer.json()[1]["name"] == {"en": "one", "ar": "واحد"}
    assert answer.json()[1]["parent"]["slug"] == "two"
    assert Revision.objects.count() == before + 1
    assert int(answer["X-Revision"]) == Revision.objects.latest("number").number


def test_a_change_of_nothing_makes_no_revision(program: Program, three: list[Organization]) -> None:
    before = Revision.objects.latest("number").number
    answer = program.patch(ORGANIZATIONS, [{"slug": "one", "name": {"en": "one"}}, {"slug": "two"}])
    assert (answer.status_code, int(answer["X-Revision"])) == (200, before)


def test_every_wrong_change_is_pointed_at_and_nothing_is_written(program: Program, three: list[Organization]) -> None:
    body = [
        {"slug": "one", "country": "AE"},
        {"slug": "nowhere", "country": "AE"},
        {"slug": "two"},
        {"slug": "two"},
        {"id": three[2].pk, "slug": "renamed"},
        {"id": 10**30},
        {"slug": "three", "country": "??", "name": {"fr": "Bureau"}},
    ]
    refused = program.patch(ORGANIZATIONS, body)
    assert kind(refused) == (400, "invalid")
    assert pointers(refused) == {
        "#/6/country": "invalid_country",
        "#/6/name/fr": "unknown_language",
        "#/1/slug": "not_found",
        "#/3/slug": "duplicate_item",
        "#/4/slug": "mismatch",
        "#/5/id": "not_found",
    }
    refused = program.patch(ORGANIZATIONS, [{"slug": "one", "country": "AE"}, {"slug": "two", "country": "??"}])
    assert pointers(refused) == {"#/1/country": "invalid_country"}
    assert set(Organization.objects.values_list("country", flat=True)) == {""}


def test_an_item_that_names_no_record_is_pointed_at(program: Program) -> None:
    refused = program.patch(ORGANIZATIONS, ["one", {"country": "AE"}, {"slug": 1}, {"id": True}, {"id": "1"}, None])
    assert pointers(refused) == {
        "#/0": "invalid",
        "#/1/slug": "required",
        "#/2/slug": "invalid",
        "#/3/id": "invalid",
        "#/4/id": "invalid",
        "#/5": "invalid",
    }


def test_an_item_with_an_etag_is_changed_only_if_its_record_is_as_it_was(
    program: Program, three: list[Organization]
) -> None:
    tag = program.get("organizations/one/")["ETag"]
    Organization.objects.filter(slug="two").update(country="SA")
    body = [{"slug": slug, "country": "AE", "etag": tag} for slug in ("one", "two")]
    refused = program.patch(ORGANIZATIONS, [*body, {"slug": "three", "country": "AE"}])
    assert kind(refused) == (412, "precondition_failed")
    assert pointers(refused) == {"#/1/etag": "precondition_failed"}
    assert program.get("organizations/two/")["ETag"] in refused.json()["errors"][0]["detail"]
    body[1]["etag"] = program.get("organizations/two/")["ETag"]
    assert program.patch(ORGANIZATIONS, body).status_code == 200


def test_a_setting_makes_etags_required(program: Program, three: list[Organization], settings: Any) -> None:
    settings.TRACKER_REQUIRE_IF_MATCH = True
    tag = program.get(ORGANIZATIONS)["ETag"]
    for method, item in (("PATCH", {"country": "AE"}), ("DELETE", {})):
        body = [{"slug": "one", "etag": tag, **item}, {"slug": "two", **item}]
        refused = program.send(method, ORGANIZATIONS, body)
        assert kind(refused) == (428, "precondition_required")
        assert pointers(refused) == {"#/1/etag": "precondition_required"}
    assert program.patch(ORGANIZATIONS, [{"slug": "one", "country": "AE", "etag": tag}]).status_code == 200


def test_if_match_is_refused_where_it_could_be_taken_for_more_than_it_is(
    program: Program, three: list[Organization]
) -> None:
    tag = program.get(ORGANIZATIONS)["ETag"]
    assert kind(program.patch(ORGANIZATIONS, [{"slug": "one"}], If_Match=tag)) == (400, "invalid_header")


def test_a_merged_record_is_not_changed(program: Program, three: list[Organization]) -> None:
    assert program.post("organizations/one/merge/", {"into": "two"}).status_code == 200
    for method in ("PATCH", "DELETE"):
        refused = program.send(method, ORGANIZATIONS, [{"slug": "three"}, {"slug": "one"}])
        assert (refused.status_code, pointers(refused)) == (409, {"#/1": "merged_record"})


# Deleting ------------------------------------------------------------------------------------------------------------


def test_a_list_deletes_its_records_in_one_revision(program: Program, three: list[Organization]) -> None:
    before = Revision.objects.count()
    tag = program.get("organizations/two/")["ETag"]
    answer = program.delete(ORGANIZATIONS, ["one", {"slug": "two", "etag": tag}, {"id": three[2].pk}])
    assert (answer.status_code, answer.content) == (204, b"")
    assert slugs() == set()
    assert Revision.objects.count() == before + 1
    assert int(answer["X-Revision"]) == Revision.objects.latest("number").number


@pytest.mark.parametrize("order", [("top", "middle", "bottom"), ("bottom", "top", "middle")])
def test_records_that_refer_to_each_other_go_together(program: Program, order: tuple[str, ...]) -> None:
    body = [named("top"), named("middle", parent="top"), named("bottom", parent="middle", successor="top")]
    assert program.post(ORGANIZATIONS, body).status_code == 201
    assert program.delete(ORGANIZATIONS, list(order)).status_code == 204
    assert slugs() == set()


def test_every_record_that_others_refer_to_is_pointed_at_and_nothing_is_deleted(program: Program) -> None:
    body = [named("free"), named("top"), named("middle", parent="top"), named("bottom", parent="middle")]
    program.post(ORGANIZATIONS, body)
    refused = program.delete(ORGANIZATIONS, ["free", "top", "middle"])
    assert kind(refused) == (409, "protected")
    assert pointers(refused) == {"#/1": "protected", "#/2": "protected"}
    assert {error["url"] for error in refused.json()["errors"]} == {
        "/api/v1/organizations/middle/",
        "/api/v1/organizations/bottom/",
    }
    assert slugs() == {"free", "top", "middle", "bottom"}


def test_what_a_citation_s_statement_refers_to_is_not_deleted(program: Program) -> None:
    Source.objects.create(slug="article", title_en="Article")
    program.post(ORGANIZATIONS, [named("free"), named("told")])
    told = {"slug": "said", "about": "organizations/told", "gist": {"en": "Of it"}, "mode": "narration"}
    engagement = program.post("engagements/", {"slug": "visit", "title": {"en": "Visit"}, "kind": "visit"})
    assert engagement.status_code == 201, engagement.content
    assert program.post("statements/", [told | {"engagement": "visit"}]).status_code == 201
    refused = program.delete(ORGANIZATIONS, ["free", "told"])
    assert refused.status_code == 409
    assert slugs() == {"free", "told"}


def test_every_wrong_deletion_is_pointed_at(program: Program, three: list[Organization]) -> None:
    refused = program.delete(ORGANIZATIONS, ["one", "nowhere", "one", {"slug": "two", "name": "x"}, 7, {}])
    assert pointers(refused) == {"#/3/name": "unknown_field", "#/4": "invalid", "#/5/slug": "required"}
    refused = program.delete(ORGANIZATIONS, ["one", "nowhere", "one"])
    assert pointers(refused) == {"#/1/slug": "not_found", "#/2/slug": "duplicate_item"}
    assert len(slugs()) == 3


# The list as such ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("method", ["PATCH", "DELETE"])
@pytest.mark.parametrize("body", [{"slug": "one"}, "one", 1, None])
def test_a_collection_takes_lists_only(program: Program, three: list[Organization], method: str, body: Any) -> None:
    refused = program.send(method, ORGANIZATIONS, "null" if body is None else body)
    assert refused.status_code == 400
    assert len(slugs()) == 3


@pytest.mark.parametrize("method", ["PATCH", "DELETE"])
def test_a_collection_is_not_written_without_a_body(program: Program, three: list[Organization], method: str) -> None:
    assert kind(program.send(method, ORGANIZATIONS)) == (400, "empty_body")
    assert len(slugs()) == 3


@pytest.mark.parametrize("method", ["POST", "PATCH", "DELETE"])
def test_an_empty_list_and_one_of_more_than_1000_items_are_refused(program: Program, method: str) -> None:
    refused = program.send(method, ORGANIZATIONS, [])
    assert (kind(refused), pointers(refused)) == ((400, "invalid"), {"#": "empty"})
    assert kind(program.send(method, ORGANIZATIONS, [named("one")] * 1_001)) == (413, "too_large")


def test_one_record_s_address_takes_no_list(program: Program, three: list[Organization]) -> None:
    assert program.patch("organizations/one/", [{"country": "AE"}]).status_code == 400
    assert program.send("PUT", "organizations/one/", [named("one")]).status_code == 400


def test_a_browser_still_gets_the_collection_s_page(program: Program, three: list[Organization]) -> None:
    answer = program.get(ORGANIZATIONS, Accept="text/html")
    assert answer.status_code == 200
    assert answer["Allow"] == "GET, POST, PATCH, DELETE, HEAD, OPTIONS"


def test_a_dry_run_of_a_list_answers_and_writes_nothing(program: Program, three: list[Organization]) -> None:
    before = Revision.objects.count()
    dry = "organizations/?dry_run=true"
    assert [record["slug"] for record in program.post(dry, [named("four")]).json()] == ["four"]
    assert program.patch(dry, [{"slug": "one", "country": "AE"}]).json()[0]["country"] == "AE"
    assert program.delete(dry, ["one", "two"]).status_code == 204
    assert pointers(program.post(dry, [named("four"), {}])) == {"#/1/name": "required"}
    assert (slugs(), Revision.objects.count()) == ({"one", "two", "three"}, before)
    assert not Organization.objects.filter(country="AE").exists()


@pytest.mark.parametrize(("method", "verb"), [("POST", "add"), ("PATCH", "change"), ("DELETE", "delete")])
def test_a_list_needs_the_permission_of_its_method(three: list[Organization], method: str, verb: str) -> None:
    user = User.objects.create_user("member", is_staff=True)
    program = Program(user)
    body = [named("four")] if method == "POST" else [{"slug": "one"}]
    others = Permission.objects.filter(codename__endswith="_organization").exclude(codename__startswith=verb)
    user.user_permissions.set(others)
    assert kind(program.send(method, ORGANIZATIONS, body)) == (403, "permission_denied")
    user.user_permissions.set(Permission.objects.filter(codename=f"{verb}_organization"))
    assert program.send(method, ORGANIZATIONS, body).status_code in (200, 201, 204)


def test_a_list_has_the_actor_and_the_reason_of_its_request(program: Program) -> None:
    program.post(ORGANIZATIONS, [named("one"), named("two")], X_Change_Reason="Spring cleaning")
    revision = Revision.objects.latest("number")
    assert (revision.actor, revision.reason) == ("curator", "Spring cleaning")


# Size and speed ------------------------------------------------------------------------------------------------------


def test_1000_records_are_created_changed_and_deleted_as_wholes(program: Program) -> None:
    Organization.objects.create(slug="city", name_en="City")
    create = [named(f"office-{number}", parent="city", country="AE") for number in range(1_000)]
    change = [{"slug": item["slug"], "country": "SA", "successor": "city"} for item in create]
    assert program.post(ORGANIZATIONS, create).status_code == 201
    assert program.patch(ORGANIZATIONS, change).status_code == 200
    assert program.delete(ORGANIZATIONS, [item["slug"] for item in create]).status_code == 204
    assert slugs() == {"city"}
    assert Revision.objects.count() == 4


def test_references_and_etags_cost_as_many_queries_for_many_items_as_for_few(program: Program) -> None:
    program.post(ORGANIZATIONS, [named("city"), named("state", parent="city")])
    counts = set()
    for size in (2, 20):
        body = [named(f"office-{size}-{number}", parent="city", successor="state") for number in range(size)]
        changes = [{"slug": item["slug"], "parent": "state"} for item in body]
        with CaptureQueriesContext(connection) as queries:
            assert program.post(ORGANIZATIONS, body).status_code == 201
            tag = program.get(ORGANIZATIONS)["ETag"]
            changed = program.patch(ORGANIZATIONS, [{**change, "etag": tag} for change in changes])
            assert changed.status_code == 200
        looked_up = [each["sql"] for each in queries if each["sql"].startswith("SELECT") and " FROM " in each["sql"]]
        counts.add(len(looked_up))
    assert len(counts) == 1


# At the same moment --------------------------------------------------------------------------------------------------


def test_20_lists_in_opposing_order_never_deadlock(program: Program) -> None:
    names = [f"office-{number:02}" for number in range(30)]
    assert program.post(ORGANIZATIONS, [named(slug) for slug in names]).status_code == 201
    orders = [names, names[::-1]] * 10

    def change(turn: int, order: list[str]) -> Any:
        return program.patch(ORGANIZATIONS, [{"slug": slug, "role": {"en": str(turn)}} for slug in order])

    answers = at_once([partial(change, turn, order) for turn, order in enumerate(orders)])
    assert Counter(answer.status_code for answer in answers) == {200: 20}
    # Each list was written as a whole: the last one's are there, and no other's.
    assert len(set(Organization.objects.values_list("role_en", flat=True))) == 1
    assert [int(answer["X-Revision"]) for answer in sorted(answers, key=lambda each: int(each["X-Revision"]))] == [
        *range(2, 22)
    ]


def test_lists_that_refer_to_each_other_s_records_in_opposing_order_never_deadlock(program: Program) -> None:
    names = [f"office-{number:02}" for number in range(10)]
    program.post(ORGANIZATIONS, [named(slug) for slug in names])

    def change(turn: int) -> Any:
        chosen = random.Random(turn).sample(names, 6)
        pairs = zip(chosen[:3], chosen[3:], strict=True)
        return program.patch(ORGANIZATIONS, [{"slug": slug, "successor": other} for slug, other in pairs])

    answers = at_once([partial(change, turn) for turn in range(20)])
    # Some make a cycle, which is the client's to know; none meets a deadlock.
    assert {answer.status_code for answer in answers} <= {200, 400}
    assert 200 in {answer.status_code for answer in answers}


def test_20_lists_of_the_same_new_records_in_opposing_order_give_one_success(program: Program) -> None:
    names = [f"office-{number:02}" for number in range(20)]
    orders = [names, names[::-1]] * 10
    answers = at_once([partial(program.post, ORGANIZATIONS, [named(slug) for slug in order]) for order in orders])
    assert Counter(answer.status_code for answer in answers) == {201: 1, 409: 19}
    assert slugs() == set(names)


def test_a_write_that_meets_a_deadlock_is_run_again(program: Program, three: list[Organization]) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SET deadlock_timeout = '10ms'")

    def in_order(first: str, second: str) -> Any:
        """Lock two records one after the other, as no view does, within the machinery that every view has."""

        def write() -> Any:
            with transaction.atomic():
                for slug in (first, second):
                    Organization.objects.select_for_update().get(slug=slug)
                    time.sleep(0.1)
            return first

        return whole_writes.retried(write)

    answers = at_once([partial(in_order, "one", "two"), partial(in_order, "two", "one")])
    assert answers == ["one", "two"]


def test_a_write_that_collides_every_time_is_503_in_the_end(program: Program, monkeypatch: pytest.MonkeyPatch) -> None:
    attempts = []

    def collide(*_args: Any, **_kwargs: Any) -> None:
        attempts.append(1)
        with connection.cursor() as cursor:
            cursor.execute("DO $$ BEGIN RAISE EXCEPTION 'again' USING ERRCODE = 'serialization_failure'; END $$")

    monkeypatch.setattr(Organization, "save", collide)
    refused = program.post(ORGANIZATIONS, [named("one")])
    assert kind(refused) == (503, "conflict_retry")
    assert refused["Retry-After"] == "1"
    assert len(attempts) == whole_writes.ATTEMPTS


def test_other_errors_of_the_database_are_not_tried_again() -> None:
    attempts = []

    def fail() -> Any:
        attempts.append(1)
        with connection.cursor() as cursor:
            cursor.execute("SELECT no_such_column")

    with pytest.raises(DatabaseError):
        whole_writes.retried(fail)
    assert len(attempts) == 1
