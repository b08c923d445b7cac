"""Brings into history what no trigger sees: rows from before version control, and values that migrations put in."""

from __future__ import annotations

from typing import Any

from psycopg import sql

from tracker.history.tracking import Tracked

BASELINE = "The state in which the migrations left the registry."

COLUMNS = """
SELECT attname, format_type(atttypid, atttypmod) FROM pg_attribute
WHERE attrelid = to_regclass(%s) AND attnum > 0 AND NOT attisdropped ORDER BY attname
"""
# Columns that are gone, and new ones that are null, are no news: old rows read the same without.
UNRECORDED = sql.SQL("""
FROM {row} found LEFT JOIN LATERAL (
    SELECT last.after FROM public.history_change last
    WHERE last.table_name = {name} AND last.object_id = found.id ORDER BY last.id DESC LIMIT 1
) known ON true
WHERE known.after IS NULL OR known.after || jsonb_strip_nulls(to_jsonb(found)) IS DISTINCT FROM known.after
""")
RECORD = sql.SQL("""
INSERT INTO public.history_change (revision_id, table_name, object_id, owner_table, owner_id, action, after)
SELECT {revision}, {name}, found.id, {owner_table}, {owner_id},
    CASE WHEN known.after IS NULL THEN 'create' ELSE 'update' END, to_jsonb(found)
{unrecorded} ORDER BY found.id
""")


def record_baseline(cursor: Any, each: Tracked) -> None:
    """Record the table's rows as they are where history knows them otherwise; all tables' in one revision."""
    if _columns(cursor, f'asof."{each.table}"') == _columns(cursor, f'public."{each.table}"'):
        return
    name = sql.Literal(each.table)
    unrecorded = UNRECORDED.format(row=sql.Identifier("public", each.table), name=name)
    cursor.execute(sql.SQL("SELECT EXISTS (SELECT {})").format(unrecorded))
    if not cursor.fetchone()[0]:
        return
    cursor.execute(
        RECORD.format(
            revision=sql.Literal(_revision(cursor)),
            name=name,
            owner_table=_owner_table(each),
            owner_id=sql.Identifier("found", each.owner.column) if each.owner else sql.SQL("NULL::bigint"),
            unrecorded=unrecorded,
        )
    )


def _columns(cursor: Any, relation: str) -> list[Any]:
    """The names and types of a relation's columns; none where it does not exist."""
    cursor.execute(COLUMNS, [relation])
    return list(cursor.fetchall())


def _revision(cursor: Any) -> int:
    """The revision of this transaction, made if there is none yet."""
    cursor.execute("SELECT nullif(current_setting('history.revision', true), '')::bigint")
    found = cursor.fetchone()[0]
    if found is None:
        cursor.execute(
            "INSERT INTO public.history_revision (actor, reason) VALUES ('migrate', %s) RETURNING id", [BASELINE]
        )
        found = cursor.fetchone()[0]
        cursor.execute("SELECT set_config('history.revision', %s, true)", [str(found)])
    return int(found)


def _owner_table(each: Tracked) -> sql.Composable:
    if each.owner is None:
        return sql.Literal("")
    if not each.owner.table.startswith("@"):
        return sql.Literal(each.owner.table)
    return sql.SQL("(SELECT app_label || '_' || model FROM public.django_content_type type WHERE type.id = {})").format(
        sql.Identifier("found", each.owner.table[1:])
    )
