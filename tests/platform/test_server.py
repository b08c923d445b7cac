"""The server before Django: what it refuses is a problem document too, and reaches who is still sending."""

import http.client
import json
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing
from http.client import HTTPResponse
from pathlib import Path
from typing import Any

import psutil
import pytest
from django.utils.translation import override

from tests.platform.services import Service, copy_checkout, free_port, get, surroundings, wait_until
from tracker.api.problem_types import PROBLEM_TYPES
from tracker.ops.worker import NOT_HTTP, REFUSALS


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return copy_checkout(tmp_path_factory.mktemp("server") / "checkout")


def started(checkout: Path, port: int, *arguments: str) -> Service:
    """Gunicorn as configured, with one worker; what it serves here needs no database."""
    environment = surroundings(PORT=str(port), WEB_CONCURRENCY="1")
    service = Service([sys.executable, "-m", "gunicorn", *arguments, "tracker.wsgi"], checkout, environment)
    service.wait_to_serve(port, "/healthz")
    return service


@pytest.fixture(scope="module")
def port(checkout: Path) -> Iterator[int]:
    """Where a server listens."""
    port = free_port()
    service = started(checkout, port)
    yield port
    service.end()


def test_connections_are_shared_out_among_the_workers(checkout: Path) -> None:
    port = free_port()
    service = Service([sys.executable, "-m", "gunicorn", "tracker.wsgi"], checkout, surroundings(PORT=str(port)))
    try:
        service.wait_to_serve(port, "/healthz")
        deadline = time.monotonic() + 60
        # The second worker may still be starting.
        while min(shares := shares_of(service, port, clients=12)) < 3:
            assert time.monotonic() < deadline, shares
            time.sleep(0.2)
        assert sum(shares) == 12
    finally:
        service.end()


@pytest.mark.parametrize("reason", ["it is told to", "a worker has had its requests"])
def test_a_server_that_stops_answers_who_asks_meanwhile(checkout: Path, reason: str) -> None:
    port = free_port()
    service = started(checkout, port, "--max-requests", "40" if reason == "a worker has had its requests" else "0")
    try:
        for _time in range(3):
            get(port, "/healthz")
        with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=60)) as client:
            assert told_at_healthz(client) == "keep-alive"
            if reason == "it is told to":
                service.process.terminate()
            while told_at_healthz(client) == "keep-alive":
                time.sleep(0.01)
        if reason == "a worker has had its requests":
            wait_until(lambda: service.said.count("Booting worker") == 2)
            assert get(port, "/healthz")[0] == 200
    finally:
        assert service.end(signal.SIGTERM) == 0


def told_at_healthz(client: http.client.HTTPConnection) -> str | None:
    """What becomes of the connection, as an answer tells."""
    client.request("GET", "/healthz")
    with client.getresponse() as answer:
        assert (answer.status, bool(answer.read())) == (200, True)
        return answer.getheader("Connection")


def test_a_client_that_stays_after_its_last_answer_keeps_nobody_waiting(port: int) -> None:
    with ExitStack() as stack:
        for _number in range(3):
            staying = stack.enter_context(socket.create_connection(("127.0.0.1", port), timeout=60))
            staying.sendall(b"GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n")
            assert b"200 OK" in staying.recv(4096)
        with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=1)) as client:
            for _time in range(3):
                told_at_healthz(client)


def shares_of(service: Service, port: int, clients: int) -> list[int]:
    """How many of so many clients, who come one after another and stay, each worker has."""
    with ExitStack() as stack:
        for _number in range(clients):
            client = stack.enter_context(closing(http.client.HTTPConnection("127.0.0.1", port, timeout=60)))
            client.request("GET", "/healthz")
            client.getresponse().read()
        return [open_to(worker, port) for worker in psutil.Process(service.process.pid).children()]


def open_to(worker: psutil.Process, port: int) -> int:
    """How many clients a worker has."""
    return sum(each.status == psutil.CONN_ESTABLISHED and each.laddr.port == port for each in worker.net_connections())


def problem(response: HTTPResponse) -> dict[str, Any]:
    """The problem document of an answer, which is as it should be."""
    with response:
        assert response.getheader("Content-Type") == "application/problem+json"
        document: dict[str, Any] = json.loads(response.read())
    assert document["status"] == response.status
    assert set(document) == {"type", "title", "status", "detail", "errors"}
    return document


def refused(port: int, method: str, path: str, body: bytes = b"", **headers: Any) -> dict[str, Any]:
    """What a request is refused with by a client that sends all of it before it reads."""
    with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=60)) as connection:
        connection.request(method, path, body, headers)
        return problem(connection.getresponse())


def test_who_sends_20_megabytes_before_listening_reads_that_it_is_too_much(port: int) -> None:
    body = json.dumps({"name": {"en": "a" * 20_000_000}}).encode()
    for connection in ("keep-alive", "close"):
        headers: dict[str, Any] = {"Content-Type": "application/json", "Connection": connection}
        assert refused(port, "POST", "/api/v1/organizations/", body, **headers)["status"] == 413


def test_a_query_of_10_000_parameters_is_a_problem_of_its_length(port: int) -> None:
    said = refused(port, "GET", "/api/v1/organizations/?" + "&".join(f"p{n}=1" for n in range(10_000)))
    assert (said["status"], said["type"]) == (414, "/api/docs/problems#uri_too_long")


def test_headers_that_are_too_large_are_a_problem(port: int) -> None:
    each: list[dict[str, Any]] = [{"X-Long": "a" * 10_000}, {f"X-{n}": "a" for n in range(200)}]
    for headers in each:
        assert refused(port, "GET", "/api/v1/", **headers)["status"] == 431


@pytest.mark.parametrize(
    "sent", [b"NONSENSE\r\n\r\n", b"GET / HTTP/1.1\r\nBad Header: x\r\n\r\n", b"\x16\x03\x01\r\n\r\n"]
)
def test_what_is_not_http_is_a_problem(port: int, sent: bytes) -> None:
    with socket.create_connection(("127.0.0.1", port), timeout=60) as connection:
        connection.sendall(sent)
        response = HTTPResponse(connection)
        response.begin()
        assert problem(response)["status"] == 400


def test_its_problems_are_those_that_the_api_explains() -> None:
    for place, language in enumerate(("en", "ar")):
        with override(language):
            for refusal in (NOT_HTTP, *REFUSALS.values()):
                kind = PROBLEM_TYPES[refusal.code]
                assert (str(kind.title), kind.status) == (refusal.title[place], int(refusal.status.split()[0]))


def test_who_is_refused_before_their_language_is_known_reads_it_in_both(port: int) -> None:
    said = refused(port, "GET", "/api/v1/organizations/?q=" + "a" * 10_000)
    assert said["detail"].splitlines() == [
        "A request's first line may have at most 8190 bytes. Give fewer or shorter parameters.",
        "لا يزيد السطر الأول من الطلب على 8190 بايت. أعطِ معاملات أقل أو أقصر.",
    ]


STOPPED_WHILE_IT_HANDS_OUT_WORK = """
import os, signal
from concurrent.futures import ThreadPoolExecutor
from gunicorn.config import Config
from tracker.ops.worker import Worker

class Pool(ThreadPoolExecutor):
    def submit(self, *work):
        with self._shutdown_lock:
            os.kill(os.getpid(), signal.SIGQUIT)

worker = Worker.__new__(Worker)
worker.tpool, worker.cfg, worker.alive = Pool(1), Config(), True
signal.signal(signal.SIGQUIT, worker.handle_quit)
worker.tpool.submit(print)
"""


def test_a_worker_that_is_told_to_quit_while_it_hands_out_work_ends(checkout: Path) -> None:
    command = [sys.executable, "-c", STOPPED_WHILE_IT_HANDS_OUT_WORK]
    ended = subprocess.run(command, cwd=checkout, env=surroundings(), timeout=20, check=False)
    assert ended.returncode == 0


def test_a_worker_leaves_ctrl_c_to_the_server(checkout: Path) -> None:
    port = free_port()
    server = started(checkout, port)
    [worker] = psutil.Process(server.process.pid).children()
    worker.send_signal(signal.SIGINT)
    with pytest.raises(psutil.TimeoutExpired):
        worker.wait(timeout=2)
    assert get(port, "/healthz")[0] == 200
    assert server.end(signal.SIGINT) == 0
    assert not worker.is_running()
    assert "Traceback" not in server.said
