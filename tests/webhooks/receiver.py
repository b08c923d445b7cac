"""A receiver of webhooks: a real server on this machine, which answers as the test says and keeps what it got."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from django.db import connections
from standardwebhooks import Webhook as Verifier


@dataclass
class Message:
    """One post, as it arrived."""

    path: str
    headers: dict[str, str]
    body: bytes
    answered: int

    @property
    def id(self) -> str:
        return self.headers["webhook-id"]

    # Once for each message: who waits for the last of thousands looks at all of them again and again.
    @cached_property
    def events(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = json.loads(self.body)
        return found

    @property
    def revisions(self) -> list[int]:
        return list(dict.fromkeys(event["data"]["revision"] for event in self.events))

    def verified_by(self, secret: str) -> Any:
        """The events, if the signature is of this secret; raises otherwise."""
        return Verifier(secret).verify(self.body, self.headers)


class Handler(BaseHTTPRequestHandler):
    """Answers a POST by the way that the receiver has at that moment."""

    server: Receiver

    def do_POST(self) -> None:
        length = int(self.headers["Content-Length"])
        body = self.rfile.read(length)
        if len(body) < length:
            # The sender died on the way.
            return
        headers = {name.lower(): value for name, value in self.headers.items()}
        try:
            self.server.way(self)
        except OSError:
            # The other side has hung up.
            pass
        finally:
            connections.close_all()
        self.server.keep(Message(self.path, headers, body, getattr(self, "answered", 0)))

    def answer(self, status: int, body: bytes = b"", **headers: str) -> None:
        self.answered = status
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args: Any) -> None:
        """Say nothing."""


Way = Callable[[Handler], None]


def taking(handler: Handler) -> None:
    handler.answer(204)


def failing(status: int = 500, body: bytes = b"", **headers: str) -> Way:
    return lambda handler: handler.answer(status, body, **headers)


def hanging(handler: Handler) -> None:
    """Say nothing until the other side has gone."""
    handler.connection.settimeout(30)
    handler.connection.recv(1)


def dripping(handler: Handler) -> None:
    """Answer with a header that never ends, a byte now and then."""
    handler.wfile.write(b"HTTP/1.1 200 OK\r\nX-Endless: ")
    for _byte in range(300):
        handler.wfile.write(b"a")
        handler.wfile.flush()
        time.sleep(0.1)


def dripping_body(handler: Handler) -> None:
    """Begin an answer, and go on with its body for ever, a byte now and then."""
    handler.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 4000\r\n\r\n")
    for _byte in range(300):
        handler.wfile.write(b"a")
        handler.wfile.flush()
        time.sleep(0.1)


def speaking_otherwise(handler: Handler) -> None:
    """Answer as another kind of server would."""
    handler.wfile.write(b"SSH-2.0-OpenSSH\r\n")


def endless_body(handler: Handler) -> None:
    """Take it, with an answer of megabytes."""
    handler.answered = 200
    handler.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 99999999\r\n\r\n")
    for _piece in range(1_500):
        handler.wfile.write(b"b" * 65_536)


class Receiver(ThreadingHTTPServer):
    """Takes everything until it is told another way."""

    daemon_threads = True
    # Those who hang are left behind.
    block_on_close = False
    request_queue_size = 100

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.way: Way = taking
        self.messages: list[Message] = []
        self._lock = threading.Lock()

    @property
    def link(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/hook?of=us"

    def keep(self, message: Message) -> None:
        with self._lock:
            self.messages.append(message)

    @property
    def taken(self) -> list[Message]:
        """The messages that it said to have."""
        return [message for message in self.messages if 200 <= message.answered < 300]

    @property
    def events(self) -> list[dict[str, Any]]:
        """The events that it has, in their order."""
        return [event for message in self.taken for event in message.events]

    @property
    def revisions(self) -> list[int]:
        return list(dict.fromkeys(event["data"]["revision"] for event in self.events))

    def handle_error(self, *args: Any) -> None:
        """Whoever hangs up on us is meant to."""


@contextmanager
def serving() -> Iterator[Receiver]:
    receiver = Receiver()
    thread = threading.Thread(target=receiver.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield receiver
    finally:
        receiver.shutdown()
        receiver.server_close()


@dataclass
class Several:
    """Receivers that are made as they are needed."""

    stack: Any
    made: list[Receiver] = field(default_factory=list)

    def __call__(self) -> Receiver:
        self.made.append(self.stack.enter_context(serving()))
        return self.made[-1]


def assert_in_order(receiver: Receiver) -> None:
    """What it got for the first time, it got in the order of the commits."""
    firsts = list(dict.fromkeys(event["id"] for event in receiver.events))
    numbers = [int(each.split("-")[0]) for each in firsts]
    assert numbers == sorted(numbers)


def refused_signature(message: Message, secret: str) -> bool:
    with pytest.raises(Exception, match="No matching signature"):
        message.verified_by(secret)
    return True
