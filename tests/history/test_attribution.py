"""Each revision says who wrote it, why and in which request; nobody's name stays for the next on the connection."""

from __future__ import annotations

import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from django.apps import apps
from django.contrib import admin
from django.contrib.auth.models import User
from django.core.management import call_command
from django.db import connection, connections, transaction
from django.test import Client
from django.urls import include, path
from psycopg import sql

from initiatives.models import Organization, Person
from tests.history.log import assert_history_is_whole, rows_written_by, the_revision_after
from tracker.api.models import Token
from tracker.history.attribution import Attribution, attributed
from tracker.history.models import Revision
from tracker.history.time_travel import current_revision

pytestmark = pytest.mark.django_db(transaction=True)

desk = admin.AdminSite(name="desk")
desk.register(Person)
urlpatterns = [path("desk/", desk.urls), path("api/", include("initiatives.api.urls"))]

PEOPLE = "/api/v1/people/"
ARTICLE = Path(apps.get_app_config("initiatives").path) / "registry" / "data" / "article"


@pytest.fixture(autouse=True)
def _history_holds() -> Iterator[None]:
    yield
    assert_history_is_whole()


@pytest.fixture
def amal() -> User:
    return User.objects.create_superuser("amal")


@pytest.fixture
def badr() -> User:
    return User.objects.create_superuser("badr")


def signed_in(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def add(client: Client, slug: str, **headers: str) -> Any:
    response = client.post(PEOPLE, {"slug": slug, "name": {"en": slug}}, "application/json", headers=headers)
    assert response.status_code == 201, response.content
    return response


def outsider() -> str:
    """The account under which statements run that nobody is named for."""
    return str(connection.settings_dict["USER"])


# A request -----------------------------------------------------------------------------------------------------------


def test_a_request_leaves_its_user_its_reason_and_its_id(amal: User) -> None:
    add(signed_in(amal), "aisha", **{"X-Change-Reason": "Named in the article", "X-Request-ID": "visit-1"})
    revision = the_revision_after(0)
    assert (revision.actor_id, revision.actor) == (amal.pk, "amal")
    assert (revision.reason, revision.request_id) == ("Named in the article", "visit-1")


def test_a_token_writes_in_the_name_of_its_owner(amal: User) -> None:
    _token, plaintext = Token.issue(user=amal, name="import")
    add(Client(), "aisha", Authorization=f"Bearer {plaintext}")
    assert the_revision_after(0).actor == "amal"


def test_a_reason_may_be_arabic(amal: User) -> None:
    add(signed_in(amal), "aisha", **{"X-Change-Reason": "وردت في المقال".encode().decode("latin-1")})
    assert the_revision_after(0).reason == "وردت في المقال"


def test_a_request_without_an_id_is_given_one_that_the_answer_names(amal: User) -> None:
    response = add(signed_in(amal), "aisha", **{"X-Request-ID": "not an id\u00e9"})
    assert response["X-Request-ID"] == the_revision_after(0).request_id
    assert re.fullmatch("[0-9a-f]{32}", response["X-Request-ID"])


@pytest.mark.parametrize(
    ("method", "address", "headers", "status"),
    [
        ("GET", PEOPLE, {}, 200),
        ("GET", f"{PEOPLE}nobody/", {}, 404),
        ("GET", f"{PEOPLE}?q=%zz", {}, 400),
        ("GET", "/nowhere/", {}, 404),
        ("GET", "/admin/login", {}, 302),
        ("POST", PEOPLE, {"Content-Length": "999999999"}, 413),
        ("POST", PEOPLE, {"Authorization": "Bearer trk_nonsense"}, 401),
        ("OPTIONS", PEOPLE, {"Origin": "https://a.example", "Access-Control-Request-Method": "GET"}, 200),
        ("GET", PEOPLE, {"Host": "elsewhere.example"}, 400),
    ],
)
def test_each_answer_names_its_request_whoever_gives_it(
    method: str, address: str, headers: dict[str, str], status: int
) -> None:
    ids = []
    for own in ({"X-Request-ID": "visit-1"}, {}, {}):
        response = Client().generic(method, address, headers={**headers, **own})
        assert response.status_code == status
        ids.append(response["X-Request-ID"])
    assert ids[0] == "visit-1"
    assert len(set(ids)) == 3


def test_a_reason_that_is_too_long_is_refused_and_nothing_is_written(amal: User) -> None:
    response = signed_in(amal).post(
        PEOPLE, {"name": {"en": "A"}}, "application/json", headers={"X-Change-Reason": "x" * 1_001}
    )
    assert response.status_code == 400
    assert current_revision() == 0


def test_reading_opens_no_revision(amal: User) -> None:
    signed_in(amal).get(PEOPLE, headers={"X-Change-Reason": "Curiosity"})
    assert Revision.objects.count() == 0


@pytest.mark.urls("tests.history.test_attribution")
def test_admin_leaves_its_curator_and_the_reason_that_the_browser_sent(amal: User) -> None:
    form = {"slug": "aisha", "name_en": "Aisha"}
    response = signed_in(amal).post("/desk/initiatives/person/add/", form, headers={"X-Change-Reason": "A new source"})
    assert response.status_code == 302
    revision = the_revision_after(0)
    assert (revision.actor, revision.actor_id, revision.reason) == ("amal", amal.pk, "A new source")
    assert revision.request_id == response["X-Request-ID"]


def test_loading_registry_files_is_attributed_to_the_command_and_names_them_but_not_the_machines_folders(
    tmp_path: Path,
) -> None:
    call_command("load_registry", ARTICLE, verbosity=0)
    revision = the_revision_after(0)
    assert (revision.actor, revision.actor_id) == ("load_registry", None)
    assert revision.reason == "Loaded from initiatives/registry/data/article"
    (tmp_path / "people.yaml").write_text("- slug: amal\n  name: {en: Amal}\n")
    call_command("load_registry", tmp_path, verbosity=0)
    assert the_revision_after(1).reason == f"Loaded from {tmp_path.name}"


# One after the other on the same connection --------------------------------------------------------------------------


def test_two_users_in_turn_are_not_mixed_up(amal: User, badr: User) -> None:
    first, second = signed_in(amal), signed_in(badr)
    for number in range(3):
        add(first, f"a-{number}", **{"X-Change-Reason": f"a {number}", "X-Request-ID": f"a-{number}"})
        add(second, f"b-{number}")
    found = Revision.objects.numbered().values_list("actor", "actor_id", "reason")
    assert list(found) == [
        ("amal", amal.pk, "a 0"),
        ("badr", badr.pk, ""),
        ("amal", amal.pk, "a 1"),
        ("badr", badr.pk, ""),
        ("amal", amal.pk, "a 2"),
        ("badr", badr.pk, ""),
    ]


def test_what_is_written_after_a_request_is_not_its_users(amal: User) -> None:
    add(signed_in(amal), "aisha", **{"X-Change-Reason": "Mine"})
    Person.objects.update(name_ar="عائشة")
    with connection.cursor() as cursor:
        cursor.execute("UPDATE initiatives_person SET name_ar = ''")
    for revision in Revision.objects.filter(number__gt=1):
        assert (revision.actor, revision.actor_id, revision.reason) == (outsider(), None, "")
        assert revision.request_id == ""


def test_a_refused_request_leaves_nothing_for_the_next(amal: User) -> None:
    client = signed_in(amal)
    add(client, "aisha")
    twice = {"slug": "aisha", "name": {"en": "Aisha"}}
    refused = client.post(PEOPLE, twice, "application/json", headers={"X-Change-Reason": "Twice"})
    assert refused.status_code == 409
    Person.objects.update(name_ar="عائشة")
    assert (the_revision_after(1).actor, the_revision_after(1).reason) == (outsider(), "")


@pytest.fixture
def _two_pooled_connections(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """All threads of the test share two connections, which a pool hands from one to the next."""
    settings = connection.settings_dict
    connections.close_all()
    monkeypatch.setitem(settings, "OPTIONS", {**settings["OPTIONS"], "pool": {"min_size": 1, "max_size": 2}})
    monkeypatch.setitem(settings, "CONN_MAX_AGE", 0)
    yield
    connections.close_all()
    connection.close_pool()  # type: ignore[attr-defined]


@pytest.mark.usefixtures("_two_pooled_connections")
def test_users_on_a_pool_of_connections_are_not_mixed_up() -> None:
    users = [User.objects.create_superuser(f"user-{number}") for number in range(4)]
    clients = [signed_in(user) for user in users]

    def write(number: int) -> None:
        user = users[number % 4]
        try:
            add(clients[number % 4], f"p-{number}", **{"X-Change-Reason": f"{user.pk} {number}"})
        finally:
            connections.close_all()

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(write, range(40)))
    revisions = list(Revision.objects.numbered())
    assert len(revisions) == 40
    for revision in revisions:
        assert revision.reason.split()[0] == str(revision.actor_id)
        (row,) = rows_written_by(revision)
        assert row["slug"] == f"p-{revision.reason.split()[1]}"


def test_no_words_of_one_transaction_are_left_on_the_connection(amal: User) -> None:
    add(signed_in(amal), "aisha", **{"X-Change-Reason": "Mine"})
    with connection.cursor() as cursor:
        for name in ("actor", "actor_id", "reason", "request_id", "revision"):
            cursor.execute(f"SELECT current_setting('history.{name}', true)")
            assert cursor.fetchall() in ([("",)], [(None,)]), name


# Inside a program ----------------------------------------------------------------------------------------------------


def test_writes_outside_of_any_transaction_are_attributed_each() -> None:
    with attributed(Attribution(actor="job", reason="Nightly")):
        Person.objects.create(slug="a", name_en="A")
        Person.objects.update(name_en="B")
        with connection.cursor() as cursor:
            cursor.execute("UPDATE initiatives_person SET name_en = 'C'")
            cursor.execute(
                sql.SQL("UPDATE {} SET name_en = 'E'").format(sql.Identifier("initiatives_person")),
            )
            cursor.execute("-- by hand\n/* and */ UPDATE initiatives_person SET name_en = 'F'")
            cursor.executemany("UPDATE initiatives_person SET name_en = %s", [["G"], ["H"]])
    found = Revision.objects.numbered().values_list("actor", "reason")
    assert set(found) == {("job", "Nightly")}
    assert len(found) == 6


def test_words_that_were_told_in_a_savepoint_are_told_again_after_it() -> None:
    with attributed(Attribution(actor="job")), transaction.atomic():
        with transaction.atomic():
            Person.objects.create(slug="never", name_en="Never")
            transaction.set_rollback(True)
        Person.objects.create(slug="a", name_en="A")
    assert the_revision_after(0).actor == "job"


def test_transactions_in_turn_within_one_attribution_are_all_attributed() -> None:
    with attributed(Attribution(actor="job")):
        for number in range(3):
            with transaction.atomic():
                with transaction.atomic():
                    Person.objects.create(slug=f"p-{number}", name_en="P")
                Organization.objects.create(slug=f"o-{number}", name_en="O")
    assert list(Revision.objects.values_list("actor", flat=True)) == ["job"] * 3


def test_words_that_become_known_late_are_recorded() -> None:
    with attributed(Attribution()) as attribution, transaction.atomic():
        Person.objects.filter(slug="nobody").update(name_en="Nobody")
        attribution.actor, attribution.reason = "amal", "Signed in late"
        Person.objects.create(slug="a", name_en="A")
    assert (the_revision_after(0).actor, the_revision_after(0).reason) == ("amal", "Signed in late")


def test_an_attribution_inside_another_holds_for_its_block_only() -> None:
    with attributed(Attribution(actor="outer")):
        Person.objects.create(slug="a", name_en="A")
        with attributed(Attribution(actor="inner")):
            Person.objects.create(slug="b", name_en="B")
        Person.objects.create(slug="c", name_en="C")
        with transaction.atomic():
            with attributed(Attribution(actor="inner")):
                Person.objects.filter(slug="nobody").update(name_en="Nobody")
            Person.objects.create(slug="d", name_en="D")
    found = Revision.objects.numbered().values_list("actor", flat=True)
    assert list(found) == ["outer", "inner", "outer", "outer"]


def test_reads_within_an_attribution_cost_nothing_more(django_assert_num_queries: Any) -> None:
    with attributed(Attribution(actor="job")), django_assert_num_queries(2):
        list(Person.objects.all())
        list(Organization.objects.all())
