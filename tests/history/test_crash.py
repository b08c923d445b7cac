"""PostgreSQL killed in the middle of writing: what was acknowledged is there with its revision, and nothing is halved.

The server is one of the test's own, with everything on that makes commits durable.
"""

from __future__ import annotations

import random
import shutil
import signal
import tempfile
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from threading import Thread

import psutil
import psycopg
import pytest

from tests.history.dumps import dump, restore
from tests.history.log import assert_history_is_whole
from tracker.database.cluster import Cluster

pytestmark = pytest.mark.django_db(transaction=True)

KILLS = 21
WRITERS = 4
# Long enough for some dozens of commits of each writer, and never the same point.
WRITING_SECONDS = (0.05, 0.2)
RECOVERY_SECONDS = 30
INSERT = """
INSERT INTO initiatives_person
    (slug, name_en, name_ar, honorific_en, honorific_ar, aliases_en, aliases_ar, created_at, updated_at)
SELECT %s || '-' || number, %s, '', '', '', '{}', '{}', now(), now() FROM generate_series(1, %s) number
"""
NUMBER = "SELECT number FROM history_revision WHERE id = current_setting('history.revision')::bigint"
FOUND = """
SELECT revision.request_id, revision.number, array_agg(change.action ORDER BY change.action)
FROM history_revision revision JOIN history_change change ON change.revision_id = revision.id
WHERE starts_with(revision.request_id, %s) GROUP BY revision.id
"""


@pytest.fixture
def cluster() -> Iterator[Cluster]:
    """A server of its own with the registry's empty schema; durable, unlike the one of all other tests."""
    folder = Path(tempfile.mkdtemp(prefix="crash-"))
    durable = {"fsync": "on", "synchronous_commit": "on", "full_page_writes": "on", "shared_buffers": "16MB"}
    cluster = Cluster(folder / "cluster", options=durable)
    host = cluster.acquire()
    dump(folder / "schema.sql")
    restore(folder / "schema.sql", host=host, port=cluster.port, user="postgres", dbname="tracker")
    yield cluster
    cluster.release()
    shutil.rmtree(folder)


def connect(cluster: Cluster) -> psycopg.Connection:
    """A connection as soon as the server has recovered; where it is gone, it is started again."""
    deadline = time.monotonic() + RECOVERY_SECONDS
    while True:
        try:
            return psycopg.connect(host=cluster.acquire(), port=cluster.port, user="postgres", dbname="tracker")
        except psycopg.OperationalError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.02)


@dataclass
class Writer:
    """Commits until the server is gone, and keeps what it was told to be done."""

    name: str
    rng: random.Random
    connection: psycopg.Connection
    acknowledged: dict[str, list[str]] = field(default_factory=dict)
    """The actions of each transaction that PostgreSQL said was committed."""
    numbers: dict[str, int] = field(default_factory=dict)
    in_doubt: str = ""
    """The transaction that was under way when the server went."""

    def run(self) -> None:
        with suppress(psycopg.OperationalError):
            count = 0
            while True:
                count += 1
                self.commit(f"{self.name}-{count}")

    def commit(self, name: str) -> None:
        self.in_doubt = name
        with self.connection.transaction():
            self.connection.execute("SELECT set_config('history.request_id', %s, true)", [name])
            actions = self.write(name)
            if self.rng.random() < 0.5:
                self.connection.execute("SET CONSTRAINTS ALL IMMEDIATE")
                self.connection.execute("SET CONSTRAINTS public.history_number_last IMMEDIATE")
                row = self.connection.execute(NUMBER).fetchone()
                assert row is not None
                number = row[0]
            else:
                number = 0
        self.acknowledged[name] = actions
        if number:
            self.numbers[name] = number

    def write(self, name: str) -> list[str]:
        """Insert some rows; often also change the last transaction's, or delete one of them."""
        count = self.rng.randint(1, 4)
        self.connection.execute(INSERT, [name, name, count])
        actions = ["create"] * count
        if self.acknowledged and self.rng.random() < 0.7:
            earlier = self.rng.choice(list(self.acknowledged))
            change = self.connection.execute(
                "UPDATE initiatives_person SET name_ar = %s WHERE name_en = %s", [name, earlier]
            )
            actions += ["update"] * change.rowcount
            deletion = self.connection.execute("DELETE FROM initiatives_person WHERE slug = %s", [f"{earlier}-1"])
            actions += ["delete"] * deletion.rowcount
        return sorted(actions)


def kill(cluster: Cluster, way: str, rng: random.Random) -> None:
    """End the server as the kernel does when memory runs out."""
    server = psutil.Process(int((cluster.data / "postmaster.pid").read_text().split()[0]))
    children = server.children()
    killed = {"all": [server, *children], "first": [server], "helper": [rng.choice(children)]}[way]
    for process in killed:
        with suppress(psutil.NoSuchProcess):
            process.send_signal(signal.SIGKILL)
    if way != "helper":
        server.wait(timeout=10)


def test_every_acknowledged_write_outlives_kills_with_its_revision_and_none_is_halved(cluster: Cluster) -> None:
    rng = random.Random(7310867)
    commits = 0
    for attempt in range(KILLS):
        writers = [
            Writer(f"k{attempt}w{number}", random.Random(rng.random()), connect(cluster)) for number in range(WRITERS)
        ]
        threads = [Thread(target=writer.run) for writer in writers]
        for thread in threads:
            thread.start()
        time.sleep(rng.uniform(*WRITING_SECONDS))
        # With its first process the server is gone; without a helper it starts again by itself.
        kill(cluster, ("all", "first", "helper")[attempt % 3], rng)
        for thread in threads:
            thread.join()
        with connect(cluster) as after:
            for writer in writers:
                check(writer, after)
        commits += sum(len(writer.acknowledged) for writer in writers)
    with connect(cluster) as after:
        cursor = after.cursor()
        assert_history_is_whole(cursor)
        # Those that nobody heard of may be there too: one at most of each writer and kill.
        last = cursor.execute("SELECT max(number) FROM history_revision").fetchone()
    assert last is not None
    assert commits <= last[0] <= commits + KILLS * WRITERS
    assert commits > KILLS * WRITERS


def check(writer: Writer, after: psycopg.Connection) -> None:
    """What the writer was told is so: each of its transactions whole, in one revision, with a change per row."""
    rows = after.execute(FOUND, [f"{writer.name}-"]).fetchall()
    found = {name: actions for name, _number, actions in rows}
    assert len(found) == len(rows)
    assert found.keys() - {writer.in_doubt} == writer.acknowledged.keys() - {writer.in_doubt}
    for name, actions in writer.acknowledged.items():
        assert found[name] == actions, name
    assert writer.numbers == {name: number for name, number, _ in rows if name in writer.numbers}
