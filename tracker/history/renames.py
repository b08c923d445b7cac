"""Tables and columns that migrations rename are renamed in history too, so that old revisions still read."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Self

from django.apps.registry import Apps
from django.db import transaction
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.migrations import Migration, operations
from django.db.migrations.state import ProjectState

from tracker.history.tracking import tracked

RENAMING = (
    operations.RenameField,
    operations.RenameModel,
    # These give another name where they change db_column or db_table.
    operations.AlterField,
    operations.AlterModelTable,
)


@dataclass(frozen=True)
class Rename:
    """What a table and some of its columns are called before and after."""

    old: str
    new: str
    columns: tuple[tuple[str, str], ...]

    def reversed(self) -> Self:
        return type(self)(self.new, self.old, tuple((new, old) for old, new in self.columns))


def renames(migration: Migration) -> bool:
    """Whether a migration may give a column or a table under version control another name."""
    is_tracked = any(each.model._meta.app_label == migration.app_label for each in tracked())
    return is_tracked and any(isinstance(each, RENAMING) for each in migration.operations)


def rename_in_history(
    connection: BaseDatabaseWrapper, migration: Migration, before: ProjectState, *, back: bool
) -> None:
    """Follow the renames of one migration that was applied, or taken ``back``, in the rows that history keeps."""
    found = list(_renames(migration, before))
    if back:
        found = [rename.reversed() for rename in reversed(found)]
    with transaction.atomic(using=connection.alias), connection.cursor() as cursor:
        for rename in found:
            _follow(cursor, rename)


def _renames(migration: Migration, before: ProjectState) -> Iterator[Rename]:
    state = before.clone()
    for operation in migration.operations:
        earlier: Apps = state.clone().apps
        operation.state_forwards(migration.app_label, state)
        if isinstance(operation, RENAMING):
            yield from _between(earlier, state.clone().apps, operation, migration.app_label)


def _between(earlier: Apps, later: Apps, operation: Any, app_label: str) -> Iterator[Rename]:
    """What one operation renames: also the tables of links, whose names and columns follow the models' and fields'."""
    for old in earlier.get_models():
        is_its_app = old._meta.app_label == app_label
        model_name, field_names = old._meta.model_name or "", {}
        if isinstance(operation, operations.RenameModel):
            is_renamed = is_its_app and model_name == operation.old_name_lower
            model_name = operation.new_name_lower if is_renamed else model_name
        if isinstance(operation, operations.RenameField) and is_its_app and model_name == operation.model_name_lower:
            field_names = {operation.old_name: operation.new_name}
        new = later.get_model(old._meta.app_label, model_name)
        fields = [
            (field, new._meta.get_field(field_names.get(field.name, field.name)))
            for field in (*old._meta.local_concrete_fields, *old._meta.local_many_to_many)
        ]
        yield from _differences(old, new, [pair for pair in fields if not pair[0].many_to_many])
        field: Any
        same: Any
        for field, same in fields:
            if field.many_to_many and field.remote_field.through._meta.auto_created:
                links, renamed = field.remote_field.through, same.remote_field.through
                columns = zip(links._meta.local_concrete_fields, renamed._meta.local_concrete_fields, strict=True)
                yield from _differences(links, renamed, list(columns))


def _differences(old: Any, new: Any, fields: list[tuple[Any, Any]]) -> Iterator[Rename]:
    columns = tuple((field.column, same.column) for field, same in fields if field.column != same.column)
    if columns or old._meta.db_table != new._meta.db_table:
        yield Rename(old._meta.db_table, new._meta.db_table, columns)


def _follow(cursor: Any, rename: Rename) -> None:
    for old, new in rename.columns:
        cursor.execute(
            "UPDATE public.history_change "
            "SET after = (after - %(old)s) || jsonb_build_object(%(new)s::text, after -> %(old)s) "
            "WHERE table_name = %(table)s AND after ? %(old)s",
            {"old": old, "new": new, "table": rename.old},
        )
    if rename.old != rename.new:
        for column in ("table_name", "owner_table"):
            cursor.execute(
                f"UPDATE public.history_change SET {column} = %s WHERE {column} = %s", [rename.new, rename.old]
            )
