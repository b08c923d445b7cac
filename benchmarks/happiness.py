"""What the happiness index costs over ten million ratings: every index, and a rating, over HTTP's own code.

    .venv/bin/python benchmarks/happiness.py [--ratings 10000000] [--services 2000] [--rounds 30]

A PostgreSQL of its own, durable as in production. The ratings of 24 months are written past the triggers, and the
counts made of them in one statement, by the same rule; what is measured are requests, from Django's handler down.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import shutil
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime
from itertools import count, pairwise
from pathlib import Path
from typing import Any

import django
from django.conf import settings
from django.core.management import call_command
from django.db import connection, connections

CHECKOUT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(CHECKOUT))
# A server of our own, whatever the environment says.
os.environ.pop("DATABASE_URL", None)
os.environ["DJANGO_SETTINGS_MODULE"] = "tracker.settings"
django.setup()
settings.ALLOWED_HOSTS = ["testserver"]

from django.test import Client

from initiatives.models import Organization, Pillar, SmartService, Strategy
from initiatives.models.days import city_day
from initiatives.models.rating_partitions import TABLE
from tracker.database.cluster import Cluster, cluster_in

RESULTS = CHECKOUT / "benchmarks" / "results" / "happiness.json"
MONTHS = 24
ENTITIES, PILLARS = 200, 8
RATERS = (1, 8, 16)
RATINGS_EACH = 100
FILL = """
INSERT INTO initiatives_rating (smart_service_id, score, channel, comment, comment_state, rated_at, day)
SELECT service[1 + floor(power(random(), 3) * cardinality(service))::int],
    (string_to_array('happy happy happy happy happy happy happy neutral unhappy', ' '))[1 + floor(random() * 9)],
    (string_to_array('web mobile kiosk phone counter', ' '))[1 + floor(random() * 5)],
    CASE WHEN n %% 50 = 0 THEN 'It was as it should be.' ELSE '' END,
    CASE WHEN n %% 500 = 0 THEN 'shown' WHEN n %% 50 = 0 THEN 'refused' ELSE '' END,
    moment, (moment AT TIME ZONE %(zone)s)::date
FROM generate_series(1, %(ratings)s) n
CROSS JOIN (SELECT array_agg(id ORDER BY id) AS service FROM initiatives_smartservice) services
CROSS JOIN LATERAL (
    SELECT %(start)s::timestamptz
        + (n / %(ratings)s::float8) * (%(end)s::timestamptz - %(start)s::timestamptz) AS moment
) times
"""
# What the trigger does one by one: fives of a service, with a comment or without, on the day of the fifth.
COUNT = """
WITH placed AS (
    SELECT smart_service_id, comment <> '' AS commented, day, score,
        (row_number() OVER (PARTITION BY smart_service_id, comment <> '' ORDER BY id) - 1) / 5 AS five
    FROM initiatives_rating
), fives AS MATERIALIZED (
    SELECT smart_service_id, commented, max(day) AS day, count(*) AS ratings,
        count(*) FILTER (WHERE score = 'happy') AS happy, count(*) FILTER (WHERE score = 'neutral') AS neutral,
        count(*) FILTER (WHERE score = 'unhappy') AS unhappy
    FROM placed GROUP BY smart_service_id, commented, five
), waiting AS (
    INSERT INTO initiatives_waitingratings (smart_service_id, commented, happy, neutral, unhappy)
    SELECT smart_service_id, commented, happy, neutral, unhappy FROM fives WHERE ratings < 5
)
INSERT INTO initiatives_happinesscount (smart_service_id, period, start, happy, neutral, unhappy)
SELECT smart_service_id, period, date_trunc(period, day::timestamp)::date AS start,
    sum(happy), sum(neutral), sum(unhappy)
FROM fives, unnest(ARRAY['day', 'week', 'month']) period WHERE ratings = 5
GROUP BY smart_service_id, period, start ORDER BY period, start, smart_service_id
"""


def prepare(folder: Path, ratings: int, services: int) -> Cluster:
    """Start PostgreSQL as it comes, point Django at it, and fill it."""
    cluster = cluster_in(folder)
    cluster.options["max_connections"] = "50"
    settings.DATABASES["default"]["CLUSTER"] = folder
    call_command("migrate", verbosity=0)
    make_city(services)
    make_months()
    begin = time.monotonic()
    today = city_day()
    with connection.cursor() as cursor:
        cursor.execute("SET session_replication_role = replica")
        cursor.execute(
            FILL,
            {"ratings": ratings, "zone": settings.TRACKER_TIME_ZONE, "start": months(today)[0], "end": today},
        )
        cursor.execute("SET work_mem = '256MB'")
        cursor.execute(COUNT)
        cursor.execute("SET session_replication_role = DEFAULT; RESET work_mem")
        cursor.execute("VACUUM (ANALYZE) initiatives_rating, initiatives_happinesscount, initiatives_waitingratings")
        cursor.execute("VACUUM (ANALYZE) initiatives_smartservice, initiatives_organization")
    print(f"{ratings:,} ratings written and counted in {time.monotonic() - begin:.0f} s", flush=True)
    return cluster


def make_city(services: int) -> None:
    """Entities three deep, pillars, and services of each."""
    entities: list[Any] = []
    for number in range(ENTITIES):
        above = entities[(number - 1) // 10] if number else None
        entities.append(Organization.objects.create(slug=f"entity-{number}", name_en=f"Entity {number}", parent=above))
    strategy = Strategy.objects.create(slug="strategy", title_en="Strategy")
    pillars = [
        Pillar.objects.create(
            slug=f"pillar-{number}", name_en=f"Pillar {number}", strategy=strategy, position=number + 1
        )
        for number in range(PILLARS)
    ]
    SmartService.objects.bulk_create(
        SmartService(
            slug=f"service-{number}",
            name_en=f"Service {number}",
            provider=entities[number % ENTITIES],
            pillar=pillars[number % PILLARS],
        )
        for number in range(services)
    )


def months(today: date) -> list[date]:
    """The first days of the months of which there are ratings, and that of the next one."""
    last = today.year * 12 + today.month - 1
    return [date(number // 12, number % 12 + 1, 1) for number in range(last - MONTHS + 1, last + 2)]


def make_months() -> None:
    """Partitions of the past, which the service itself never needs to make."""
    listed = months(city_day())
    with connection.cursor() as cursor:
        for start, end in pairwise(listed):
            bounds = [datetime(each.year, each.month, 1, tzinfo=UTC).isoformat() for each in (start, end)]
            cursor.execute(
                f"CREATE TABLE IF NOT EXISTS {TABLE}_{start:%Y_%m} PARTITION OF {TABLE} "
                f"FOR VALUES FROM ('{bounds[0]}') TO ('{bounds[1]}')"
            )


# Reading -------------------------------------------------------------------------------------------------------------


def questions(today: date) -> dict[str, str]:
    """What is asked, by the name under which it is shown."""
    two_years = f"from={months(today)[0]}&until={today}"
    found = {
        f"{name}, by {per}": f"{path}?per={per}{more}"
        for name, path in {
            "one service": "smart-services/service-0/happiness/",
            "an entity with ten under it": "organizations/entity-3/happiness/",
            "the entity above all": "organizations/entity-0/happiness/",
            "one pillar": "pillars/pillar-1/happiness/",
            "the city": "happiness/",
        }.items()
        for per, more in {"day": "", "week": f"&{two_years}", "month": f"&{two_years}"}.items()
    }
    found["the city, 120 days"] = f"happiness/?per=day&from={date.fromordinal(today.toordinal() - 119)}&until={today}"
    for by in ("service", "entity", "pillar"):
        found[f"50 at a time by {by}, 30 days"] = f"happiness/?by={by}&per=day&limit=50"
        found[f"50 at a time by {by}, 24 months"] = f"happiness/?by={by}&per=month&limit=50&{two_years}"
    found["shown comments of a service"] = "smart-services/service-0/ratings/"
    return found


def measure_reads(rounds: int) -> list[dict[str, Any]]:
    client = Client(headers={"accept": "application/json"})
    found = []
    for name, path in questions(city_day()).items():
        times, in_database = [], []
        for number in range(rounds + 3):
            begin = time.monotonic()
            with timed() as database:
                answer = client.get(f"/api/v1/{path}")
            taken = time.monotonic() - begin
            assert answer.status_code == 200, answer.content
            # The first ones warm caches.
            if number >= 3:
                times.append(taken)
                in_database.append(database.seconds)
        found.append({"question": name, "ms": quantiles(times), "database_ms": quantiles(in_database)})
        print(
            f"{name:45} {found[-1]['ms']['median']:8.1f} ms, in the database {found[-1]['database_ms']['median']:8.1f}"
        )
    return found


class timed:  # noqa: N801
    """How long the database was waited for."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def __enter__(self) -> timed:
        self.wrapper = connection.execute_wrapper(self._run)
        self.wrapper.__enter__()
        return self

    def __exit__(self, *error: Any) -> None:
        self.wrapper.__exit__(*error)

    def _run(self, execute: Callable[..., Any], *args: Any) -> Any:
        begin = time.monotonic()
        try:
            return execute(*args)
        finally:
            self.seconds += time.monotonic() - begin


def quantiles(times: list[float]) -> dict[str, float]:
    ordered = sorted(times)
    return {
        "least": round(ordered[0] * 1e3, 1),
        "median": round(statistics.median(ordered) * 1e3, 1),
        "p95": round(ordered[min(int(len(ordered) * 0.95), len(ordered) - 1)] * 1e3, 1),
    }


# Rating --------------------------------------------------------------------------------------------------------------


def measure_ratings(services: int) -> list[dict[str, Any]]:
    """Each rater is a thread and rates again and again, from another address each time."""
    found = []
    for of, slugs in {"all services": services, "one service": 1}.items():
        for raters in RATERS:
            begin = time.monotonic()
            with ThreadPoolExecutor(raters) as pool:
                times = [
                    seconds
                    for listed in pool.map(lambda number, many=slugs: rate(number, many), range(raters))  # type: ignore[misc]
                    for seconds in listed
                ]
            seconds = time.monotonic() - begin
            speed = round(raters * RATINGS_EACH / seconds)
            found.append({"raters": raters, "of": of, "per_second": speed, "ms": quantiles(times)})
            print("{raters:3} raters of {of}: {per_second} a second, {ms}".format(**found[-1]), flush=True)
    return found


_households = count()


def rate(number: int, services: int) -> list[float]:
    """The seconds that each of one rater's ratings took."""
    times = []
    for turn in range(RATINGS_EACH):
        client = Client(headers={"accept": "application/json"}, REMOTE_ADDR=f"2001:db8:0:{next(_households):x}::1")
        path = f"/api/v1/smart-services/service-{(number * RATINGS_EACH + turn) % services}/ratings/"
        begin = time.monotonic()
        answer = client.post(path, {"score": "happy", "channel": "web"}, "application/json")
        times.append(time.monotonic() - begin)
        assert answer.status_code == 201, answer.content
    connection.close()
    return times


def main() -> None:
    arguments = argparse.ArgumentParser(description="What the happiness index costs.")
    arguments.add_argument("--ratings", type=int, default=10_000_000)
    arguments.add_argument("--services", type=int, default=2_000)
    arguments.add_argument("--rounds", type=int, default=30)
    options = arguments.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="happiness-benchmark-"))
    try:
        cluster = prepare(folder / "cluster", options.ratings, options.services)
        with connection.cursor() as cursor:
            cursor.execute("SELECT period, count(*) FROM initiatives_happinesscount GROUP BY period ORDER BY period")
            counts = dict(cursor.fetchall())
        print(f"counts: {counts}")
        reads = measure_reads(options.rounds)
        ratings = measure_ratings(options.services)
        connections.close_all()
        cluster.release()
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    RESULTS.parent.mkdir(exist_ok=True)
    machine = {"cores": os.cpu_count(), "python": platform.python_version(), "load": os.getloadavg()[0]}
    result = {
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
        "machine": machine,
        "ratings": options.ratings,
        "services": options.services,
        "counts": counts,
    }
    RESULTS.write_text(json.dumps(result | {"reads": reads, "rates": ratings}, indent=2) + "\n")


if __name__ == "__main__":
    main()
