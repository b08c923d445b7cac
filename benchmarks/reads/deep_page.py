"""The ten-thousandth page, which the service reaches by a cursor and the others, as they come, by an offset."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import parse_qs, urlsplit

from benchmarks.reads.cases import API, Case, Contender, others
from benchmarks.reads.database import UNCACHED, Databases
from benchmarks.reads.load import Request
from benchmarks.reads.measure import Measurement
from benchmarks.reads.servers import Server

PAGE = 10_000
# A page of nine: of 100,000 initiatives, 94 in 100 are public, and the ten-thousandth page is still full.
LENGTH = 9
STEP = 1_000
PUBLIC = "SELECT count(*) FROM initiatives_initiative WHERE state = 'published' AND replaced_by_id IS NULL"


def measure_deep_page(databases: Databases, size: int, measurement: Measurement) -> dict[str, Any]:
    """In the largest city; in one that has not so many pages, the last full one."""
    last = databases.rows(size, PUBLIC)[0][0] // LENGTH
    page = min(PAGE, last)
    offset = (page - 1) * LENGTH
    environment = databases.environment(size)
    with (
        Server("tracker.wsgi", environment | UNCACHED) as service,
        Server("benchmarks.comparison.wsgi", environment) as stock,
    ):
        path = f"{API}?limit={LENGTH}"
        cursor = walk(service, offset)
        if cursor is None:
            own = [Contender("service, by offset", "service", Request.to(f"{path}&offset={offset}"))]
        else:
            own = [
                Contender("service", "service", Request.to(f"{path}&cursor={cursor}")),
                Contender("service, first page", "service", Request.to(f"{path}&cursor=start")),
            ]
        case = Case(
            f"page {page:,} of {LENGTH} by cursor, {size:,} initiatives, uncached",
            (*own, *others(f"?limit={LENGTH}&offset={offset}")),
        )
        return measurement.of(case, {"service": service, "stock": stock})


def walk(server: Server, depth: int) -> str | None:
    """The cursor of the page that begins so deep in the list; None where lists have no cursors."""
    cursor, left = "start", depth
    while left:
        step = min(left, STEP)
        status, _headers, body = server.get(f"{API}?limit={step}&fields=slug&cursor={cursor}")
        if status != 200:
            return None
        cursor = parse_qs(urlsplit(json.loads(body)["next"]).query)["cursor"][0]
        left -= step
    return cursor
