"""manage.py load_registry [PATH]: load registry files, all or nothing."""

from __future__ import annotations

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.utils.translation import gettext as _

from initiatives.registry.files import CURATED, BrokenRegistryError
from initiatives.registry.loader import load
from tracker.history.attribution import Attribution, attributed


class Command(BaseCommand):
    help = "Load registry files: validates all of them first, reports every error, then loads in one transaction."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("path", nargs="?", type=Path, default=CURATED, help="a folder of .yaml files, or of such")

    def handle(self, *args: Any, path: Path, **options: Any) -> None:
        reason = _("Loaded from %(path)s") % {"path": _told(path)}
        try:
            with attributed(Attribution(actor="load_registry", reason=reason)):
                loaded = load(path)
        except BrokenRegistryError as broken:
            summary = _("Nothing was loaded: %(count)d errors.") % {"count": len(broken.errors)}
            raise CommandError(f"{broken}\n{summary}") from broken
        self.stdout.write(
            _("%(created)d records created, %(changed)d changed, %(unchanged)d as they should be.") % vars(loaded)
        )


def _told(path: Path) -> Path:
    """What everybody may know of where the files lay: their place in the checkout, or the last of their folders."""
    whole = path.resolve()
    return whole.relative_to(settings.BASE_DIR) if whole.is_relative_to(settings.BASE_DIR) else Path(whole.name)
