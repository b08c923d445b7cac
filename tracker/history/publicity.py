"""Whether the public sees a row now, in SQL that asks history alone: so the present decides who may see the past.

A model says which values its rows have while they are public (``public_when``), and which rows must be public with
them (``public_with``, names of foreign keys); what a row is a part of must be so always.
"""

from __future__ import annotations

import json

from psycopg import sql

from tracker.history.tracking import Tracked, tracked, tracked_table


def is_public_now(each: Tracked, row: sql.Composable) -> sql.Composable:
    """The condition that the table's row with this id is there and public, and so is all that it depends on."""
    conditions: list[sql.Composable] = [
        sql.SQL("present.after @> {}").format(sql.Literal(json.dumps(each.public_when)))
    ]
    for reference in each.depends_on:
        if reference.table.startswith("@"):
            conditions.append(_any_owner_is_public_now())
        elif (other := tracked_table(reference.table)) is not None and _is_restricted(other):
            depends_on = sql.SQL("(present.after ->> {})::bigint").format(sql.Literal(reference.column))
            conditions.append(sql.SQL("({0} IS NULL OR {1})").format(depends_on, is_public_now(other, depends_on)))
    return sql.SQL(
        "EXISTS (SELECT FROM (SELECT last.after, last.owner_table, last.owner_id FROM public.history_change last "
        "WHERE last.table_name = {name} AND last.object_id = {row} ORDER BY last.id DESC LIMIT 1) present "
        "WHERE {conditions})"
    ).format(name=sql.Literal(each.table), row=row, conditions=sql.SQL(" AND ").join(conditions))


def _is_restricted(each: Tracked) -> bool:
    """Whether some of the table's rows may be there and yet hidden."""
    if each.public_when:
        return True
    return any(
        other is not None and _is_restricted(other)
        for other in (tracked_table(dependence.table) for dependence in each.depends_on)
    )


def _any_owner_is_public_now() -> sql.Composable:
    """The condition for a row that may be a part of any record."""
    owners = [each for each in tracked() if _is_restricted(each)]
    cases = [
        sql.SQL("WHEN {} THEN {}").format(sql.Literal(owner.table), is_public_now(owner, sql.SQL("present.owner_id")))
        for owner in owners
    ]
    if not cases:
        return sql.SQL("true")
    return sql.SQL("CASE present.owner_table {} ELSE true END").format(sql.SQL(" ").join(cases))
