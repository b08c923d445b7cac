"""A long walk by cursor while others write: whatever stays is seen once, in every order, there and back."""

from __future__ import annotations

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import count
from random import Random
from threading import Event
from typing import Any

import pytest
from django.db import connection, connections, transaction
from django.test.utils import CaptureQueriesContext

from initiatives.api.roadmaps import MilestoneViewSet
from initiatives.models import Milestone
from tests.api.client import ApiClient
from tests.factories import make_initiative
from tracker.api.ordering import orderings

pytestmark = pytest.mark.django_db(transaction=True)

ROWS = 10_000
# Every 50th goes while one walks.
DOOMED = 50
READERS = 2
WRITERS = 2
ROWS_A_COMMIT = 20
PAGE = 1_000
# The cost of a page as the database counts it, which a deep page may exceed by some steps down an index.
DEEP_TO_FIRST = 2
# Of each column some values are unknown, and most are shared by many rows; texts differ in what no order heeds.
PLANT = """
INSERT INTO initiatives_milestone
    (slug, initiative_id, title_en, title_ar, due_on, forecast_on, completed_on, weight, created_at, updated_at)
SELECT %(prefix)s || n, %(initiative)s,
    CASE WHEN r[1] > 0.2 THEN (ARRAY['Opening', 'opening', 'Öpening', 'Review'])[ceil(r[2] * 4)::int] ELSE '' END,
    'مرحلة ' || (r[3] * 20)::int,
    CASE WHEN r[4] > 0.2 THEN date '2017-01-01' + (r[5] * 30)::int END,
    CASE WHEN r[6] > 0.3 THEN date '2017-02-01' + (r[7] * 30)::int END,
    CASE WHEN r[8] > 0.6 THEN date '2017-03-01' + (r[9] * 30)::int END,
    1 + (r[10] * 3)::int / 100.0,
    timestamptz '2017-01-01 08:00Z' + (r[11] * 40)::int * interval '1 microsecond',
    timestamptz '2017-01-01 08:00Z' + (r[12] * 40)::int * interval '1 microsecond'
FROM (
    SELECT n, (SELECT array_agg(random()) FROM generate_series(1, 12) WHERE n > 0) AS r
    FROM generate_series(1, %(rows)s) AS n
) drawn
"""


def plant(initiative: int, prefix: str, rows: int) -> None:
    with connection.cursor() as cursor:
        cursor.execute(PLANT, {"initiative": initiative, "prefix": prefix, "rows": rows})


@pytest.fixture
def initiative() -> int:
    """An initiative with a great many milestones."""
    found: int = make_initiative(state="published").pk
    with connection.cursor() as cursor:
        cursor.execute("SELECT setseed(0.2017)")
    plant(found, "kept-", ROWS)
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE initiatives_milestone")
    return found


class Walk:
    """The slugs on the way from the first page to the last, and on the way back."""

    def __init__(self, client: ApiClient, ordering: str) -> None:
        query = f"limit={PAGE}&fields=slug&cursor=start" + (f"&ordering={ordering}" if ordering else "")
        pages = list(self._pages(client, f"/api/v1/milestones/?{query}", "next"))
        self.there = [slug for page in pages for slug in page]
        back = list(self._pages(client, self.last["previous"], "previous"))
        self.back = [slug for page in [*reversed(back), pages[-1]] for slug in page]

    def _pages(self, client: ApiClient, address: str | None, onward: str) -> Iterator[list[str]]:
        while address:
            answer = client.get(address)
            assert answer.status_code == 200, answer.content
            self.last = answer.json()
            yield [record["slug"] for record in self.last["results"]]
            address = self.last[onward]


class Writer:
    """Adds rows and deletes them again, and deletes some of those that were there before, until told to finish."""

    def __init__(self, number: int, initiative: int, finish: Event) -> None:
        self.name = f"passing-{number}-"
        self.initiative = initiative
        self.finish = finish
        self.doomed = [f"kept-{n}" for n in range(DOOMED, ROWS + 1, DOOMED)][number::WRITERS]
        self.random = Random(number)
        self.commits = 0

    def run(self) -> None:
        try:
            for number in count(1):
                if self.finish.wait(0.1):
                    break
                with transaction.atomic():
                    plant(self.initiative, f"{self.name}{number}-", ROWS_A_COMMIT)
                    earlier = f"{self.name}{self.random.randint(1, number)}-"
                    Milestone.objects.filter(slug__startswith=earlier).delete()
                    if self.doomed:
                        Milestone.objects.filter(slug=self.doomed.pop()).delete()
                self.commits += 1
        finally:
            connections.close_all()


def walks(every: list[str]) -> dict[str, Walk]:
    client = ApiClient()
    try:
        return {ordering: Walk(client, ordering) for ordering in every}
    finally:
        connections.close_all()


def test_whoever_walks_by_cursor_while_others_write_sees_all_that_stays_once_in_every_order(initiative: int) -> None:
    every = ["", *(sign + name for name in orderings(MilestoneViewSet()) for sign in ("", "-"))]
    finish = Event()
    writers = [Writer(number, initiative, finish) for number in range(WRITERS)]
    with ThreadPoolExecutor(READERS + WRITERS) as pool:
        writing = [pool.submit(writer.run) for writer in writers]
        try:
            reading = [pool.submit(walks, every[number::READERS]) for number in range(READERS)]
            walked = {ordering: walk for each in reading for ordering, walk in each.result().items()}
        finally:
            finish.set()
        for each in writing:
            each.result()
    assert all(writer.commits for writer in writers)
    stayed = {f"kept-{n}" for n in range(1, ROWS + 1) if n % DOOMED}
    assert set(walked) == set(every)
    for ordering, walk in walked.items():
        for seen in (walk.there, walk.back):
            assert len(seen) == len(set(seen)), ordering
            assert stayed <= set(seen), ordering
        there, back = ([slug for slug in seen if slug in stayed] for seen in (walk.there, walk.back))
        assert there == back, ordering


def buffers_read(client: ApiClient, address: str) -> tuple[int, Any]:
    """How many of the database's pages a page of the list takes, and the page."""
    with CaptureQueriesContext(connection) as queries:
        page = client.get(address).json()
    (query,) = [each["sql"] for each in queries.captured_queries if "cursor_key_" in each["sql"]]
    with connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) {query}")
        (plan,) = cursor.fetchone()
    root = (json.loads(plan) if isinstance(plan, str) else plan)[0]["Plan"]
    return root["Shared Hit Blocks"] + root["Shared Read Blocks"], page


@pytest.mark.parametrize("ordering", ["", "slug", "-slug", "id", "-id"])
def test_a_deep_page_takes_the_database_no_more_work_than_the_first(
    initiative: int, anonymous: ApiClient, ordering: str
) -> None:
    query = "limit=10&fields=slug" + (f"&ordering={ordering}" if ordering else "")
    first, page = buffers_read(anonymous, f"/api/v1/milestones/?{query}&cursor=start")
    far = f"/api/v1/milestones/?limit=500&cursor=start&fields=slug{query.removeprefix('limit=10&fields=slug')}"
    for _page in range(12):
        far = anonymous.get(far).json()["next"]
    deep, page = buffers_read(anonymous, far.replace("limit=500", "limit=10"))
    assert deep <= DEEP_TO_FIRST * first
    back, _page = buffers_read(anonymous, page["previous"])
    assert back <= DEEP_TO_FIRST * first
