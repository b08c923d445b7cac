"""manage.py deliver_webhooks: the process that sends subscribers what has changed."""

from __future__ import annotations

import signal
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from tracker.webhooks.dispatch import AWAY, Dispatcher

STOPPING = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)


class Command(BaseCommand):
    """Runs beside the web service, once or several times; more than one process deliver nothing twice."""

    help = "Send webhooks what has changed, until stopped by SIGTERM or Ctrl-C."
    requires_system_checks = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--once", action="store_true", help="stop when nothing is left to send for now")

    def handle(self, *args: Any, once: bool, **options: Any) -> None:
        dispatcher = Dispatcher()
        if once:
            try:
                dispatcher.run_once()
            except AWAY as error:
                raise CommandError(f"The database is away: {str(error).strip()}") from None
            return
        for number in STOPPING:
            # Whoever started the process with a signal ignored speaks for the terminal.
            if signal.getsignal(number) is not signal.SIG_IGN:
                signal.signal(number, lambda _number, _frame: dispatcher.stop())
        dispatcher.run()
