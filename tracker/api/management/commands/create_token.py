"""Make an API token and print it, once."""

from argparse import ArgumentParser
from datetime import timedelta
from typing import Any

from django.contrib.auth import get_user_model
from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from tracker.api.models import Token

LONGEST_LIFE = 36_500


class Command(BaseCommand):
    """`create_token --user NAME --name PURPOSE [--scopes SCOPE …] [--expires-in DAYS]`."""

    help = "Makes an API token for a user and prints it. It is stored as a digest and cannot be shown again."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare the options."""
        parser.add_argument("--user", required=True, help="name of the user whom the token acts for")
        parser.add_argument("--name", required=True, help="what the token is for")
        parser.add_argument("--scopes", nargs="+", default=["*"], help="* (default) or e.g. initiatives:read")
        parser.add_argument("--expires-in", type=int, metavar="DAYS", help="days until it expires (default: never)")

    def handle(self, *args: Any, **options: Any) -> None:
        """Print the token on standard output, and nothing else there, so that scripts can take it."""
        users = get_user_model()
        try:
            user = users._default_manager.get_by_natural_key(options["user"])
        except users.DoesNotExist as exc:
            raise CommandError(f"There is no user “{options['user']}”.") from exc
        days = options["expires_in"]
        if days is not None and not 1 <= days <= LONGEST_LIFE:
            raise CommandError(f"--expires-in is a number of days from 1 to {LONGEST_LIFE}.")
        expires_at = timezone.now() + timedelta(days=days) if days else None
        try:
            token, plaintext = Token.issue(
                user=user, name=options["name"], scopes=options["scopes"], expires_at=expires_at
            )
        except ValidationError as exc:
            raise CommandError(" ".join(exc.messages)) from exc
        self.stderr.write(f"Token “{token.name}” for {user}. Keep it now; it is not shown again.")
        self.stdout.write(plaintext)
