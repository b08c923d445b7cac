"""Posts a body to a target, in bounded time, and tells what came of it. Nothing that the other side does can hold it.

Each wait of a socket has its own limit, which somebody who sends a byte now and then never reaches. So there is one
for all of it: when it is over, the connection is cut.
"""

from __future__ import annotations

import socket
import ssl
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from functools import cache
from http import HTTPStatus
from http.client import HTTPException
from threading import Timer
from typing import Any

from django.conf import settings
from django.utils.translation import gettext as _
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.exceptions import HTTPError

from tracker.webhooks.targets import RefusedTargetError, Target, addresses_of, parse_target

CONNECT_SECONDS = 5.0
READ_BYTES = 4_096
EXCERPT_LENGTH = 500
ERROR_LENGTH = 300
UNREACHED = (HTTPError, HTTPException, OSError, ValueError)


@dataclass(frozen=True)
class Outcome:
    """What came of a post: a status, or an error where there is none."""

    milliseconds: int
    status: int | None = None
    error: str = ""
    excerpt: str = ""
    retry_after: float | None = None

    @property
    def is_delivered(self) -> bool:
        """Whether the other side has taken it."""
        return self.status is not None and HTTPStatus(200) <= self.status < HTTPStatus.MULTIPLE_CHOICES

    @property
    def is_gone(self) -> bool:
        """Whether the other side wants nothing any more."""
        return self.status == HTTPStatus.GONE


def post(link: str, body: bytes, headers: Mapping[str, str]) -> Outcome:
    """Send the body once. A redirect is not followed: where it leads was checked by nobody."""
    limit = Limit(settings.TRACKER_WEBHOOK_TIMEOUT)
    try:
        with _connected(parse_target(link), limit) as (connection, target), limit.cutting(connection):
            named = {"Host": target.authority, "User-Agent": "tracker-webhooks", "Accept": "*/*", **headers}
            connection.request("POST", target.path, body=body, headers=named, preload_content=False)
            response = connection.getresponse()
            begun = response.read(READ_BYTES, decode_content=False)
    except RefusedTargetError as refused:
        return Outcome(limit.spent(), error=refused.text[:ERROR_LENGTH])
    except UNREACHED as error:
        if limit.has_cut or limit.is_over():
            text = _("There was no whole answer within %(seconds)d seconds.") % {"seconds": limit.seconds}
        else:
            text = f"{type(error).__name__}: {error}"
        return Outcome(limit.spent(), error=_storable(text)[:ERROR_LENGTH])
    return Outcome(
        limit.spent(),
        status=response.status,
        error=_complaint(response.status, response.headers),
        excerpt=_storable(begun.decode("utf-8", "replace"))[:EXCERPT_LENGTH],
        retry_after=_seconds(response.headers.get("Retry-After", "")),
    )


class Limit:
    """The time that one post may take in all."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self.begun = time.monotonic()
        self.has_cut = False

    def left(self) -> float:
        # Never nothing, which a socket would take for no limit or for no waiting.
        return max(self.begun + self.seconds - time.monotonic(), 0.01)

    def is_over(self) -> bool:
        return time.monotonic() >= self.begun + self.seconds

    def spent(self) -> int:
        return round((time.monotonic() - self.begun) * 1_000)

    @contextmanager
    def cutting(self, connection: HTTPConnection) -> Iterator[None]:
        """Cut the connection off if the time is over before the block is."""
        sock: Any = connection.sock
        sock.settimeout(self.left())
        timer = Timer(self.left(), self._cut, [sock])
        timer.daemon = True
        timer.start()
        try:
            yield
        finally:
            timer.cancel()
        if self.has_cut:
            # Headers that break off are taken for whole ones.
            raise TimeoutError

    def _cut(self, sock: socket.socket) -> None:
        self.has_cut = True
        with suppress(OSError):
            # The plain socket's way: an encrypted one would first wait for its reader.
            socket.socket.shutdown(sock, socket.SHUT_RDWR)


@contextmanager
def _connected(target: Target, limit: Limit) -> Iterator[tuple[HTTPConnection, Target]]:
    """A connection to the first address that takes one, of those that were checked, and of no other."""
    connection = _connect(target, addresses_of(target), limit)
    try:
        yield connection, target
    finally:
        connection.close()


def _connect(target: Target, addresses: list[str], limit: Limit) -> HTTPConnection:
    failed: Exception = OSError(_("The host “%(host)s” has no address.") % {"host": target.host})
    for address in addresses:
        connection = _connection(target, address, min(CONNECT_SECONDS, limit.left()))
        try:
            connection.connect()
        except UNREACHED as error:
            connection.close()
            failed = error
        else:
            return connection
        if limit.is_over():
            break
    raise failed


def _connection(target: Target, address: str, timeout: float) -> HTTPConnection:
    if target.scheme == "http":
        return HTTPConnection(address, target.port, timeout=timeout)
    return HTTPSConnection(
        address, target.port, timeout=timeout, server_hostname=target.host, ssl_context=_certificates()
    )


@cache
def _certificates() -> ssl.SSLContext:
    """Reads the machine's trusted certificates once."""
    return ssl.create_default_context()


def _complaint(status: int, headers: Mapping[str, str]) -> str:
    if HTTPStatus.MULTIPLE_CHOICES <= status < HTTPStatus.BAD_REQUEST:
        where = _storable(headers.get("Location", ""))[: ERROR_LENGTH // 2]
        return _("It redirects to “%(where)s”; redirects are not followed.") % {"where": where}
    return ""


def _seconds(retry_after: str) -> float | None:
    """The seconds that the header asks to wait, which it says as such or as a moment."""
    text = retry_after.strip()
    if text.isascii() and text.isdigit():
        return float(text[:9])
    try:
        moment = parsedate_to_datetime(text)
    except (TypeError, ValueError):
        return None
    aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return max((aware - datetime.now(UTC)).total_seconds(), 0.0)


def _storable(text: str) -> str:
    """A text without what PostgreSQL or a reader's terminal cannot take."""
    return "".join(letter if letter.isprintable() or letter in "\n\t" else "\ufffd" for letter in text)
