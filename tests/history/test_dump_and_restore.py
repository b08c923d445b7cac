"""A dump that is restored into an empty database is the registry with all its history, which goes on from there."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.apps import apps
from django.contrib.auth.models import User
from django.core.management import call_command
from django.db import Error, connection
from django.test import Client

from initiatives.models import Goal, Organization
from tests.history.dumps import dump, empty_database, restore, working_in
from tests.history.log import assert_history_is_whole, the_revision_after, written_by
from tracker.api import collections
from tracker.history.time_travel import current_revision
from tracker.history.tracking import tracked

pytestmark = pytest.mark.django_db(transaction=True)

ARTICLE = Path(apps.get_app_config("initiatives").path) / "registry" / "data" / "article"
TABLES = "SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY 1"
ROWS = (
    """SELECT '{table}', count(*), md5(string_agg("{table}"::text, E'\\n' ORDER BY "{table}"::text)) FROM "{table}" """
)
TRIGGERS = """
SELECT tgrelid::regclass::text, tgname, tgenabled, pg_get_triggerdef(pg_trigger.oid)
FROM pg_trigger WHERE NOT tgisinternal ORDER BY 1, 2
"""
SEQUENCES = "SELECT schemaname, sequencename, last_value FROM pg_sequences ORDER BY 1, 2"
FUNCTIONS = """
SELECT pg_get_functiondef(oid) FROM pg_proc WHERE pronamespace = 'public'::regnamespace ORDER BY 1
"""
VIEWS = "SELECT viewname, definition FROM pg_views WHERE schemaname = 'asof' ORDER BY 1"


def ask(question: str) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(question)
        return list(cursor.fetchall())


def everything() -> dict[str, list[tuple[Any, ...]]]:
    """The database as far as anybody can tell two of them apart: a hash of each table's rows, and what guards them."""
    rows = [ask(ROWS.format(table=table))[0] for (table,) in ask(TABLES)]
    parts = {"triggers": TRIGGERS, "sequences": SEQUENCES, "functions": FUNCTIONS, "views": VIEWS}
    return {"rows": rows, **{name: ask(question) for name, question in parts.items()}}


def answers(client: Client, moment: int) -> dict[str, Any]:
    """What every collection holds at a revision, as the API says it."""
    return {
        name: client.get(f"/api/v1/{name}/?limit=1000&as_of={moment}").json()["results"] for name in collections.names()
    }


@pytest.fixture
def curator() -> Client:
    client = Client()
    client.force_login(User.objects.create_superuser("curator"))
    return client


@pytest.fixture
def restored(curator: Client, tmp_path: Path) -> Iterator[str]:
    """A copy of a registry that has a past: loaded, changed, deleted from, and written to in vain."""
    call_command("load_registry", ARTICLE, verbosity=0)
    Organization.objects.create(slug="short-lived", name_en="Short-lived")
    Organization.objects.filter(slug="short-lived").delete()
    changed = curator.patch("/api/v1/people/aisha-bin-bishr/", {"honorific": {"en": "Dr"}}, "application/json")
    assert changed.status_code == 200, changed.content
    Goal.objects.first().stated_by.clear()  # type: ignore[union-attr]
    dump(tmp_path / "registry.sql")
    with empty_database() as name:
        restore(tmp_path / "registry.sql", dbname=name)
        yield name


def test_rows_triggers_sequences_functions_and_views_come_back_as_they_were(restored: str) -> None:
    before = everything()
    with working_in(restored):
        after = everything()
    assert after == before
    assert len(after["views"]) == len(tracked())
    names = {name for _table, name, _enabled, _definition in after["triggers"]}
    assert {"history_row", "history_truncate", "history_number_at_commit", "history_number_last"} <= names


def test_history_goes_on_in_the_restored_database(restored: str, curator: Client) -> None:
    last = current_revision()
    with working_in(restored):
        assert_history_is_whole()
        assert current_revision() == last
        response = curator.post(
            "/api/v1/people/",
            {"slug": "new", "name": {"en": "New"}},
            "application/json",
            headers={"X-Change-Reason": "After the restore"},
        )
        assert response.status_code == 201, response.content
        assert response["X-Revision"] == str(last + 1)
        assert written_by(last + 1) == {"create initiatives_person": 1}
        revision = the_revision_after(last)
        assert (revision.actor, revision.reason) == ("curator", "After the restore")
        with pytest.raises(Error, match="under version control"):
            ask("TRUNCATE initiatives_person CASCADE")
        assert_history_is_whole()
    assert current_revision() == last


def test_the_past_reads_the_same_from_the_restored_database(restored: str, curator: Client) -> None:
    moments = range(1, current_revision() + 1)
    before = {moment: answers(curator, moment) for moment in moments}
    with working_in(restored):
        assert {moment: answers(curator, moment) for moment in moments} == before
    assert any(before[1]["people"])


def test_migrating_the_restored_database_again_changes_nothing(restored: str) -> None:
    with working_in(restored):
        before = everything()
        call_command("migrate", verbosity=0)
        assert everything() == before
