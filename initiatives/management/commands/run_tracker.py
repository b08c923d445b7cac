"""`make run`: everything from nothing to a served registry, in one process, with the delivery of webhooks beside."""

import sys
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError
from django.db import connections

from initiatives.management.commands.prepare import CURATOR, known_password
from tracker.ops.companion import Companion
from tracker.ops.serving import chosen_port, serve


class Command(BaseCommand):
    help = "Prepare the database and the registry, print where they are served, and serve until Ctrl-C."
    requires_system_checks = []

    def handle(self, *args: Any, **options: Any) -> None:
        port = chosen_port()
        self._say("Starting …")
        try:
            call_command("prepare", stdout=self.stdout)
            password = known_password() or "(the one that you have set)"
        except KeyboardInterrupt:
            raise CommandError("Stopped before everything was ready; the next `make run` goes on.") from None
        # The workers are forked: a connection of this process is not theirs to use.
        connections.close_all()
        deliveries = Companion([sys.executable, str(settings.BASE_DIR / "manage.py"), "deliver_webhooks"])
        serve(port, lambda: self._welcome(f"http://localhost:{port}", password), deliveries)

    def _welcome(self, site: str, password: str) -> None:
        self._say(
            "\n"
            f"  The registry    {site}/\n"
            f"  JSON            {site}/api/v1/\n"
            f"  Documentation   {site}/api/docs/\n"
            f"  Curators' desk  {site}/admin/\n"
            f"  Name            {CURATOR}\n"
            f"  Password        {password}\n"
            "\n"
            "  Ctrl-C stops the service and its database; the data stay.\n"
        )

    def _say(self, text: str) -> None:
        self.stdout.write(text)
        self.stdout.flush()
