"""What must be there before serving: the schema, the registry's records, a curator. It may be repeated."""

from typing import Any

from django.conf import settings
from django.contrib.auth.models import User
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError
from django.db import OperationalError, connection

from initiatives.models import Organization
from tracker.environment import kept_secret

CURATOR = "curator"
PASSWORD_LENGTH = 16


class Command(BaseCommand):
    help = "Migrate the database, load the registry the first time, and make the curator's account."
    requires_system_checks = []

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            connection.ensure_connection()
        except OperationalError as error:
            raise CommandError(f"The database cannot be reached: {error}") from None
        call_command("migrate", verbosity=0, interactive=False)
        if not Organization.objects.exists():
            self.stdout.write("Loading the registry …")
            self.stdout.flush()
            call_command("load_registry", verbosity=0)
        ensure_curator()


def curator_password() -> str:
    """The password that the environment sets, or else the generated one of this checkout."""
    return settings.ENVIRONMENT.curator_password or kept_secret(
        settings.LOCAL_DIR / "curator-password", PASSWORD_LENGTH
    )


def ensure_curator() -> None:
    """Make the curator if there is none. A password that the environment sets holds; one set in admin is left alone."""
    curator = User.objects.filter(username=CURATOR).first()
    if curator is None:
        User.objects.create_superuser(CURATOR, password=curator_password())
    elif settings.ENVIRONMENT.curator_password and not curator.check_password(curator_password()):
        curator.set_password(curator_password())
        curator.save(update_fields=["password"])


def known_password() -> str | None:
    """The curator's password, unless the curator has changed it since."""
    password = curator_password()
    return password if User.objects.get(username=CURATOR).check_password(password) else None
