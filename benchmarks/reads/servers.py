"""The contenders' servers: all gunicorn under the service's own configuration."""

from __future__ import annotations

import http.client
import socket
import subprocess
import sys
import time
from collections.abc import Mapping
from contextlib import suppress
from types import TracebackType
from typing import Self

import psutil

from benchmarks.reads.database import CHECKOUT

HOST = "127.0.0.1"
PATIENCE = 60


class Server:
    """A gunicorn on a port of its own, as long as the block lasts."""

    def __init__(self, application: str, environment: Mapping[str, str], workers: int = 2) -> None:
        self.application = application
        self.environment = {**environment, "WEB_CONCURRENCY": str(workers), "PYTHONWARNINGS": "ignore"}
        self.port = free_port()

    def __enter__(self) -> Self:
        command = ["-m", "gunicorn", "--config", "gunicorn.conf.py", "--bind", f"{HOST}:{self.port}"]
        self.process = subprocess.Popen(
            [sys.executable, *command, "--log-level", "warning", self.application],
            cwd=CHECKOUT,
            env=self.environment,
            stdin=subprocess.DEVNULL,
        )
        deadline = time.monotonic() + PATIENCE
        while True:
            try:
                self.get("/healthz")
                return self
            except OSError:
                if self.process.poll() is not None or time.monotonic() > deadline:
                    raise
                time.sleep(0.1)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.process.terminate()
        try:
            self.process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            self.process.kill()

    def get(
        self, path: str, headers: Mapping[str, str] | None = None, method: str = "GET", body: bytes | None = None
    ) -> tuple[int, list[tuple[str, str]], bytes]:
        """One request, outside of every measurement."""
        connection = http.client.HTTPConnection(HOST, self.port, timeout=PATIENCE)
        try:
            connection.request(method, path, body, dict(headers or {}))
            answer = connection.getresponse()
            return answer.status, answer.getheaders(), answer.read()
        finally:
            connection.close()

    def workers(self) -> list[psutil.Process]:
        return psutil.Process(self.process.pid).children()

    def used(self) -> Used:
        """What its processes have used of the processors so far."""
        return used_by(self.process.pid)


Used = dict[int, float]


def used_by(pid: int) -> Used:
    """What a process and its children, each by its number, have used of the processors so far, in seconds."""
    found = {}
    process = psutil.Process(pid)
    for each in (process, *process.children(recursive=True)):
        with suppress(psutil.NoSuchProcess):
            times = each.cpu_times()
            found[each.pid] = times.user + times.system
    return found


def between(before: Used, after: Used) -> float:
    """What was used in between; of processes that have ended meanwhile nothing is known."""
    return sum(seconds - before.get(pid, 0) for pid, seconds in after.items())


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return int(probe.getsockname()[1])
