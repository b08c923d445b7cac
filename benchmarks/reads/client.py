"""A load generator for machines without `wrk`: one process, raw sockets kept alive, nothing parsed beyond the length.

It reads an order as JSON from its standard input and writes what came of it.
"""

from __future__ import annotations

import json
import selectors
import socket
import statistics
import sys
import time
from typing import Any

READ = 1 << 18
END = b"\r\n\r\n"


class Connection:
    """One connection with one request under way."""

    def __init__(self, port: int) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.received = bytearray()
        self.sent_at = 0.0

    def send(self, message: bytes) -> None:
        self.received.clear()
        self.length = 0
        self.missing: int | None = None
        self.sent_at = time.perf_counter()
        self.socket.sendall(message)

    def take(self) -> int | None:
        """Read what is there; the status once the answer is whole."""
        chunk = self.socket.recv(READ)
        if not chunk:
            raise ConnectionError("closed by the server")
        self.length += len(chunk)
        if self.missing is not None:
            self.missing -= len(chunk)
        else:
            self.received += chunk
            head = self.received.find(END)
            if head < 0:
                return None
            lines = bytes(self.received[:head]).split(b"\r\n")
            self.status = int(lines[0].split()[1])
            lengths = [line.split(b":")[1] for line in lines if line.lower().startswith(b"content-length:")]
            self.missing = (int(lengths[0]) if lengths and self.status != 304 else 0) - (
                len(self.received) - head - len(END)
            )
        return self.status if self.missing <= 0 else None


class Messages:
    """The requests of an order, one after the other."""

    def __init__(self, order: dict[str, Any]) -> None:
        self.order = order
        self.number = order["first"]
        headers = "".join(f"{name}: {value}\r\n" for name, value in order["headers"].items())
        self.head = f" HTTP/1.1\r\nHost: 127.0.0.1:{order['port']}\r\n{headers}"

    def next(self) -> bytes:
        self.number += 1
        paths = self.order["paths"]
        path = paths[self.number % len(paths)].replace("{n}", str(self.number))
        body = (self.order["body"] or "").replace("{n}", str(self.number)).encode()
        length = f"Content-Length: {len(body)}\r\n" if body else ""
        return f"{self.order['method']} {path}{self.head}{length}\r\n".encode() + body


def run(order: dict[str, Any]) -> dict[str, Any]:
    messages = Messages(order)
    times: list[float] = []
    count = {"refused": 0, "failed": 0, "bytes": 0}
    selector = selectors.DefaultSelector()
    for _ in range(order["connections"]):
        connection = Connection(order["port"])
        selector.register(connection.socket, selectors.EVENT_READ, connection)
        connection.send(messages.next())
    begin = time.perf_counter()
    while (now := time.perf_counter()) - begin < order["seconds"]:
        for key, _events in selector.select(timeout=1):
            connection = key.data
            try:
                status = connection.take()
            except OSError:
                count["failed"] += 1
                selector.unregister(connection.socket)
                connection = Connection(order["port"])
                selector.register(connection.socket, selectors.EVENT_READ, connection)
                connection.send(messages.next())
                continue
            if status is not None:
                times.append((time.perf_counter() - connection.sent_at) * 1e3)
                count["refused"] += status >= 400
                count["bytes"] += connection.length
                connection.send(messages.next())
    cuts = statistics.quantiles(times, n=100) if len(times) > 1 else [0.0] * 99
    return {"requests": len(times), "seconds": now - begin, "median_ms": cuts[49], "p99_ms": cuts[98], **count}


if __name__ == "__main__":
    print(json.dumps(run(json.load(sys.stdin))))
