"""Puts the tables under version control: a trigger on each, and a view that shows it as it was.

Runs after every migration (``manage.py migrate`` of this app), because views follow the tables' columns, and links
between records have tables that no model declares. Running it again changes nothing.
"""

from __future__ import annotations

from typing import Any

from django.db import models, transaction
from django.db.backends.base.base import BaseDatabaseWrapper
from psycopg import sql

from tracker.history.baseline import record_baseline
from tracker.history.publicity import is_public_now
from tracker.history.tracking import Tracked, tracked


@transaction.atomic
def install(connection: BaseDatabaseWrapper) -> None:
    """Bring triggers and views in line with the tables that there are."""
    with connection.cursor() as cursor:
        existing = set(connection.introspection.table_names(cursor))
        if not {"history_revision", "history_change"} <= existing:
            return
        tables = [each for each in tracked() if each.table in existing]
        for each in tables:
            _put_triggers(cursor, each)
            record_baseline(cursor, each)
        _replace_views(cursor, tables)


def _put_triggers(cursor: Any, each: Tracked) -> None:
    owner: sql.Composable = sql.SQL("")
    if each.owner:
        owner = sql.SQL("{}, {}").format(sql.Literal(each.owner.table), sql.Literal(each.owner.column))
    table = sql.Identifier("public", each.table)
    cursor.execute(
        sql.SQL(
            "CREATE OR REPLACE TRIGGER history_row AFTER INSERT OR UPDATE OR DELETE ON {table} "
            "FOR EACH ROW EXECUTE FUNCTION public.history_write({owner})"
        ).format(table=table, owner=owner)
    )
    cursor.execute(
        sql.SQL(
            "CREATE OR REPLACE TRIGGER history_truncate BEFORE TRUNCATE ON {table} "
            "EXECUTE FUNCTION public.history_refuse_truncate()"
        ).format(table=table)
    )


def _replace_views(cursor: Any, tables: list[Tracked]) -> None:
    cursor.execute("SELECT table_name FROM information_schema.views WHERE table_schema = 'asof'")
    for (name,) in cursor.fetchall():
        cursor.execute(sql.SQL("DROP VIEW {} CASCADE").format(sql.Identifier("asof", name)))
    for each in tables:
        cursor.execute(_view(cursor, each))


def _view(cursor: Any, each: Tracked) -> sql.Composed:
    """The table's rows at ``history.as_of``. A column that a row did not have yet shows what it is for new rows."""
    cursor.execute(
        "SELECT attname, format_type(atttypid, atttypmod), attnotnull FROM pg_attribute "
        "WHERE attrelid = %s::regclass AND attnum > 0 AND NOT attisdropped ORDER BY attnum",
        [f"public.{each.table}"],
    )
    columns = cursor.fetchall()
    fields = {field.column: field for field in each.model._meta.concrete_fields}
    shown = [
        sql.SQL("latest.object_id AS id") if name == "id" else _shown(name, kind, required, fields.get(name))
        for name, kind, required in columns
    ]
    declared = [sql.SQL("{} {}").format(sql.Identifier(name), sql.SQL(kind)) for name, kind, _required in columns]
    return sql.SQL(
        "CREATE VIEW {view} AS SELECT {shown} FROM ("
        "SELECT DISTINCT ON (change.object_id) change.object_id, change.after "
        "FROM public.history_change change JOIN public.history_revision revision ON revision.id = change.revision_id "
        "WHERE change.table_name = {name} AND revision.number <= current_setting('history.as_of')::bigint "
        "ORDER BY change.object_id, revision.number DESC, change.id DESC"
        ") latest CROSS JOIN LATERAL jsonb_to_record(latest.after) AS then_row({declared}) "
        "WHERE latest.after IS NOT NULL AND (current_setting('history.unrestricted', true) = 'on' OR {public})"
    ).format(
        view=sql.Identifier("asof", each.table),
        shown=sql.SQL(", ").join(shown),
        name=sql.Literal(each.table),
        declared=sql.SQL(", ").join(declared),
        # Asked of history rather than of the table, on which the view would then depend.
        public=is_public_now(each, sql.SQL("latest.object_id")),
    )


def _shown(name: str, kind: str, required: bool, field: Any) -> sql.Composable:
    column = sql.Identifier("then_row", name)
    default = _constant_default(field) if required and field is not None else None
    if default is None:
        return column
    return sql.SQL("COALESCE({}, {}::{}) AS {}").format(column, default, sql.SQL(kind), sql.Identifier(name))


def _constant_default(field: models.Field[Any, Any]) -> sql.Composable | None:
    if isinstance(field, (models.CharField, models.TextField)) and not field.has_default():
        return sql.Literal("") if field.blank else None
    if not field.has_default() or (callable(field.default) and field.default is not list):
        return None
    value = field.get_default()
    return sql.Literal("{}") if value == [] else sql.Literal(value)
