"""What history costs: the same writes with it and without it in one run, and the feed on a long log and a short one.

    .venv/bin/python benchmarks/history.py [--rounds 15] [--changes 1000000]

A PostgreSQL of its own, durable as in production, holds two equal databases; in one the triggers are switched off.
Both are written to in turn, so that whatever else the machine does slows both alike. Each writer is a process.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import platform
import shutil
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime
from functools import cache
from multiprocessing.connection import Connection
from multiprocessing.synchronize import Barrier
from pathlib import Path
from typing import Any

import django
import psycopg
from django.conf import settings
from django.core.management import call_command
from django.db import connection, connections, transaction

CHECKOUT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(CHECKOUT))
# A server of our own, whatever the environment says.
os.environ.pop("DATABASE_URL", None)
os.environ["DJANGO_SETTINGS_MODULE"] = "tracker.settings"
django.setup()

from initiatives.models import Initiative, Milestone, Person
from tracker.database.cluster import Cluster, cluster_in
from tracker.history.attribution import SET_CONTEXT, Attribution, attributed
from tracker.history.tracking import tracked

RESULTS = CHECKOUT / "benchmarks" / "results" / "history.json"
GOAL = 2.5
WRITERS = (1, 8)
ARMS = {"with": "tracker", "without": "without_history"}
# How many commits of a kind make a round, shared among the writers.
COMMITS = {"orm_record_with_two_parts": 80, "sql_record_with_two_parts": 160, "sql_update": 240}
RECORDS = ("orm_record_with_two_parts", "sql_record_with_two_parts")
# Where a reader stands who asks for what came since: at the beginning, in the middle, near the end.
READERS_AT = (0.0, 0.5, 0.9)
PAGE = 1_000
FLUSHES = 200
FEED = """
SELECT revision.number, revision.at, revision.actor, revision.reason,
       change.table_name, change.object_id, change.action, change.after
FROM history_revision revision JOIN history_change change ON change.revision_id = revision.id
WHERE revision.number > %s ORDER BY revision.number, change.id LIMIT %s
"""
LOG = """
WITH revision AS (
    INSERT INTO history_revision (number, at, actor, reason)
    SELECT number, now() + number * interval '1 millisecond', 'curator', 'Benchmark'
    FROM generate_series(1, %(revisions)s) number RETURNING id, number
)
INSERT INTO history_change (revision_id, table_name, object_id, action, after)
SELECT id, 'initiatives_person', number %% 5000 * 4 + part, 'update', %(after)s::jsonb
FROM revision, generate_series(1, 4) part ORDER BY number, part
"""


def prepare(folder: Path) -> Cluster:
    """Start PostgreSQL as it comes, point Django at it, and make the databases."""
    cluster = cluster_in(folder)
    cluster.options["max_connections"] = "50"
    settings.DATABASES["default"]["CLUSTER"] = folder
    settings.DATABASES["without"] = settings.DATABASES["default"] | {"NAME": ARMS["without"]}
    call_command("migrate", verbosity=0)
    with connection.cursor() as cursor:
        for name in (ARMS["without"], "log"):
            cursor.execute(f"CREATE DATABASE {name} TEMPLATE {ARMS['with']}")
    with connections["without"].cursor() as cursor:
        for each in tracked():
            cursor.execute(f'ALTER TABLE "{each.table}" DISABLE TRIGGER history_row')
    connections.close_all()
    return cluster


def measure_disk(host: str) -> float:
    """How long a commit waits for the disk, in ms: no revision can be quicker, because the next one waits for it."""
    with psycopg.connect(host=host, user="postgres", dbname="log", autocommit=True) as log:
        begin = time.monotonic()
        for _ in range(FLUSHES):
            log.execute("SELECT pg_logical_emit_message(true, 'benchmark', '')")
        return round((time.monotonic() - begin) / FLUSHES * 1e3, 2)


# Writing -------------------------------------------------------------------------------------------------------------


def writes_of(alias: str, with_history: bool, writer: int) -> dict[str, Callable[[int], None]]:
    """What a writer does, by kind; the number makes each commit another."""

    connection = connections[alias]
    person = Person.objects.using(alias).create(slug=f"target-{os.getpid()}", name_en="Target")

    def save() -> None:
        slug = f"{os.getpid()}-{time.monotonic_ns()}"
        with transaction.atomic(using=alias):
            initiative = Initiative(slug=slug, title_en="Paperless", title_ar="بلا ورق", summary_en="Text " * 20)
            initiative.save(using=alias)
            for part in (1, 2):
                Milestone(slug=f"{slug}-{part}", title_en="Milestone", initiative=initiative).save(using=alias)

    def orm(number: int) -> None:
        if with_history:
            with attributed(Attribution(actor_id=writer, actor="curator", reason="Benchmark"), using=alias):
                save()
        else:
            save()

    def sql(number: int) -> None:
        slug = f"{os.getpid()}-{time.monotonic_ns()}"
        with transaction.atomic(using=alias), connection.cursor() as cursor:
            if with_history:
                cursor.execute(SET_CONTEXT, ["1", "curator", "Benchmark", ""])
            cursor.execute(insert_of(Initiative, ("slug",), alias), [slug])
            (initiative,) = cursor.fetchone()
            for part in (1, 2):
                cursor.execute(insert_of(Milestone, ("slug", "initiative_id"), alias), [f"{slug}-{part}", initiative])

    def sql_update(number: int) -> None:
        with connection.cursor() as cursor:
            cursor.execute(
                "UPDATE initiatives_person SET name_en = %s WHERE id = %s", [str(time.monotonic_ns()), person.pk]
            )

    return {"orm_record_with_two_parts": orm, "sql_record_with_two_parts": sql, "sql_update": sql_update}


@cache
def insert_of(model: Any, given: tuple[str, ...], alias: str) -> str:
    """An INSERT of a row with these columns as parameters and the others as they are in some row of their kind."""
    columns = [
        f.column for f in model._meta.local_concrete_fields if not f.generated and f.column not in ("id", *given)
    ]
    with connections[alias].cursor() as cursor:
        listed = ", ".join(f'"{column}"' for column in columns)
        cursor.execute(
            f'SELECT {", ".join(f"quote_nullable({c})" for c in columns)} FROM "{model._meta.db_table}" LIMIT 1'
        )
        values = ", ".join(value.replace("%", "%%") for value in cursor.fetchone())
    places = ", ".join(["%s"] * len(given))
    names = ", ".join(f'"{column}"' for column in given)
    return f'INSERT INTO "{model._meta.db_table}" ({names}, {listed}) VALUES ({places}, {values}) RETURNING id'


def writer_process(arm: str, writer: int, orders: Connection, start: Barrier) -> None:
    """Carry out orders of a kind and a count, each after all writers of the arm are ready."""
    writes = writes_of("default" if arm == "with" else "without", arm == "with", writer)
    orders.send("ready")
    while (order := orders.recv()) is not None:
        kind, count = order
        write = writes[kind]
        start.wait()
        begin = time.monotonic()
        for number in range(count):
            write(number)
        orders.send((begin, time.monotonic()))


class Team:
    """The writers of one arm."""

    def __init__(self, arm: str, size: int) -> None:
        context = multiprocessing.get_context("fork")
        start = context.Barrier(size)
        pairs = [context.Pipe() for _ in range(size)]
        self.orders = [ours for ours, _theirs in pairs]
        self.processes = [
            context.Process(target=writer_process, args=(arm, writer, theirs, start), daemon=True)
            for writer, (_ours, theirs) in enumerate(pairs)
        ]
        for process in self.processes:
            process.start()
        for each in self.orders:
            each.recv()

    def seconds(self, kind: str) -> float:
        """How long a round takes, from the first writer's start to the last one's end."""
        for each in self.orders:
            each.send((kind, COMMITS[kind] // len(self.orders)))
        times = [each.recv() for each in self.orders]
        return max(end for _begin, end in times) - min(begin for begin, _end in times)

    def leave(self) -> None:
        for each in self.orders:
            each.send(None)
        for process in self.processes:
            process.join()


def measure_writes(rounds: int) -> list[dict[str, Any]]:
    """Every kind with every number of writers, both arms in turn, and who begins changes from round to round."""
    found = []
    for size in WRITERS:
        teams = {arm: Team(arm, size) for arm in ARMS}
        for kind, commits in COMMITS.items():
            seconds: dict[str, list[float]] = {arm: [] for arm in ARMS}
            for number in range(rounds + 1):
                for arm in sorted(ARMS, reverse=bool(number % 2)):
                    taken = teams[arm].seconds(kind)
                    # The first round warms caches and plans.
                    if number:
                        seconds[arm].append(taken)
            ratios = [one / other for one, other in zip(seconds["with"], seconds["without"], strict=True)]
            found.append(
                {
                    "write": kind,
                    "writers": size,
                    "commits_per_second": {arm: round(commits / statistics.median(seconds[arm])) for arm in ARMS},
                    "ratio": round(statistics.median(ratios), 2),
                    "quartiles": [round(each, 2) for each in statistics.quantiles(ratios, n=4)],
                }
            )
            show(found[-1])
        for team in teams.values():
            team.leave()
    return found


def show(row: dict[str, Any]) -> None:
    speed = row["commits_per_second"]
    low, _middle, high = row["quartiles"]
    print(
        f"{row['write']:28} {row['writers']} writers   with {speed['with']:>6}/s   without {speed['without']:>6}/s   "
        f"ratio {row['ratio']:.2f} ({low:.2f}-{high:.2f})",
        flush=True,
    )


# Reading the feed ----------------------------------------------------------------------------------------------------


def measure_feed(host: str, changes: int) -> list[dict[str, Any]]:
    """The median time of a page of the feed, at three places of logs of different length."""
    after = json.dumps({"id": 1, "slug": "somebody", "name_en": "Somebody", "name_ar": "أحد", "note": "Text " * 40})
    found = []
    with psycopg.connect(host=host, user="postgres", dbname="log", autocommit=True) as log:
        log.execute("SET session_replication_role = replica")
        for length in (changes // 100, changes):
            log.execute("DELETE FROM history_change")
            log.execute("DELETE FROM history_revision")
            log.execute("VACUUM FULL history_change, history_revision")
            log.execute(LOG, {"revisions": length // 4, "after": after})
            log.execute("VACUUM ANALYZE history_change, history_revision")
            for place in READERS_AT:
                since = int(length // 4 * place)
                times = []
                for _ in range(21):
                    begin = time.monotonic()
                    rows = log.execute(FEED, [since, PAGE]).fetchall()
                    times.append(time.monotonic() - begin)
                found.append(
                    {
                        "changes": length,
                        "since": since,
                        "rows": len(rows),
                        "ms": round(statistics.median(times) * 1e3, 2),
                    }
                )
                print(
                    "feed of {changes:>9,} changes since {since:>8,}: {rows:>5} rows in {ms:.2f} ms".format(**found[-1])
                )
    return found


def main() -> None:
    arguments = argparse.ArgumentParser(description="What history costs.")
    arguments.add_argument("--rounds", type=int, default=15)
    arguments.add_argument("--changes", type=int, default=1_000_000)
    options = arguments.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="history-benchmark-"))
    try:
        cluster = prepare(folder / "cluster")
        disk = measure_disk(cluster.acquire())
        print(f"a commit waits {disk} ms for the disk")
        writes = measure_writes(options.rounds)
        feed = measure_feed(cluster.acquire(), options.changes)
        connections.close_all()
        cluster.release()
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    records = [row for row in writes if row["write"] in RECORDS]
    print(f"Worst ratio of writing a record: {max(row['ratio'] for row in records):.2f}, goal {GOAL}.")
    RESULTS.parent.mkdir(exist_ok=True)
    machine = {"cores": os.cpu_count(), "python": platform.python_version(), "load": os.getloadavg()[0]}
    result = {
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
        "machine": machine | {"disk_ms": disk},
        "goal": GOAL,
    }
    RESULTS.write_text(json.dumps(result | {"writes": writes, "feed": feed}, indent=2) + "\n")


if __name__ == "__main__":
    main()
