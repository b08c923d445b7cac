"""Answers for which nobody has to wait, given by the thread that hears of the requests.

To hand a request to another thread, and to hand Python's lock about among those that are busy, costs several times what
such an answer costs (docs/performance.md). All that is not plainly of this kind is left, untouched, to other threads.
"""

from __future__ import annotations

import socket
import time
from collections.abc import Callable, Iterable
from datetime import timedelta
from typing import Any, Protocol

from gunicorn import http
from gunicorn.config import Config
from gunicorn.http import wsgi

MOST_BYTES = 16 * 1024
END = b"\r\n\r\n"
# Requests with these want more than an answer, or have more to say than their headers.
NOT_PLAIN = ("HTTP_UPGRADE", "HTTP_EXPECT", "HTTP_TRANSFER_ENCODING", "CONTENT_LENGTH")


class Prompt(Protocol):
    """An application that can say without waiting whether it has an answer."""

    def look_anew(self) -> None:
        """All that is asked from now on has come in before now."""

    def at_once(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes] | None:
        """The answer, or None with nothing done."""


class AtOnce:
    """Reads a request that has come in whole, and has it answered if that can be done at once."""

    def __init__(self, cfg: Config, application: Prompt, log: Any) -> None:
        self.cfg = cfg
        self.application = application
        self.log = log

    @classmethod
    def of(cls, cfg: Config, application: Any, log: Any) -> AtOnce | None:
        """None where the application has nothing at once, or where requests do not come in as they are."""
        is_plain = not cfg.is_ssl and cfg.proxy_protocol == "off"
        return cls(cfg, application, log) if is_plain and hasattr(application, "at_once") else None

    def look_anew(self) -> None:
        """To be said before requests are looked for."""
        self.application.look_anew()

    def answer(self, conn: Any) -> list[bytes] | None:
        """All that is to be sent for the request on a connection, which is read; None if it is for others to answer."""
        try:
            sent = conn.sock.recv(MOST_BYTES, socket.MSG_PEEK)
            answer = self._answer(sent, conn) if _is_whole_get(sent) else None
            if answer is not None:
                conn.sock.recv(len(sent))
        # Whatever is wrong with a request, those who serve it as any other find that out too, and say so.
        except Exception:
            self.log.debug("A request is not answered at once.", exc_info=True)
            return None
        return answer

    def _answer(self, sent: bytes, conn: Any) -> list[bytes] | None:
        begun = time.monotonic()
        request = next(http.get_parser(self.cfg, [sent], conn.client))
        if request.should_close():
            return None
        gathered = Gathered()
        response, environ = wsgi.create(request, gathered, conn.client, conn.server, self.cfg)
        if any(each in environ for each in NOT_PLAIN):
            return None
        body = self.application.at_once(environ, response.start_response)
        if body is None:
            return None
        for piece in body:
            response.write(piece)
        response.close()
        self.log.access(response, request, environ, timedelta(seconds=time.monotonic() - begun))
        return gathered.pieces


class Gathered:
    """Takes what gunicorn would send."""

    def __init__(self) -> None:
        self.pieces: list[bytes] = []

    def sendall(self, piece: bytes) -> None:
        """Keep it."""
        self.pieces.append(piece)


def send_now(sock: socket.socket, pieces: list[bytes]) -> bytes:
    """Send as much as the other end takes without waiting; the rest of it. Raises OSError where it is gone."""
    try:
        sent = sock.sendmsg(pieces)
    except BlockingIOError:
        sent = 0
    return b"".join(pieces)[sent:] if sent < sum(map(len, pieces)) else b""


def _is_whole_get(sent: bytes) -> bool:
    """Whether this is one request for something and nothing else."""
    return sent.startswith(b"GET ") and sent.find(END) == len(sent) - len(END)
