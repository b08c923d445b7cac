"""`make run`: everything from nothing to a served registry, in one process that stops all of it with Ctrl-C."""

from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.contrib.auth.models import User
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError
from django.db import OperationalError, connection, connections

from initiatives.models import Organization
from tracker.environment import kept_secret
from tracker.ops.serving import ADDRESS, chosen_port, serve

CURATOR = "curator"
PASSWORD_LENGTH = 16


class Command(BaseCommand):
    help = "Prepare the database, load the registry the first time, and serve until Ctrl-C."
    requires_system_checks = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--no-serve", action="store_true", help="prepare everything, then stop")

    def handle(self, *args: Any, **options: Any) -> None:
        port = chosen_port()
        try:
            password = self._prepare()
        except KeyboardInterrupt:
            raise CommandError("Stopped before everything was ready; `make run` begins where this ended.") from None
        # The workers are forked: a connection of this process is not theirs to use.
        connections.close_all()
        if not options["no_serve"]:
            serve(port, lambda: self._welcome(port, password))

    def _prepare(self) -> str:
        self._say("Starting the database …")
        try:
            connection.ensure_connection()
        except OperationalError as error:
            raise CommandError(f"The database cannot be reached: {error}") from None
        call_command("migrate", verbosity=0, interactive=False)
        if not Organization.objects.exists():
            self._say("Loading the registry …")
            call_command("load_registry", verbosity=0)
        return ensure_curator()

    def _welcome(self, port: int, password: str) -> None:
        site = f"http://{'localhost' if ADDRESS == '127.0.0.1' else ADDRESS}:{port}"
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


def ensure_curator() -> str:
    """Make the curator if there is none; return the password, or where it is when the curator has changed it."""
    chosen = settings.ENVIRONMENT.curator_password
    password = chosen or kept_secret(settings.LOCAL_DIR / "curator-password", PASSWORD_LENGTH)
    curator = User.objects.filter(username=CURATOR).first()
    if curator is None:
        User.objects.create_superuser(CURATOR, password=password)
    elif not curator.check_password(password):
        if not chosen:
            return "(the one that you have set)"
        curator.set_password(password)
        curator.save(update_fields=["password"])
    return password
