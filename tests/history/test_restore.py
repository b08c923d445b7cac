"""Restoring a record to how it was at a revision, which is itself a revision."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from django.contrib.auth.models import Permission, User
from django.db import transaction
from django.test import Client
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from initiatives.models import Engagement, Goal, Initiative, Milestone, Organization, Person, Pillar, Source, Strategy
from initiatives.workflow import merge
from tests.database import Rows
from tests.history.log import assert_history_is_whole
from tests.history.mirror import curator
from tests.history.random_writes import WRITES
from tests.history.small_registry import plant
from tracker.api import collections
from tracker.api.problem_types import Problem
from tracker.history.models import Revision
from tracker.history.restore import restore
from tracker.history.time_travel import as_of, current_revision

pytestmark = pytest.mark.django_db(transaction=True)


def post(path: str, body: Any, client: Client | None = None, headers: dict[str, str] | None = None) -> Any:
    return (client or curator()).post(f"/api/v1/{path}/restore/", body, "application/json", headers=headers)


def read(path: str, **parameters: Any) -> Any:
    answer = curator().get(f"/api/v1/{path}/", parameters)
    assert answer.status_code == 200, answer.content
    return answer.json()


def without_times(record: Any) -> Any:
    """A record but for when it was last written, which no restoring takes back."""
    if isinstance(record, dict):
        return {name: without_times(value) for name, value in record.items() if name != "updated_at"}
    return [without_times(each) for each in record] if isinstance(record, list) else record


@pytest.fixture
def office() -> Organization:
    return Organization.objects.create(slug="office", name_en="Office", name_ar="مكتب")


# The state then -------------------------------------------------------------------------------------------------------


def test_a_record_becomes_what_it_was_and_this_is_a_new_revision(office: Organization) -> None:
    for name in ("Second", "Third"):
        office.name_en = name
        office.save()
    answer = post("organizations/office", {"revision": 2}, headers={"X-Change-Reason": "A mistake"})
    assert answer.status_code == 200, answer.content
    assert answer.json() == read("organizations/office")
    assert answer.json()["name"] == {"en": "Second", "ar": "مكتب"}
    assert answer["X-Revision"] == "4"
    revision = Revision.objects.get(number=4)
    assert (revision.actor, revision.reason) == ("curator", "A mistake")
    assert read("organizations/office", as_of=3)["name"]["en"] == "Third"
    assert_history_is_whole()


def test_parts_links_and_citations_are_restored_with_it(office: Organization) -> None:
    plant_initiative(office)
    then = current_revision()
    before = read("initiatives/plan")
    curator().patch(
        "/api/v1/initiatives/plan/",
        {
            "title": {"en": "Other"},
            "milestones": [{"slug": "first", "title": {"en": "Renamed"}, "citations": []}, {"title": {"en": "New"}}],
            "involvements": [],
            "pillars": [],
            "citations": [],
        },
        "application/json",
    )
    assert without_times(read("initiatives/plan")) != without_times(before)
    answer = post("initiatives/plan", {"revision": then})
    assert answer.status_code == 200, answer.content
    assert without_times(read("initiatives/plan")) == without_times(before)
    assert_history_is_whole()


def plant_initiative(office: Organization) -> Initiative:
    strategy = Strategy.objects.create(slug="strategy", title_en="Strategy")
    article = Source.objects.create(slug="article", title_en="Article")
    plan = Initiative.objects.create(slug="plan", title_en="Plan", lead=office)
    plan.pillars.add(Pillar.objects.create(slug="pillar", name_en="P", strategy=strategy, position=1))
    plan.involvements.create(organization=office, role="lead")
    first = Milestone.objects.create(slug="first", title_en="First", initiative=plan, due_on=date(2017, 1, 1))
    second = Milestone.objects.create(slug="second", title_en="Second", initiative=plan)
    second.depends_on.add(first)
    plan.citations.create(slug="of-plan", source=article, locator="L1")
    first.citations.create(slug="of-first", source=article, locator="L2")
    return plan


def test_a_deleted_record_comes_back_under_its_old_id_with_all_that_it_had(office: Organization) -> None:
    plan = plant_initiative(office)
    then = current_revision()
    before = read("initiatives/plan")
    plan.delete()
    assert curator().get("/api/v1/initiatives/plan/").status_code == 404
    answer = post("initiatives/plan", {"revision": then})
    assert answer.status_code == 200, answer.content
    after = read("initiatives/plan")
    assert without_times(after) == without_times(before)
    assert (after["id"], after["created_at"]) == (before["id"], before["created_at"])
    Milestone.objects.create(slug="third", title_en="Third", initiative_id=after["id"])
    assert_history_is_whole()


def test_what_moved_since_is_where_it_was_again(office: Organization) -> None:
    plan, other = plant_initiative(office), Initiative.objects.create(slug="other", title_en="Other")
    came = Milestone.objects.create(slug="came", title_en="Came", initiative=other)
    then = current_revision()
    with transaction.atomic():
        Milestone.objects.filter(slug="first").update(initiative=other)
        Milestone.objects.filter(pk=came.pk).update(initiative=plan)
    assert post("initiatives/plan", {"revision": then}).status_code == 200
    owners = dict(Milestone.objects.values_list("slug", "initiative__slug"))
    assert owners == {"first": "plan", "second": "plan", "came": "other"}


def test_a_merge_is_undone_as_far_as_it_moved_parts(office: Organization) -> None:
    plan, other = plant_initiative(office), Initiative.objects.create(slug="other", title_en="Other")
    then = current_revision()
    before = read("initiatives/plan")
    merge(duplicate=plan, into=other)
    assert read("initiatives/other")["milestones"]
    assert post("initiatives/plan", {"revision": then}).status_code == 200
    assert without_times(read("initiatives/plan")) == without_times(before)
    assert read("initiatives/other")["milestones"] == []


def test_restoring_what_is_as_it_was_writes_nothing(office: Organization) -> None:
    plant_initiative(office)
    last = current_revision()
    answer = post("initiatives/plan", {"revision": last})
    assert (answer.status_code, current_revision()) == (200, last)


def test_a_dry_run_shows_the_record_and_writes_nothing(office: Organization) -> None:
    Organization.objects.update(name_en="Second")
    answer = curator().post("/api/v1/organizations/office/restore/?dry_run=true", {"revision": 1}, "application/json")
    assert (answer.status_code, answer.json()["name"]["en"]) == (200, "Office")
    assert current_revision() == 2
    assert read("organizations/office")["name"]["en"] == "Second"


@settings(
    max_examples=8,
    deadline=None,
    phases=[Phase.explicit, Phase.reuse, Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(data=st.data())
def test_after_random_writes_every_record_is_restored_or_left_as_it_is(data: st.DataObject) -> None:
    Rows.forget_all_new()
    writer = curator()
    plant()
    for write in data.draw(st.lists(st.sampled_from(WRITES), min_size=2, max_size=5)):
        write(writer, data.draw)
    collection = data.draw(st.sampled_from(["initiatives", "engagements", "strategies", "datasets", "roadmaps"]))
    model: Any = collections.model_named(collection)
    with as_of(1, unrestricted=True):
        pks = list(model.objects.values_list("pk", flat=True))
    for pk in pks:
        last = current_revision()
        try:
            record = restore(model=model, pk=pk, number=1)
        except Problem:
            assert current_revision() == last
        else:
            path = f"{collection}/{record.slug}"
            then, now = (own(read(path, **moment)) for moment in ({"as_of": 1}, {}))
            assert now == then
    assert_history_is_whole()


def own(record: Any) -> Any:
    """What a record says itself: not what others are called now, nor what follows from others."""
    if isinstance(record, dict):
        if {"slug", "url"} <= set(record) <= {"id", "slug", "url", "name", "title", "gist", "collection", "part"}:
            return record["id"]
        computed = ("updated_at", "progress", "next_update_on", "slippage_days", "projected_on")
        return {name: own(value) for name, value in record.items() if name not in computed}
    return [own(each) for each in record] if isinstance(record, list) else record


# Refusals -------------------------------------------------------------------------------------------------------------


def test_a_reference_to_what_was_deleted_since_is_refused_and_named(office: Organization) -> None:
    plan = plant_initiative(office)
    then = current_revision()
    plan.involvements.all().delete()
    plan.lead = None
    plan.save()
    office.delete()
    last = current_revision()
    answer = post("initiatives/plan", {"revision": then})
    assert answer.status_code == 409
    (error,) = answer.json()["errors"]
    assert error["pointer"] == "#/revision"
    assert "organizations/office" in error["detail"]
    assert current_revision() == last
    assert post("organizations/office", {"revision": then}).status_code == 200
    assert post("initiatives/plan", {"revision": then}).status_code == 200


def test_a_link_and_a_generic_reference_to_what_was_deleted_since_are_refused_as_well() -> None:
    goal = Goal.objects.create(slug="goal", title_en="Goal")
    speaker = Person.objects.create(slug="younus", name_en="Younus")
    goal.stated_by.add(speaker)
    visit = Engagement.objects.create(slug="visit", kind="visit", title_en="Visit")
    visit.agenda.create(position=1, subject_en="Aims", refers_to=goal)
    then = current_revision()
    visit.agenda.all().delete()
    goal.stated_by.clear()
    speaker.delete()
    assert "people/younus" in post("goals/goal", {"revision": then}).json()["detail"]
    goal.delete()
    assert "goals/goal" in post("engagements/visit", {"revision": then}).json()["detail"]


def test_a_slug_that_another_record_has_taken_is_a_conflict(office: Organization) -> None:
    Organization.objects.update(slug="bureau")
    Organization.objects.create(slug="office", name_en="Another")
    answer = post("organizations/bureau", {"revision": 1})
    assert answer.status_code == 409
    assert answer.json()["errors"][0]["pointer"] == "#/slug"
    assert read("organizations/bureau")["id"] == office.pk


def test_parts_that_others_refer_to_by_now_are_not_thrown_away(office: Organization) -> None:
    plan = Initiative.objects.create(slug="plan", title_en="Plan")
    then = current_revision()
    milestone = Milestone.objects.create(slug="new", title_en="New", initiative=plan)
    visit = Engagement.objects.create(slug="visit", kind="visit", title_en="Visit")
    visit.agenda.create(position=1, subject_en="New", refers_to=milestone)
    answer = post("initiatives/plan", {"revision": then})
    assert answer.status_code == 409
    assert "agenda item “New”" in answer.json()["detail"]
    assert Milestone.objects.count() == 1


WRONG_BODIES: list[Any] = [
    *({}, [], "1", {"revision": None}, {"revision": "x"}, {"revision": True}, {"revision": 1, "slug": "a"}),
    # The record came with revision 2, which was the last.
    *({"revision": 0}, {"revision": 1}, {"revision": 3}, {"revision": 10**30}),
]


@pytest.mark.parametrize("body", WRONG_BODIES)
def test_a_body_that_names_no_state_of_the_record_is_refused(body: Any) -> None:
    Person.objects.create(slug="first", name_en="First")
    Person.objects.create(slug="aisha", name_en="Aisha")
    answer = post("people/aisha", body)
    assert answer.status_code == 400, answer.content
    assert current_revision() == 2


def test_who_may_not_write_the_record_may_not_restore_it(office: Organization) -> None:
    Organization.objects.update(name_en="Second")
    assert post("organizations/office", {"revision": 1}, Client()).status_code == 401
    for permissions, staff in (([], True), (["add"], True), (["change"], True), (["add", "change"], False)):
        client = signed_in([f"{verb}_organization" for verb in permissions], staff=staff)
        assert post("organizations/office", {"revision": 1}, client).status_code == 403
    allowed = signed_in(["add_organization", "change_organization"], staff=True)
    assert post("organizations/office", {"revision": 1}, allowed).status_code == 200


def test_parts_need_their_own_permissions(office: Organization) -> None:
    plan = plant_initiative(office)
    then = current_revision()
    Milestone.objects.filter(slug="second").delete()
    client = signed_in(["add_initiative", "change_initiative"], staff=True)
    refused = post("initiatives/plan", {"revision": then}, client)
    assert refused.status_code == 403
    assert "add_milestone" in refused.json()["detail"]
    assert Milestone.objects.filter(initiative=plan).count() == 1


def signed_in(permissions: list[str], *, staff: bool) -> Client:
    user = User.objects.create_user(f"user-{User.objects.count()}", is_staff=staff)
    user.user_permissions.set(Permission.objects.filter(codename__in=permissions))
    client = Client()
    client.force_login(user)
    return client


def test_whoever_has_not_seen_the_last_change_is_told_so(office: Organization) -> None:
    client = curator()
    old = client.get("/api/v1/organizations/office/")["ETag"]
    Organization.objects.update(name_en="Second")
    assert post("organizations/office", {"revision": 1}, client, headers={"If-Match": old}).status_code == 412
    seen = client.get("/api/v1/organizations/office/")["ETag"]
    assert post("organizations/office", {"revision": 1}, client, headers={"If-Match": seen}).status_code == 200


def test_there_is_nothing_to_restore_at_an_unknown_address(office: Organization) -> None:
    assert post("organizations/nowhere", {"revision": 1}).status_code == 404
    assert curator().post("/api/v1/organizations/office/restore/", {"revision": 1}, "text/plain").status_code == 415
    assert curator().get("/api/v1/organizations/office/restore/").status_code == 405
