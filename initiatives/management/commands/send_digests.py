"""manage.py send_digests: mails what became of what people follow, to those who want that once a day."""

from __future__ import annotations

import signal
from argparse import ArgumentParser
from datetime import UTC, datetime
from threading import Event
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import DatabaseError, InterfaceError, connection

from initiatives.digests import send_digests

# How long after midnight (UTC), or after a mail server was away, a digest may wait.
LOOKS_SECONDS = 15 * 60.0


class Command(BaseCommand):
    """Whoever runs it twice a day, or twice at once, sends nobody two digests."""

    help = "Mail the digests of today (UTC) that have not been mailed yet."
    requires_system_checks = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--keep-running", action="store_true", help="look every quarter of an hour until stopped")

    def handle(self, *args: Any, keep_running: bool, **options: Any) -> None:
        if not keep_running:
            failed = self._send()
            if failed:
                raise CommandError(f"{failed} could not be sent; run it again to try again.")
            return
        stopping = Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda _number, _frame: stopping.set())
        while not stopping.is_set():
            try:
                self._send()
            except (DatabaseError, InterfaceError) as error:
                self.stderr.write(f"The database is away: {str(error).strip()}")
            connection.close()
            stopping.wait(LOOKS_SECONDS)

    def _send(self) -> int:
        run = send_digests(datetime.now(UTC).date())
        self.stdout.write(f"{run.sent} sent, {run.failed} failed.")
        return run.failed
