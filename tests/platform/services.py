"""A checkout of its own for a test, and a service that runs from it as a real process."""

import http.client
import os
import shlex
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

from tracker import environment

CHECKOUT = Path(__file__).resolve().parents[2]
NOT_COPIED = (".git", ".venv", ".pgdata", ".local", ".*_cache", ".hypothesis", ".env", "__pycache__", "staticfiles")
RATES = [f"TRACKER_RATE_{name.upper().replace('-', '_')}" for name in environment.RATES]
# What configures the service must come from the test alone.
CONFIGURATION = [
    "TRACKER_ENV",
    "DEBUG",
    "SECRET_KEY",
    "SECRET_KEY_FALLBACKS",
    "ALLOWED_HOSTS",
    "CSRF_TRUSTED_ORIGINS",
    "DATABASE_URL",
    "PORT",
    "TRACKER_HTTPS",
    "TRACKER_BEHIND_PROXY",
    "TRACKER_CURATOR_PASSWORD",
    "TRACKER_TOKEN_PEPPER",
    "TRACKER_SITE_URL",
    "TRACKER_WEBHOOK_ALLOW_PRIVATE",
    "TRACKER_RESPONSE_CACHE_MB",
    "CACHE_URL",
    "EMAIL_URL",
    "DEFAULT_FROM_EMAIL",
    "TRACKER_REQUIRE_STAFF_MFA",
    "TRACKER_OIDC_ISSUER",
    "TRACKER_CORS_ORIGINS",
    "TRACKER_STATEMENT_TIMEOUT",
    *RATES,
    "DJANGO_SETTINGS_MODULE",
]


def copy_checkout(target: Path) -> Path:
    """Copy the project without what it made for itself; installed is what this test run has installed."""
    shutil.copytree(CHECKOUT, target, ignore=shutil.ignore_patterns(*NOT_COPIED))
    programs = target / ".venv" / "bin"
    programs.mkdir(parents=True)
    write_program(programs / "python", f'exec {shlex.quote(sys.executable)} "$@"')
    for stamp in (".made", ".installed-run", ".installed-test"):
        (target / ".venv" / stamp).touch()
    return target


def write_program(path: Path, line: str) -> None:
    """A shell script of one line."""
    path.write_text(f"#!/bin/sh\n{line}\n")
    path.chmod(0o755)


def surroundings(**variables: str) -> dict[str, str]:
    """This process's environment without the service's configuration, and with the given one; nobody is too fast."""
    kept = {name: value for name, value in os.environ.items() if name not in CONFIGURATION}
    return kept | dict.fromkeys(RATES, "off") | {"PYTHONUNBUFFERED": "1"} | variables


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def get(port: int, path: str, **headers: str) -> tuple[int, str]:
    """Status and body of a GET."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    try:
        connection.request("GET", path, headers=headers)
        answer = connection.getresponse()
        return answer.status, answer.read().decode()
    finally:
        connection.close()


def wait_until(
    condition: Callable[[], bool], seconds: float = 30, explain: Callable[[], object] = lambda: "no more is known"
) -> None:
    """Return as soon as the condition holds; fail when it does not in time, with what explains it."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"it did not happen in time: {explain()}"
        time.sleep(0.05)


class Service:
    """A process group that serves, and everything that it has said."""

    def __init__(self, command: list[str], folder: Path, variables: dict[str, str], **options: int) -> None:
        self.said = ""
        self.process = subprocess.Popen(
            command,
            cwd=folder,
            env=variables,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
            **options,  # type: ignore[call-overload]
        )
        self._listener = threading.Thread(target=self._listen, daemon=True)
        self._listener.start()

    def _listen(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.said += line

    def wait_for(self, words: str, seconds: float = 60) -> None:
        """Return once the service has said so."""
        deadline = time.monotonic() + seconds
        while words not in self.said:
            assert self.process.poll() is None, f"it ended, and said:\n{self.said}"
            assert time.monotonic() < deadline, f"in {seconds} s it said only:\n{self.said}"
            time.sleep(0.05)

    def wait_to_serve(self, port: int, path: str) -> None:
        """Return once the path answers with 200."""

        def serves() -> bool:
            assert self.process.poll() is None, f"it ended, and said:\n{self.said}"
            try:
                return get(port, path)[0] == 200
            except OSError:
                return False

        wait_until(serves)

    def end(self, number: signal.Signals = signal.SIGINT) -> int:
        """Send a signal to the whole group, as a terminal does for Ctrl-C; return the exit status."""
        if self.process.poll() is None:
            os.killpg(self.process.pid, number)
        status: int = self.process.wait(timeout=60)
        self._listener.join(timeout=10)
        if self.process.stdout is not None:
            self.process.stdout.close()
        return status
