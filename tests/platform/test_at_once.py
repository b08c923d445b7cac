"""What is kept is answered by the thread that hears of the request: as by any other, and it never stands still."""

from __future__ import annotations

import http.client
import json
import signal
import socket
import struct
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing, contextmanager, suppress
from itertools import count

import psutil
import pytest
from django.db import connection, transaction

from initiatives.models import Organization
from tests import factories as make
from tests.api.beside_a_writer import assert_nobody_reads_what_is_old
from tests.platform.services import CHECKOUT, Service, free_port, surroundings, wait_until
from tests.webhooks.processes import environment

pytestmark = pytest.mark.django_db(transaction=True)

LIST = "/api/v1/organizations/"
OF_ONE_ANSWER = ("date", "ratelimit")
PATIENCE = 60
# That a request is not answered for so long means that it has to wait.
A_WHILE = 1.0

Headers = dict[str, str]
new = count()


class Client:
    """Who asks one question after another over one connection."""

    def __init__(self, port: int, seconds: float = PATIENCE) -> None:
        self.connection = http.client.HTTPConnection("127.0.0.1", port, timeout=seconds)

    def ask(self, path: str, **headers: str) -> tuple[int, Headers, bytes]:
        """Status, headers by their names in small letters, and body."""
        self.connection.request("GET", path, headers={name.replace("_", "-"): text for name, text in headers.items()})
        return self.heard()

    def heard(self) -> tuple[int, Headers, bytes]:
        with self.connection.getresponse() as answer:
            return answer.status, {name.lower(): text for name, text in answer.getheaders()}, answer.read()

    def close(self) -> None:
        self.connection.close()


class Server:
    """One worker on the database of the test, with so many threads besides the one that hears of requests."""

    def __init__(self, threads: int, *arguments: str, **variables: str) -> None:
        self.port = free_port()
        self.service = Service(
            [
                sys.executable,
                "-m",
                "gunicorn",
                "--threads",
                str(threads),
                "--keep-alive",
                "60",
                *arguments,
                "tracker.wsgi",
            ],
            CHECKOUT,
            surroundings(**environment(), PORT=str(self.port), WEB_CONCURRENCY="1", DEBUG="false", **variables),
        )
        self.service.wait_to_serve(self.port, "/healthz")

    def workers(self) -> list[psutil.Process]:
        return psutil.Process(self.service.process.pid).children()

    @contextmanager
    def client(self) -> Iterator[Client]:
        with closing(Client(self.port)) as client:
            yield client

    def warm(self, client: Client, *paths: str) -> None:
        """Ask until answers are kept, and the thread that hears has a session of its own."""

        def is_warm() -> bool:
            # The last one is new each time: whoever answers it has asked for more than the newest revision.
            for path in (*paths, f"{LIST}?id__gt={next(new)}"):
                assert client.ask(path)[0] == 200
            return any(query.startswith("SELECT number, at::text FROM") for query in queries_of_sessions())

        wait_until(is_warm, PATIENCE, queries_of_sessions)

    def answer_while_busy(self, path: str, asking: int = 10, **headers: str) -> tuple[int, Headers, bytes] | None:
        """What somebody gets while every thread is busy, of so many who ask; None if nobody gets anything.

        The database may be too slow for one or another of them on a busy machine, who then has to wait.
        """
        with ExitStack() as stack:
            clients = [stack.enter_context(closing(Client(self.port, A_WHILE))) for _number in range(asking)]
            for client in clients:
                assert client.ask("/healthz")[0] == 200
            stack.enter_context(self.busy())
            for client in clients:
                with suppress(TimeoutError):
                    return client.ask(path, **headers)
        return None

    @contextmanager
    def busy(self) -> Iterator[None]:
        """Keep the server's only thread waiting for the rest of a request."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=PATIENCE) as stalled:
            stalled.sendall(b"GET /healthz HTTP/1.1\r\n")
            time.sleep(A_WHILE)
            yield
            stalled.sendall(b"Host: 127.0.0.1\r\nConnection: close\r\n\r\n")
            assert b"200" in stalled.recv(65536)


def queries_of_sessions() -> list[str]:
    """The last questions of others' sessions on this database."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT query FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
        return [query for (query,) in cursor.fetchall()]


@pytest.fixture(scope="module")
def server(django_db_setup: None) -> Iterator[Server]:
    server = Server(1)
    before = server.workers()
    yield server
    assert server.workers() == before
    assert server.service.end(signal.SIGTERM) == 0


def test_kept_answers_are_given_while_every_thread_is_busy(server: Server) -> None:
    make.make_organization()
    with server.client() as client:
        server.warm(client, LIST)
        kept = client.ask(LIST)
    answer = server.answer_while_busy(LIST)
    assert answer is not None
    assert (answer[0], answer[2]) == (200, kept[2])
    answer = server.answer_while_busy(LIST, If_None_Match=kept[1]["etag"])
    assert answer is not None
    assert (answer[0], answer[2]) == (304, b"")
    assert server.answer_while_busy(f"{LIST}?ordering=-slug", asking=2) is None


def test_what_is_answered_at_once_is_what_any_thread_answers(server: Server) -> None:
    for _number in range(20):
        make.make_organization()
    with server.client() as client:
        server.warm(client, LIST)
        tag = client.ask(LIST)[1]["etag"]
        for headers in (
            {},
            {"Accept-Encoding": "gzip"},
            {"Accept-Encoding": "zstd"},
            {"Accept-Language": "ar"},
            {"If-None-Match": tag},
            {"If-None-Match": f'"other", W/{tag}'},
            {"If-None-Match": "*"},
            {"If-None-Match": '"nonsense"'},
            {"X-Request-ID": "mine"},
            {"Cookie": "sessionid=nobody"},
            {"Authorization": "Bearer trk_nonsense"},
            {"Origin": "https://elsewhere.example"},
            {"Accept": "text/csv"},
            {"Host": "elsewhere.example"},
            {"Host": "not a host"},
            {"Content-Length": "0"},
            {"Expect": "100-continue"},
            {"Upgrade": "websocket", "Connection": "upgrade"},
        ):
            for path in (LIST, f"{LIST}nowhere/", f"{LIST}?limit=%D9%A5", f"{LIST}?q=%zz", f"{LIST}?nonsense=1"):
                answers = [answer_of(server, path, headers, after) for after in (0, 2)]
                assert answers[0] == answers[1], (path, headers)


def answer_of(server: Server, path: str, headers: Headers, after: int) -> tuple[int, Headers, bytes]:
    """What a connection's first request gets, or that after some others; without what differs each time."""
    with server.client() as client:
        for _time in range(after):
            client.ask(path, **headers)
        status, said, body = client.ask(path, **headers)
        if said.get("x-request-id") != "mine":
            said.pop("x-request-id", None)
        return status, {name: text for name, text in said.items() if name not in OF_ONE_ANSWER}, body


def test_no_answer_at_once_is_older_than_the_last_commit_before_its_request(server: Server) -> None:
    organization = make.make_organization(name_en="0")
    path = f"{LIST}{organization.slug}/"

    @contextmanager
    def reader() -> Iterator[Callable[[], int]]:
        last, tag = 0, '"none"'

        def ask() -> int:
            nonlocal last, tag
            status, headers, body = client.ask(path, If_None_Match=tag)
            assert status in (200, 304), body
            last = int(json.loads(body)["name"]["en"]) if status == 200 else last
            tag = headers["etag"]
            return last

        with server.client() as client:
            yield ask

    with server.client() as client:
        server.warm(client, path)
    assert_nobody_reads_what_is_old(organization, reader, commits=200, pause=0.01, fewest=100)


def test_requests_that_come_in_one_piece_or_in_several_are_answered_in_order(server: Server) -> None:
    organization = make.make_organization()
    paths = (LIST, f"{LIST}{organization.slug}/", LIST)
    with server.client() as client:
        server.warm(client, *paths)
        requests = [
            f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Request-ID: {number}\r\n\r\n".encode()
            for number, path in enumerate(paths)
        ]
        whole = b"".join(requests)
        half = len(requests[0]) // 2
        for pieces in ([whole], [whole[:half], whole[half:]], [whole[:-half], whole[-half:]], requests):
            for piece in pieces:
                client.connection.sock.sendall(piece)
                time.sleep(0.2)
            assert answered_to(client.connection.sock, len(paths)) == ["0", "1", "2"]


def answered_to(sock: socket.socket, number: int) -> list[str | None]:
    """The ids of so many requests that are answered on a connection, one after another."""
    found = []
    with sock.makefile("rb") as stream:
        for _answer in range(number):
            assert stream.readline() == b"HTTP/1.1 200 OK\r\n"
            headers = http.client.parse_headers(stream)
            assert json.loads(stream.read(int(headers["Content-Length"])))
            found.append(headers["X-Request-ID"])
    return found


@contextmanager
def slow_reader(server: Server, path: str) -> Iterator[socket.socket]:
    """A client that has asked a second question, after which it has read nothing; it takes little at a time."""
    with socket.socket() as sock:
        sock.settimeout(PATIENCE)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        sock.connect(("127.0.0.1", server.port))
        for asked in ("/healthz", path):
            sock.sendall(f"GET {asked} HTTP/1.1\r\nHost: 127.0.0.1:{server.port}\r\n\r\n".encode())
            if asked != path:
                assert b"200 OK" in sock.recv(4096)
        yield sock


def test_a_slow_reader_gets_all_of_it_and_keeps_nobody_waiting(server: Server) -> None:
    for _number in range(50):
        make.make_organization(aliases_en=["x" * 200] * 700)
    with server.client() as client:
        server.warm(client, LIST)
        tag, body = client.ask(LIST)[1]["etag"], client.ask(LIST)[2]
        assert len(body) > 7_000_000
        with slow_reader(server, LIST) as slow:
            time.sleep(A_WHILE)
            for _time in range(5):
                assert client.ask(LIST, If_None_Match=tag)[0] == 304
            taken = b""
            while not taken.endswith(body[-1_000:]):
                taken += slow.recv(1_000_000)
            assert (taken.endswith(b"\r\n\r\n" + body), taken.count(b"HTTP/1.1")) == (True, 1)
            slow.sendall(f"GET {LIST}?limit=1 HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n".encode())
            assert slow.recv(1_000).startswith(b"HTTP/1.1 200 OK")


def test_a_client_that_goes_away_in_the_midst_of_its_answer_does_no_harm(server: Server) -> None:
    for _number in range(50):
        make.make_organization(aliases_en=["x" * 200] * 700)
    [before] = server.workers()
    with server.client() as client:
        server.warm(client, LIST)
        for _time in range(10):
            with slow_reader(server, LIST) as slow:
                # To close resets the connection.
                slow.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        assert client.ask(LIST)[0] == 200
    assert server.workers() == [before]
    wait_until(lambda: not any(each.status == psutil.CONN_ESTABLISHED for each in before.net_connections("tcp")))


def test_sessions_that_the_database_ends_are_made_anew(server: Server) -> None:
    make.make_organization()
    with server.client() as client:
        for _time in range(3):
            server.warm(client, LIST)
            with connection.cursor() as cursor:
                cursor.execute(
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                    " WHERE datname = current_database() AND pid <> pg_backend_pid()"
                )
            assert [client.ask(LIST)[0] for _request in range(3)] == [200] * 3
        server.warm(client, LIST)
    assert server.answer_while_busy(LIST) is not None


def test_a_database_that_does_not_answer_stops_those_only_who_wait_for_it() -> None:
    make.make_organization()
    server = Server(2)
    try:
        with server.client() as client, server.client() as other:
            server.warm(client, LIST)
            other.ask("/healthz")
            with ThreadPoolExecutor(1) as pool:
                with transaction.atomic(), connection.cursor() as cursor:
                    cursor.execute("LOCK TABLE history_revision IN ACCESS EXCLUSIVE MODE")
                    waiting = pool.submit(client.ask, LIST)
                    time.sleep(A_WHILE)
                    assert [other.ask("/healthz")[0] for _time in range(5)] == [200] * 5
                    assert not waiting.done()
                assert waiting.result(PATIENCE)[0] == 200
            Organization.objects.update(name_en="Later")
            assert json.loads(client.ask(LIST)[2])["results"][0]["name"]["en"] == "Later"
    finally:
        assert server.service.end(signal.SIGTERM) == 0


def test_each_request_at_once_counts_for_once_and_too_many_are_refused() -> None:
    make.make_organization()
    server = Server(1, TRACKER_RATE_ANONYMOUS="300/hour")
    try:
        with server.client() as client:
            server.warm(client, LIST)
            left = remaining(client.ask(LIST)[1])
            tag = client.ask(LIST)[1]["etag"]
            for used in range(2, left):
                status, headers, _body = client.ask(LIST, **({"If_None_Match": tag} if used % 2 else {}))
                assert (status, remaining(headers)) == (304 if used % 2 else 200, left - used)
            assert client.ask(LIST)[0] == 200
            for _time in range(3):
                status, headers, body = client.ask(LIST)
                assert (status, json.loads(body)["status"], remaining(headers)) == (429, 429, 0)
                assert int(headers["retry-after"]) > 0
        wait_until(lambda: "throttled" in server.service.said)
        assert server.service.said.count("throttled") == 1
    finally:
        server.service.end(signal.SIGTERM)


def remaining(headers: Headers) -> int:
    return int(headers["ratelimit"].split(";r=")[1].split(";")[0])


def test_answers_at_once_are_in_the_access_log() -> None:
    make.make_organization()
    server = Server(1, "--access-logfile", "-")
    try:
        with server.client() as client:
            server.warm(client, LIST)
        assert server.answer_while_busy(LIST) is not None
        wait_until(lambda: f'"GET {LIST} HTTP/1.1" 200' in server.service.said)
    finally:
        server.service.end(signal.SIGTERM)
