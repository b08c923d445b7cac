"""manage.py export_registry PATH: write all records in the format that load_registry reads."""

from __future__ import annotations

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand
from django.utils.translation import gettext as _

from initiatives.registry.exporter import export


class Command(BaseCommand):
    help = "Write all records to a folder, in the format that load_registry reads."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("path", type=Path, help="the folder to write to")

    def handle(self, *args: Any, path: Path, **options: Any) -> None:
        count = export(path)
        self.stdout.write(_("%(count)d records written to %(path)s.") % {"count": count, "path": path})
