"""The worker in which gunicorn serves: what it refuses before Django hears of it is a problem document as well."""

import json
import signal
import socket
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from gunicorn import util
from gunicorn.http import errors
from gunicorn.workers.gthread import ThreadWorker

# Loaded with this class by the process that forks the workers, so that they count together.
from tracker.api import counters  # noqa: F401
from tracker.ops.at_once import AtOnce, send_now
from tracker.ops.security_headers import NO_PAGE
from tracker.ops.shares import OpenConnections

# For how long, and for how much, a client is heard out that is still sending what was refused.
PATIENCE_SECONDS = 10.0
PATIENCE_BYTES = 64 * 1024 * 1024
# How long a worker leaves a new connection to one that has fewer.
HESITATION_SECONDS = 0.001

# Made where the arbiter loads this, before its workers are: they and it share it.
open_connections = OpenConnections()


@dataclass(frozen=True)
class Refusal:
    """A problem that Django could describe, were it asked; the titles are those of tracker/api/problem_types.py.

    Who sent the request has not been heard out, so that nobody knows the language: both are answered.
    """

    code: str
    status: str
    title: tuple[str, str]
    detail: tuple[str, str]


NOT_HTTP = Refusal(
    "bad_request",
    "400 Bad Request",
    ("The request cannot be understood", "لا يمكن فهم الطلب"),
    ("The request is not well-formed HTTP.", "الطلب ليس بصيغة HTTP سليمة."),
)
REFUSALS: Mapping[type[Exception], Refusal] = {
    errors.LimitRequestLine: Refusal(
        "uri_too_long",
        "414 URI Too Long",
        ("The address is too long", "العنوان طويل جدًا"),
        (
            "A request's first line may have at most {cfg.limit_request_line} bytes. Give fewer or shorter parameters.",
            "لا يزيد السطر الأول من الطلب على {cfg.limit_request_line} بايت. أعطِ معاملات أقل أو أقصر.",
        ),
    ),
    errors.LimitRequestHeaders: Refusal(
        "headers_too_large",
        "431 Request Header Fields Too Large",
        ("The headers are too large", "الترويسات كبيرة جدًا"),
        (
            "There may be {cfg.limit_request_fields} headers at most, of {cfg.limit_request_field_size} bytes at most.",
            "لا تزيد الترويسات على {cfg.limit_request_fields}، ولا الواحدة على {cfg.limit_request_field_size} بايت.",
        ),
    ),
    errors.InvalidRequestLine: NOT_HTTP,
    errors.InvalidRequestMethod: NOT_HTTP,
    errors.InvalidHTTPVersion: NOT_HTTP,
    errors.InvalidHeaderName: NOT_HTTP,
    errors.InvalidHeader: NOT_HTTP,
    errors.ObsoleteFolding: NOT_HTTP,
    errors.InvalidChunkSize: NOT_HTTP,
    errors.ChunkMissingTerminator: NOT_HTTP,
    errors.InvalidChunkExtension: NOT_HTTP,
}
# Headers that the service itself tried to send: a fault of ours, although gunicorn derives it from the client's.
OURS = (errors.InvalidResponseHeader, errors.InvalidResponseHeaderName)


class Worker(ThreadWorker):
    """Threads that serve; Ctrl-C is the arbiter's to hear, and who was refused gets to read why.

    Workers share out connections: whichever woke first would else take all that come together, and serve them by one
    processor while the others have nothing to do. What needs no waiting is answered without a thread of the pool.
    """

    at_once: AtOnce | None = None

    @property
    def nr_conns(self) -> int:
        """How many connections are open, as gunicorn counts them."""
        return open_connections.of(self.age)

    @nr_conns.setter
    def nr_conns(self, number: int) -> None:
        open_connections.note(self.age, number)

    def accept(self, listener: Any) -> None:
        if open_connections.another_has_fewer(self.age):
            time.sleep(HESITATION_SECONDS)
        super().accept(listener)

    def load_wsgi(self) -> None:
        super().load_wsgi()
        self.at_once = AtOnce.of(self.cfg, self.wsgi, self.log)

    def wait_for_and_dispatch_events(self, timeout: float) -> None:
        if self.at_once is not None:
            self.at_once.look_anew()
        super().wait_for_and_dispatch_events(timeout)

    def on_client_socket_readable(self, conn: Any, client: socket.socket) -> None:
        # The last requests of a worker are answered in a way that ends the connection.
        is_going_on = self.alive and self.nr + 1 < self.max_requests
        answer = self.at_once.answer(conn) if self.at_once is not None and is_going_on else None
        if answer is None:
            super().on_client_socket_readable(conn, client)
            return
        self.nr += 1
        self.keepalived_conns.remove(conn)
        self._send(answer, conn, client)

    def _send(self, answer: list[bytes], conn: Any, client: socket.socket) -> None:
        """Send without waiting; what a slow client does not take is left to a thread that may wait."""
        try:
            rest = send_now(client, answer)
        except OSError:
            self.poller.unregister(client)
            self.nr_conns -= 1
            conn.close()
            return
        if rest:
            self.poller.unregister(client)
            sending = self.tpool.submit(_send_all, client, rest)
            sending.add_done_callback(lambda done: self.method_queue.defer(self.finish_request, conn, done))
        else:
            conn.set_timeout()
            self.keepalived_conns.append(conn)

    def init_signals(self) -> None:
        super().init_signals()
        # At a terminal Ctrl-C reaches all processes, and then the arbiter tells the workers to end. Told twice, a
        # worker would be interrupted while it ends: at worst it waits for itself until it is killed.
        signal.signal(signal.SIGINT, signal.SIG_IGN)

    def handle_quit(self, sig: int, frame: Any) -> None:
        """End at once, past gunicorn's own way, which first shuts down the pool of threads.

        The pool has a lock for that. A signal that comes while the worker hands out work finds it taken, by the very
        thread that hears the signal, and waits for ever: until the arbiter kills the worker, half a minute later.
        """
        super(ThreadWorker, self).handle_quit(sig, frame)

    def handle(self, conn: Any) -> Any:
        again = super().handle(conn)
        if again is False:
            # A connection that is closed while the client still sends is reset, and the answer is lost on its way.
            util.close_graceful(conn.sock, timeout=PATIENCE_SECONDS, max_drain=PATIENCE_BYTES)
        return again

    def finish_request(self, conn: Any, fs: Any) -> None:
        """Go on with a connection after its request; one that its thread has closed needs only be counted off."""
        if conn.sock.fileno() < 0:
            self.nr_conns -= 1
        else:
            super().finish_request(conn, fs)

    def handle_error(self, req: Any, client: Any, addr: Any, exc: BaseException) -> None:
        refusal = None if isinstance(exc, OURS) else _refusal_of(exc)
        if refusal is None:
            super().handle_error(req, client, addr, exc)
            return
        self.log.info("Refused a request of %s: %s", addr[0] if addr else "a local client", exc)
        util.write_nonblock(client, _answer(refusal, [text.format(cfg=self.cfg) for text in refusal.detail]))


def _send_all(client: socket.socket, rest: bytes) -> bool:
    """Send what is left of an answer; whether the client has taken it, and may ask again."""
    try:
        client.setblocking(True)
        client.sendall(rest)
    except OSError:
        return False
    return True


def _refusal_of(exc: BaseException) -> Refusal | None:
    return next((refusal for kind, refusal in REFUSALS.items() if isinstance(exc, kind)), None)


def _answer(refusal: Refusal, details: Sequence[str]) -> bytes:
    document = {
        "type": f"/api/docs/problems#{refusal.code}",
        "title": " – ".join(refusal.title),
        "status": int(refusal.status.split()[0]),
        "detail": "\n".join(details),
        "errors": [],
    }
    body = json.dumps(document, separators=(",", ":"), ensure_ascii=False).encode()
    head = (
        f"HTTP/1.1 {refusal.status}\r\nConnection: close\r\nContent-Type: application/problem+json\r\n"
        "Content-Language: en, ar\r\nX-Content-Type-Options: nosniff\r\n"
        f"Content-Security-Policy: {NO_PAGE}\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body
