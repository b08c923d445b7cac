"""Columns that migrations rename are renamed in history too, so that old revisions still read."""

from __future__ import annotations

from django.apps.registry import Apps
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.migrations import Migration, operations
from django.db.migrations.state import ProjectState


def renames(migration: Migration) -> bool:
    """Whether a migration gives a column or a table another name."""
    return any(isinstance(each, (operations.RenameField, operations.RenameModel)) for each in migration.operations)


def rename_in_history(
    connection: BaseDatabaseWrapper, migration: Migration, before: ProjectState, *, back: bool
) -> None:
    """Follow the renames of one migration that was applied, or taken ``back``, in the rows that history keeps."""
    state = before.clone()
    for operation in migration.operations:
        earlier: Apps = state.clone().apps
        operation.state_forwards(migration.app_label, state)
        if isinstance(operation, operations.RenameField):
            model = earlier.get_model(migration.app_label, operation.model_name)
            later = state.apps.get_model(migration.app_label, operation.model_name)
            old = model._meta.get_field(operation.old_name).column
            new = later._meta.get_field(operation.new_name).column
            _rename(connection, model._meta.db_table, *((new, old) if back else (old, new)))
        elif isinstance(operation, operations.RenameModel):
            old_table = earlier.get_model(migration.app_label, operation.old_name)._meta.db_table
            new_table = state.apps.get_model(migration.app_label, operation.new_name)._meta.db_table
            _rename_table(connection, *((new_table, old_table) if back else (old_table, new_table)))


def _rename(connection: BaseDatabaseWrapper, table: str, old: str, new: str) -> None:
    if old == new:
        return
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE public.history_change "
            "SET after = (after - %(old)s) || jsonb_build_object(%(new)s::text, after -> %(old)s) "
            "WHERE table_name = %(table)s AND after ? %(old)s",
            {"old": old, "new": new, "table": table},
        )


def _rename_table(connection: BaseDatabaseWrapper, old: str, new: str) -> None:
    with connection.cursor() as cursor:
        for column in ("table_name", "owner_table"):
            cursor.execute(f"UPDATE public.history_change SET {column} = %s WHERE {column} = %s", [new, old])
