"""Readers beside a writer who commits all the time: whether any of them is told something that was old already."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager

from django.db import connections

from initiatives.models import Organization

READERS = 4

Reader = Callable[[], AbstractContextManager[Callable[[], int]]]


def assert_nobody_reads_what_is_old(
    organization: Organization, reader: Reader, commits: int, pause: float, fewest: int
) -> None:
    """Give an organization one number after another for a name; each reader notes which was committed before it asks.

    ``reader`` makes, for as long as it reads, what asks once and returns the number that it is told.
    """
    committed = 0
    stop = threading.Event()

    def write() -> None:
        nonlocal committed
        for number in range(1, commits + 1):
            Organization.objects.filter(pk=organization.pk).update(name_en=str(number))
            committed = number
            time.sleep(pause)
        stop.set()
        connections.close_all()

    def read() -> list[tuple[int, int]]:
        seen = []
        with reader() as ask:
            while not stop.is_set():
                before = committed
                seen.append((before, ask()))
        connections.close_all()
        return seen

    with ThreadPoolExecutor(READERS + 1) as pool:
        readers = [pool.submit(read) for _ in range(READERS)]
        pool.submit(write).result()
        seen = [pair for each in readers for pair in each.result()]
    assert len(seen) > fewest
    assert [pair for pair in seen if pair[1] < pair[0]] == []
