"""What the commands share that mail people something once a day."""

from __future__ import annotations

import signal
from argparse import ArgumentParser
from collections.abc import Callable
from datetime import UTC, date, datetime
from threading import Event
from typing import Any, Protocol

from django.core.management.base import BaseCommand, CommandError
from django.db import DatabaseError, InterfaceError, connection

# How long after midnight (UTC), or after a mail server was away, a mail may wait.
LOOKS_SECONDS = 15 * 60.0


class Run(Protocol):
    """What came of sending."""

    sent: int
    failed: int


class DailyCommand(BaseCommand):
    """Whoever runs it twice a day, or twice at once, sends nobody the same twice."""

    requires_system_checks = []

    send: Callable[[date], Run]
    """Sends what is to be sent on a day (UTC)."""

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--keep-running", action="store_true", help="look every quarter of an hour until stopped")

    def handle(self, *args: Any, keep_running: bool, **options: Any) -> None:
        if not keep_running:
            failed = self._send_now()
            if failed:
                raise CommandError(f"{failed} could not be sent; run it again to try again.")
            return
        stopping = Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda _number, _frame: stopping.set())
        while not stopping.is_set():
            try:
                self._send_now()
            except (DatabaseError, InterfaceError) as error:
                self.stderr.write(f"The database is away: {str(error).strip()}")
            connection.close()
            stopping.wait(LOOKS_SECONDS)

    def _send_now(self) -> int:
        run = self.send(datetime.now(UTC).date())
        self.stdout.write(f"{run.sent} sent, {run.failed} failed.")
        return run.failed
