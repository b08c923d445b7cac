"""Writers at the same time: numbers without a gap in the order of the commits, and nobody waits before the commit."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier, Event, Thread

import psycopg
import pytest
from django.contrib.auth.models import User
from django.db import OperationalError, connection, connections, transaction
from django.test import Client

from initiatives.models import Initiative, Involvement, Milestone, MilestoneDependency, Organization, Person
from tests.history.log import assert_history_is_whole, rows_written_by
from tracker.history.attribution import Attribution, attributed
from tracker.history.models import Revision
from tracker.history.time_travel import current_revision
from tracker.history.versions import number_revision

pytestmark = pytest.mark.django_db(transaction=True)

WRITERS = 8
COMMITS = 200
# Far more than a commit takes, far less than a long import.
PROMPT_SECONDS = 2.0


@pytest.fixture(autouse=True)
def _history_holds() -> Iterator[None]:
    yield
    assert_history_is_whole()


def at_once(*tasks: Callable[[], None]) -> None:
    """Run each task in a thread with a connection of its own; the first failure is raised."""

    def run(task: Callable[[], None]) -> None:
        try:
            task()
        finally:
            connections.close_all()

    with ThreadPoolExecutor(len(tasks)) as pool:
        list(pool.map(run, tasks))


def another_connection() -> psycopg.Connection:
    """A connection that Django knows nothing of."""
    parameters = connection.get_connection_params()
    return psycopg.connect(
        host=parameters.get("host"),
        port=parameters.get("port"),
        user=parameters.get("user"),
        password=parameters.get("password"),
        dbname=parameters["dbname"],
        autocommit=True,
    )


class Follower(Thread):
    """Reads the feed while others write, as a mirror does: always on from the last revision that it has seen."""

    def __init__(self) -> None:
        super().__init__()
        self.seen: list[int] = []
        self.finish = Event()

    def run(self) -> None:
        with another_connection() as feed:
            done = False
            while not done:
                done = self.finish.is_set()
                rows = feed.execute(
                    "SELECT number FROM history_revision WHERE number > %s ORDER BY number",
                    [self.seen[-1] if self.seen else 0],
                )
                self.seen += [number for (number,) in rows]


def write_as(writer: int, learned: dict[str, int]) -> None:
    """200 transactions, each of two rows; of some the writer learns the number before, and some are rolled back."""
    for count in range(COMMITS):
        name = f"w{writer}-{count}"
        with attributed(Attribution(actor=f"writer-{writer}", request_id=name)), transaction.atomic():
            Person.objects.create(slug=name, name_en=name)
            Person.objects.filter(slug=f"w{writer}-{count - 1}").update(name_ar="قبل")
            with connection.cursor() as cursor:
                # PostgreSQL hands notifications on in the order of the commits.
                cursor.execute("SELECT pg_notify('witness', %s)", [name])
            if count % 2:
                learned[name] = number_revision() or 0
        if count % 20 == 0:
            with transaction.atomic():
                Person.objects.filter(slug=name).update(name_ar="never")
                transaction.set_rollback(True)


def test_numbers_have_no_gap_and_follow_the_commits() -> None:
    before = current_revision()
    total = WRITERS * COMMITS
    learned: dict[str, int] = {}
    follower = Follower()
    with another_connection() as witness:
        witness.execute("LISTEN witness")
        follower.start()
        at_once(*(lambda writer=writer: write_as(writer, learned) for writer in range(WRITERS)))
        follower.finish.set()
        follower.join()
        commits = [notice.payload for notice in witness.notifies(timeout=5, stop_after=total)]
    feed = list(Revision.objects.numbered().filter(number__gt=before).values_list("number", "request_id", "at"))
    assert [number for number, _name, _at in feed] == list(range(before + 1, before + total + 1))
    assert [name for _number, name, _at in feed] == commits
    assert len(set(commits)) == total
    assert [at for _number, _name, at in feed] == sorted(at for _number, _name, at in feed)
    assert learned == {name: number for number, name, _at in feed if name in learned}
    assert len(learned) == total // 2
    # No revision ever came into sight after a later one.
    assert follower.seen == list(range(1, before + total + 1))


def test_a_long_import_keeps_nobody_waiting_before_it_commits() -> None:
    written, go_on = Event(), Event()
    waits: list[float] = []

    def load() -> None:
        with transaction.atomic():
            Organization.objects.bulk_create(
                [Organization(slug=f"o-{number}", name_en="O") for number in range(10_000)], batch_size=1_000
            )
            written.set()
            assert go_on.wait(30)

    def write(writer: int) -> None:
        assert written.wait(30)
        for count in range(20):
            start = time.monotonic()
            Person.objects.create(slug=f"p{writer}-{count}", name_en="P")
            waits.append(time.monotonic() - start)

    def others() -> None:
        try:
            at_once(*(lambda writer=writer: write(writer) for writer in range(4)))
        finally:
            go_on.set()

    at_once(load, others)
    assert len(waits) == 80
    assert max(waits) < PROMPT_SECONDS
    last = Revision.objects.numbered().reverse()[0]
    assert last.number == 81
    assert last.changes.count() == 10_000


def test_a_writer_that_meets_anothers_row_while_it_commits_is_no_deadlock() -> None:
    """A foreign key is checked at commit and waits for whoever deletes the row; that one then needs its number."""
    initiative = Initiative.objects.create(slug="i", title_en="I")
    organizations = [Organization.objects.create(slug=f"o-{number}", name_en="O") for number in range(5)]
    for organization in organizations:
        meeting = Barrier(2)

        def refer(organization: Organization = organization, meeting: Barrier = meeting) -> None:
            with transaction.atomic():
                Initiative.objects.filter(pk=initiative.pk).update(title_en=organization.slug)
                Involvement.objects.create(initiative=initiative, organization=organization, role="lead")
                meeting.wait(10)

        def lock(organization: Organization = organization, meeting: Barrier = meeting) -> None:
            with transaction.atomic():
                locked = Organization.objects.select_for_update().get(pk=organization.pk)
                locked.name_en = "Changed"
                locked.save()
                meeting.wait(10)
                # The other one is committing by now.
                time.sleep(0.1)

        at_once(refer, lock)
    assert Involvement.objects.count() == len(organizations)


def test_writers_whose_checks_of_hierarchies_meet_are_no_deadlock() -> None:
    initiative = Initiative.objects.create(slug="i", title_en="I")
    milestones = [Milestone.objects.create(slug=f"m-{n}", title_en="M", initiative=initiative) for n in range(4)]
    for _ in range(5):
        meeting = Barrier(2)

        def depend_last(meeting: Barrier = meeting) -> None:
            with transaction.atomic():
                Initiative.objects.filter(pk=initiative.pk).update(title_en=str(time.monotonic()))
                MilestoneDependency.objects.create(milestone=milestones[0], depends_on=milestones[1])
                meeting.wait(10)

        def depend_first(meeting: Barrier = meeting) -> None:
            with transaction.atomic():
                MilestoneDependency.objects.create(milestone=milestones[2], depends_on=milestones[3])
                meeting.wait(10)

        at_once(depend_last, depend_first)
        MilestoneDependency.objects.all().delete()


def test_concurrent_requests_each_learn_the_revision_that_they_made() -> None:
    client_of = []
    for writer in range(WRITERS):
        client = Client()
        client.force_login(User.objects.create_superuser(f"writer-{writer}"))
        client_of.append(client)
    answers: dict[str, int] = {}

    def write(writer: int) -> None:
        for count in range(5):
            slug = f"w{writer}-{count}"
            response = client_of[writer].post(
                "/api/v1/people/", {"slug": slug, "name": {"en": slug}}, "application/json"
            )
            assert response.status_code == 201, response.content
            answers[slug] = int(response["X-Revision"])

    at_once(*(lambda writer=writer: write(writer) for writer in range(WRITERS)))
    assert sorted(answers.values()) == list(range(1, WRITERS * 5 + 1))
    for revision in Revision.objects.all():
        (row,) = rows_written_by(revision)
        slug = row["slug"]
        assert answers[slug] == revision.number
        assert revision.actor == f"writer-{slug[1:].partition('-')[0]}"


def test_a_writer_that_reads_repeatably_is_refused_rather_than_numbered_twice() -> None:
    Person.objects.create(slug="a", name_en="A")
    with another_connection() as late:
        late.autocommit = False
        late.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
        late.execute("UPDATE initiatives_person SET name_en = 'B'")
        Organization.objects.create(slug="o", name_en="O")
        with pytest.raises(psycopg.errors.UniqueViolation, match="history_revision_number_key"):
            late.commit()
        late.execute("UPDATE initiatives_person SET name_en = 'B'")
        late.commit()
    assert current_revision() == 3


def test_a_server_that_stops_waiting_for_the_number_takes_the_write_back() -> None:
    Person.objects.create(slug="a", name_en="A")
    with another_connection() as slow:
        slow.autocommit = False
        slow.execute("UPDATE initiatives_person SET name_en = 'B'")
        slow.execute("SET CONSTRAINTS ALL IMMEDIATE")
        slow.execute("SET CONSTRAINTS public.history_number_last IMMEDIATE")
        with connection.cursor() as cursor:
            cursor.execute("SET lock_timeout = '100ms'")
        with pytest.raises(OperationalError, match="lock timeout"):
            Organization.objects.create(slug="o", name_en="O")
        with connection.cursor() as cursor:
            cursor.execute("RESET lock_timeout")
        slow.commit()
    assert not Organization.objects.exists()
    assert current_revision() == 2
