"""manage.py migrate, and then history follows: triggers, views, and the names of renamed columns."""

from __future__ import annotations

from typing import Any

from django.core.management.commands import migrate
from django.db import connections
from django.db.migrations import Migration
from django.db.migrations.loader import MigrationLoader

from tracker.history.install import install
from tracker.history.renames import rename_in_history, renames


class Command(migrate.Command):
    help = f"{migrate.Command.help} History follows the tables."

    def handle(self, *args: Any, **options: Any) -> None:
        self.connection = connections[options["database"]]
        super().handle(*args, **options)
        if not (options["plan"] or options["check_unapplied"]):
            install(self.connection)

    def migration_progress_callback(self, action: str, migration: Migration | None = None, fake: bool = False) -> None:
        super().migration_progress_callback(action, migration, fake)
        if migration is None or fake or action not in ("apply_success", "unapply_success"):
            return
        if renames(migration) and "history_change" in self.connection.introspection.table_names():
            loader = MigrationLoader(self.connection)
            before = loader.project_state((migration.app_label, migration.name), at_end=False)
            rename_in_history(self.connection, migration, before, back=action == "unapply_success")
