"""Every write is recorded, by whichever way it comes; what changes nothing or is taken back is not."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from django.apps import apps
from django.contrib import admin
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command
from django.db import Error, connection, transaction
from django.test import Client
from django.urls import path

from initiatives.models import (
    Engagement,
    Goal,
    Initiative,
    Involvement,
    Organization,
    Person,
    Pillar,
    Platform,
    Rating,
    SmartService,
    Strategy,
)
from initiatives.workflow import merge
from tests.history.log import assert_history_is_whole, rows_written_by, the_revision_after, written_by
from tracker.history.models import Change, Revision
from tracker.history.time_travel import current_revision
from tracker.history.tracking import tracked

pytestmark = pytest.mark.django_db(transaction=True)

desk = admin.AdminSite(name="desk")
desk.register(Person)
urlpatterns = [path("desk/", desk.urls)]

ARTICLE = Path(apps.get_app_config("initiatives").path) / "registry" / "data" / "article"


@pytest.fixture(autouse=True)
def _history_holds() -> Iterator[None]:
    """Whatever a test writes, afterwards history is whole."""
    yield
    assert_history_is_whole()


@pytest.fixture
def curator(client: Client) -> Client:
    client.force_login(User.objects.create_superuser("curator"))
    return client


@pytest.fixture
def office() -> Organization:
    return Organization.objects.create(slug="office", name_en="Office")


def execute(statement: str, *parameters: Any) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement, parameters)


@contextmanager
def taken_back() -> Iterator[None]:
    """A transaction, or a savepoint of one, that is rolled back."""
    with transaction.atomic():
        yield
        transaction.set_rollback(True)


# The API -------------------------------------------------------------------------------------------------------------


def test_a_record_with_parts_and_links_is_created_in_one_revision(curator: Client, office: Organization) -> None:
    strategy = Strategy.objects.create(slug="strategy", title_en="Strategy")
    Pillar.objects.create(slug="services", name_en="Services", strategy=strategy, position=1)
    before = current_revision()
    response = curator.post(
        "/api/v1/initiatives/",
        {
            "slug": "paperless",
            "title": {"en": "Paperless"},
            "pillars": ["services"],
            "involvements": [{"organization": "office", "role": "lead"}],
            "milestones": [{"slug": "first", "title": {"en": "First"}}, {"slug": "second", "title": {"en": "Second"}}],
        },
        "application/json",
    )
    assert response.status_code == 201, response.content
    revision = the_revision_after(before)
    assert response["X-Revision"] == str(revision.number)
    assert written_by(revision.number) == {
        "create initiatives_initiative": 1,
        "create initiatives_initiative_pillars": 1,
        "create initiatives_involvement": 1,
        "create initiatives_milestone": 2,
    }


def test_a_patch_a_put_and_a_deletion_are_a_revision_each(curator: Client) -> None:
    Person.objects.create(slug="aisha", name_en="Aisha")
    address = "/api/v1/people/aisha/"
    steps: list[tuple[Callable[[], Any], str]] = [
        (lambda: curator.patch(address, {"name": {"ar": "عائشة"}}, "application/json"), "update"),
        (lambda: curator.put(address, {"slug": "aisha", "name": {"en": "A"}}, "application/json"), "update"),
        (lambda: curator.delete(address), "delete"),
    ]
    for request, action in steps:
        before = current_revision()
        response = request()
        assert response.status_code in (200, 204), response.content
        assert response["X-Revision"] == str(before + 1)
        assert written_by(before + 1) == {f"{action} initiatives_person": 1}


def test_a_part_that_a_list_leaves_out_is_recorded_as_deleted(curator: Client, office: Organization) -> None:
    initiative = Initiative.objects.create(slug="paperless", title_en="Paperless")
    for role in ("lead", "funder"):
        Involvement.objects.create(initiative=initiative, organization=office, role=role)
    before = current_revision()
    kept = [{"organization": "office", "role": "funder"}]
    response = curator.patch("/api/v1/initiatives/paperless/", {"involvements": kept}, "application/json")
    assert response.status_code == 200, response.content
    assert written_by(the_revision_after(before).number) == {
        "delete initiatives_involvement": 1,
        # The record's time of change moves with its parts.
        "update initiatives_initiative": 1,
    }


def test_a_refused_request_writes_no_history(curator: Client, office: Organization) -> None:
    before = current_revision()
    again = {"slug": "office", "name": {"en": "Another"}}
    assert curator.post("/api/v1/organizations/", again, "application/json").status_code == 409
    nowhere = {"slug": "paperless", "title": {"en": "P"}, "involvements": [{"organization": "nobody", "role": "lead"}]}
    assert curator.post("/api/v1/initiatives/", nowhere, "application/json").status_code == 400
    assert current_revision() == before
    assert Revision.objects.count() == before


def test_a_dry_run_writes_no_history(curator: Client) -> None:
    before = current_revision()
    response = curator.post("/api/v1/people/?dry_run=true", {"slug": "a", "name": {"en": "A"}}, "application/json")
    assert response.status_code == 200, response.content
    assert current_revision() == before
    assert not Change.objects.filter(table_name="initiatives_person").exists()


def test_a_patch_that_says_what_is_already_there_makes_no_revision(curator: Client) -> None:
    Person.objects.create(slug="aisha", name_en="Aisha")
    before = current_revision()
    response = curator.patch("/api/v1/people/aisha/", {"name": {"en": "Aisha"}}, "application/json")
    assert response.status_code == 200
    assert response["X-Revision"] == str(before)
    assert current_revision() == before


# Admin, commands, the shell ------------------------------------------------------------------------------------------


@pytest.mark.urls("tests.history.test_triggers")
def test_what_a_curator_saves_and_deletes_in_admin_is_recorded(curator: Client) -> None:
    form = {"slug": "aisha", "name_en": "Aisha", "name_ar": "عائشة"}
    assert curator.post("/desk/initiatives/person/add/", form).status_code == 302
    person = Person.objects.get()
    assert written_by(the_revision_after(0).number) == {"create initiatives_person": 1}
    address = f"/desk/initiatives/person/{person.pk}/"
    assert curator.post(f"{address}change/", form | {"name_en": "Dr Aisha"}).status_code == 302
    assert curator.post(f"{address}delete/", {"post": "yes"}).status_code == 302
    assert written_by(2) == {"update initiatives_person": 1}
    assert written_by(3) == {"delete initiatives_person": 1}
    assert set(Revision.objects.values_list("actor", flat=True)) == {"curator"}


def test_loading_registry_files_is_one_revision_and_loading_them_again_is_none() -> None:
    call_command("load_registry", ARTICLE, verbosity=0)
    loaded = the_revision_after(0)
    created = written_by(loaded.number)
    assert created["create initiatives_organization"] == Organization.objects.count() > 0
    # Rows that refer to each other are written, and then linked.
    assert {entry.split()[0] for entry in created} <= {"create", "update"}
    call_command("load_registry", ARTICLE, verbosity=0)
    assert current_revision() == loaded.number


def test_exporting_the_registry_makes_no_revision(tmp_path: Path, office: Organization) -> None:
    before = current_revision()
    call_command("export_registry", tmp_path, verbosity=0)
    assert current_revision() == before


def test_a_merge_is_one_revision_with_all_that_it_moves(office: Organization) -> None:
    double = Organization.objects.create(slug="double", name_en="Office")
    Platform.objects.create(slug="platform", name_en="Platform", owner=double)
    goal = Goal.objects.create(slug="goal", title_en="Goal", owner=double)
    before = current_revision()
    merge(duplicate=double, into=office)
    moved = written_by(the_revision_after(before).number)
    assert moved == {
        "update initiatives_platform": 1,
        "update initiatives_goal": 1,
        "update initiatives_organization": 1,
    }
    goal.refresh_from_db()
    assert goal.owner == office


def test_many_rows_at_once_are_recorded_one_by_one() -> None:
    people = Person.objects.bulk_create(Person(slug=f"p-{n}", name_en=f"P{n}") for n in range(200))
    assert written_by(the_revision_after(0).number) == {"create initiatives_person": 200}
    Person.objects.filter(slug__startswith="p-1").update(name_ar="ش")
    assert written_by(2) == {"update initiatives_person": 111}
    for person in people:
        person.honorific_en = "Eng."
    Person.objects.bulk_update(people, ["honorific_en"])
    assert written_by(3) == {"update initiatives_person": 200}
    changed = Person(slug="p-0", name_en="Zero", created_at=people[0].created_at, updated_at=people[0].updated_at)
    Person.objects.bulk_create([changed], update_conflicts=True, unique_fields=["slug"], update_fields=["name_en"])
    assert written_by(4) == {"update initiatives_person": 1}
    Person.objects.all().delete()
    assert written_by(5) == {"delete initiatives_person": 200}


def test_links_are_recorded_as_they_are_set_added_removed_and_cleared() -> None:
    people = [Person.objects.create(slug=slug, name_en=slug) for slug in ("a", "b", "c")]
    goal = Goal.objects.create(slug="goal", title_en="Goal")
    before = current_revision()
    goal.stated_by.set(people[:2])
    goal.stated_by.set(people[1:])
    goal.stated_by.add(people[1])
    goal.stated_by.remove(people[1])
    goal.stated_by.clear()
    links = "initiatives_goal_stated_by"
    recorded = [written_by(number) for number in range(before + 1, current_revision() + 1)]
    assert sum(each[f"create {links}"] for each in recorded) == 3
    assert sum(each[f"delete {links}"] for each in recorded) == 3
    assert set(Change.objects.filter(table_name=links).values_list("owner_table", "owner_id")) == {
        ("initiatives_goal", goal.pk)
    }


def test_what_a_deletion_takes_with_it_is_recorded_too() -> None:
    engagement = Engagement.objects.create(slug="visit", title_en="Visit", kind="visit")
    for position in (1, 2):
        engagement.participations.create(position=position, group_en="Directors", role="host")
        engagement.agenda.create(position=position, subject_en="Subject")
    before = current_revision()
    engagement.delete()
    assert written_by(the_revision_after(before).number) == {
        "delete initiatives_engagement": 1,
        "delete initiatives_participation": 2,
        "delete initiatives_agendaitem": 2,
    }


def test_sql_from_outside_is_recorded_under_the_database_account(office: Organization) -> None:
    before = current_revision()
    execute("UPDATE initiatives_organization SET name_en = 'Authority'")
    revision = the_revision_after(before)
    assert revision.actor == connection.settings_dict["USER"]
    assert (revision.actor_id, revision.reason, revision.request_id) == (None, "", "")
    execute(
        "MERGE INTO initiatives_organization AS known USING (VALUES ('office', 'Merged')) AS given(slug, name) "
        "ON known.slug = given.slug WHEN MATCHED THEN UPDATE SET name_en = given.name"
    )
    assert written_by(before + 2) == {"update initiatives_organization": 1}
    execute("DELETE FROM initiatives_organization")
    assert written_by(before + 3) == {"delete initiatives_organization": 1}


def test_copied_rows_are_recorded(office: Organization) -> None:
    with connection.cursor() as cursor:
        columns = [f'"{field.column}"' for field in Organization._meta.local_concrete_fields if field.column != "id"]
        listed = ", ".join(columns)
        cursor.execute(
            f"CREATE TEMP TABLE carried AS SELECT {listed} FROM initiatives_organization, generate_series(1, 50)"
        )
        cursor.execute("ALTER TABLE carried ADD number serial")
        cursor.execute("UPDATE carried SET slug = 'copy-' || number")
        with cursor.copy(f"COPY (SELECT {listed} FROM carried) TO STDOUT") as source:
            data = [bytes(block) for block in source]
        before = current_revision()
        with cursor.copy(f"COPY initiatives_organization ({listed}) FROM STDIN") as target:
            for block in data:
                target.write(block)
        cursor.execute("DROP TABLE carried")
    assert written_by(the_revision_after(before).number) == {"create initiatives_organization": 50}


# What leaves no trace ------------------------------------------------------------------------------------------------


def test_an_update_that_changes_nothing_leaves_no_change_and_no_revision(office: Organization) -> None:
    before = current_revision()
    execute("UPDATE initiatives_organization SET name_en = name_en")
    Organization.objects.update(slug="office")
    Organization.objects.filter(slug="nobody").update(name_en="Nobody")
    assert current_revision() == before
    assert Revision.objects.count() == before


def test_of_several_rows_only_those_that_change_are_recorded(office: Organization) -> None:
    Organization.objects.create(slug="other", name_en="Other")
    before = current_revision()
    Organization.objects.update(name_en="Other")
    (change,) = Change.objects.filter(revision=the_revision_after(before))
    assert change.object_id == office.pk


def test_a_transaction_that_is_rolled_back_leaves_no_trace_and_no_gap(office: Organization) -> None:
    before = current_revision()
    for _ in range(3):
        with taken_back():
            Organization.objects.update(name_en="Never")
    assert Revision.objects.count() == before
    Organization.objects.update(name_en="At last")
    assert the_revision_after(before).number == before + 1


def test_a_refusal_at_commit_leaves_no_trace_and_no_gap(office: Organization) -> None:
    before = current_revision()
    with pytest.raises(Error):
        Organization.objects.update(parent_id=office.pk)
    assert Revision.objects.count() == before
    Organization.objects.update(name_en="At last")
    assert the_revision_after(before).number == before + 1


def test_what_a_savepoint_takes_back_is_not_in_the_revision(office: Organization) -> None:
    before = current_revision()
    with transaction.atomic():
        with taken_back():
            # The transaction's first write: its revision goes with it.
            Person.objects.create(slug="never", name_en="Never")
        Organization.objects.update(name_en="First")
        with taken_back():
            Organization.objects.update(name_en="Never")
        Organization.objects.update(name_en="Second")
    revision = the_revision_after(before)
    assert [row["name_en"] for row in rows_written_by(revision)] == ["First", "Second"]


def test_a_transaction_whose_savepoints_were_all_taken_back_makes_no_revision(office: Organization) -> None:
    before = current_revision()
    with transaction.atomic(), taken_back():
        Organization.objects.update(name_en="Never")
    assert Revision.objects.count() == before


def test_what_is_not_versioned_makes_no_revision(office: Organization) -> None:
    service = SmartService.objects.create(slug="service", name_en="Service", provider=office)
    before = current_revision()
    Rating.objects.create(smart_service=service, score="happy")
    User.objects.create_user("somebody")
    assert current_revision() == before


# The guards ----------------------------------------------------------------------------------------------------------


def test_every_record_part_and_link_is_under_version_control_and_nothing_else() -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT relname FROM pg_trigger JOIN pg_class ON pg_class.oid = tgrelid WHERE tgname = 'history_row'"
        )
        guarded = {name for (name,) in cursor.fetchall()}
    kept_out = {"dashboard", "widget", "webhook", "webhookdelivery", "webhook_organizations", "follow", "feedreader"}
    kept_out |= {"invitation", "joinrequest", "nextversion", "publicationstep", "reminder", "datasetaccess"}
    kept_out |= {"rating", "happinesscount", "waitingratings"}
    tables = {
        model._meta.db_table
        for model in apps.get_app_config("initiatives").get_models(include_auto_created=True)
        if model._meta.model_name not in kept_out
    }
    assert guarded == tables == {each.table for each in tracked()}


def test_truncate_is_refused_on_every_table_with_words_that_say_what_to_do() -> None:
    for table in [*(each.table for each in tracked()), "history_revision", "history_change"]:
        with pytest.raises(Error, match=rf"{table} is under version control: TRUNCATE .*\. Use DELETE\."):
            execute(f'TRUNCATE "{table}" CASCADE')


def test_truncating_what_others_refer_to_is_refused_as_well() -> None:
    with pytest.raises(Error, match="is under version control"):
        execute("TRUNCATE django_content_type CASCADE")


def test_flush_is_refused() -> None:
    with pytest.raises(CommandError, match="couldn't be flushed"):
        call_command("flush", interactive=False, verbosity=0)
