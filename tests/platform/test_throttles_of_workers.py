"""Workers of one server count together: exactly so many requests are admitted, whoever serves them or dies."""

from __future__ import annotations

import http.client
import signal
import sys
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import psutil
import pytest

from tests.platform.services import Service, copy_checkout, free_port, surroundings, wait_until

# It needs no database.
PATH = "/api/"


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return copy_checkout(tmp_path_factory.mktemp("server") / "checkout")


@pytest.fixture
def server(checkout: Path) -> Iterator[tuple[Service, int]]:
    """A server of three workers, with eight threads each."""
    port = free_port()
    variables = surroundings(PORT=str(port), WEB_CONCURRENCY="3", TRACKER_RATE_ANONYMOUS="100/hour")
    service = Service([sys.executable, "-m", "gunicorn", "tracker.wsgi"], checkout, variables)
    service.wait_to_serve(port, "/healthz")
    yield service, port
    service.end()


def ask(port: int, times: int) -> list[tuple[int, str | None]]:
    """What so many requests got, each on a connection of its own, so that any worker may take it."""
    found = []
    for _time in range(times):
        with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=60)) as connection:
            connection.request("GET", PATH)
            with connection.getresponse() as answer:
                answer.read()
                found.append((answer.status, answer.getheader("RateLimit")))
    return found


def test_of_200_requests_by_20_threads_to_three_workers_exactly_100_are_admitted(server: tuple[Service, int]) -> None:
    _service, port = server
    with ThreadPoolExecutor(20) as pool:
        answers = [each for found in pool.map(lambda _number: ask(port, 10), range(20)) for each in found]
    assert Counter(status for status, _told in answers) == {200: 100, 429: 100}
    left = sorted(int(str(told).split(";r=")[1].split(";")[0]) for status, told in answers if status == 200)
    assert left == list(range(100))


def test_a_worker_that_is_killed_neither_stops_nor_restarts_the_count(server: tuple[Service, int]) -> None:
    service, port = server
    assert [status for status, _told in ask(port, 60)] == [200] * 60
    before = psutil.Process(service.process.pid).children()
    before[0].send_signal(signal.SIGKILL)
    wait_until(lambda: len(set(psutil.Process(service.process.pid).children()) - set(before)) == 1)
    answers = Counter(status for status, _told in ask(port, 60))
    assert answers == {200: 40, 429: 20}
