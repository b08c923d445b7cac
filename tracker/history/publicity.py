"""Whether the public sees a row, in SQL that asks history alone: so the present decides who may see the past.

A model says which values its rows have while they are public (``public_when``), and which rows must be public with
them (``public_with``, names of foreign keys); what a row is a part of must be so always.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache

from psycopg import sql

from tracker.history.tracking import Reference, Tracked, Values, tracked, tracked_table

OWNER = "@"


@dataclass(frozen=True)
class Now:
    """The last version of a row."""

    def versions(self, each: Tracked, row: sql.Composable) -> sql.Composable:
        return sql.SQL(
            "SELECT last.after, last.owner_table, last.owner_id FROM public.history_change last "
            "WHERE last.table_name = {name} AND last.object_id = {row} ORDER BY last.id DESC LIMIT 1"
        ).format(name=sql.Literal(each.table), row=row)

    def holds(self, each: Tracked, row: sql.Composable) -> sql.Composable:
        """The condition for a row that another one depends on."""
        return _is_public(each, row, self)


@dataclass(frozen=True)
class Then:
    """The version of a row at a revision. What it depended on then must be public to this day."""

    number: sql.Composable

    def versions(self, each: Tracked, row: sql.Composable) -> sql.Composable:
        return sql.SQL(
            "SELECT last.after, last.owner_table, last.owner_id FROM public.history_change last "
            "JOIN public.history_revision moment ON moment.id = last.revision_id "
            "WHERE last.table_name = {name} AND last.object_id = {row} AND moment.number <= {number} "
            "ORDER BY last.id DESC LIMIT 1"
        ).format(name=sql.Literal(each.table), row=row, number=self.number)

    def of_owner(self) -> Moment:
        return self

    def holds(self, each: Tracked, row: sql.Composable) -> sql.Composable:
        return sql.SQL("({} AND {})").format(_is_public(each, row, self), _is_public(each, row, Now()))


@dataclass(frozen=True)
class Ever:
    """Every version of a row that lived between two revisions, the second not among them."""

    since: sql.Composable
    until: sql.Composable

    def versions(self, each: Tracked, row: sql.Composable) -> sql.Composable:
        return sql.SQL(
            "SELECT lived.* FROM (SELECT one.after, one.owner_table, one.owner_id, "
            "greatest(moment.number, {since}) AS since, "
            "least(lead(moment.number) OVER (ORDER BY one.id), {until}) AS until "
            "FROM public.history_change one JOIN public.history_revision moment ON moment.id = one.revision_id "
            "WHERE one.table_name = {name} AND one.object_id = {row} AND moment.number < {until}"
            ") lived WHERE lived.since < lived.until"
        ).format(name=sql.Literal(each.table), row=row, since=self.since, until=self.until)

    def of_owner(self) -> Moment:
        """The versions of another row while a version of this one lived."""
        return Ever(sql.SQL("version.since"), sql.SQL("version.until"))

    def holds(self, each: Tracked, row: sql.Composable) -> sql.Composable:
        return _is_public(each, row, Ever(sql.SQL("version.since"), sql.SQL("version.until")))


Moment = Now | Then | Ever


def is_public_now(each: Tracked, row: sql.Composable) -> sql.Composable:
    """The condition that the table's row with this id is there and public, and so is all that it depends on."""
    return _is_public(each, row, Now())


def was_public_at(each: Tracked, row: sql.Composable, number: sql.Composable) -> sql.Composable:
    """The same of the row as a revision left it, which says nothing of what has become of the row itself since."""
    return _is_public(each, row, Then(number))


def was_public_before(each: Tracked, row: sql.Composable, number: sql.Composable) -> sql.Composable:
    """The condition that the public saw the row for a while before a revision."""
    return _is_public(each, row, Ever(sql.SQL("0"), number))


def _is_public(each: Tracked, row: sql.Composable, moment: Moment) -> sql.Composable:
    conditions: list[sql.Composable] = [_has(each.public_when)]
    for reference in each.depends_on:
        if reference.table.startswith(OWNER):
            conditions.append(_any_owner_is_public(moment))
        elif (other := tracked_table(reference.table)) is not None and is_restricted(other):
            depends_on = sql.SQL("(version.after ->> {})::bigint").format(sql.Literal(reference.column))
            conditions.append(sql.SQL("({0} IS NULL OR {1})").format(depends_on, moment.holds(other, depends_on)))
        if reference == each.owner and each.public_within:
            conditions.append(_owner_has(each, moment))
    return sql.SQL("EXISTS (SELECT FROM ({versions}) version WHERE {conditions})").format(
        versions=moment.versions(each, row), conditions=sql.SQL(" AND ").join(conditions)
    )


def _has(values: Values) -> sql.Composable:
    """The condition that a version is there and has these values, and of each tuple of values one."""
    conditions: list[sql.Composable] = [sql.SQL("version.after IS NOT NULL")]
    for column, given in values.items():
        cases = [json.dumps({column: value}) for value in (given if isinstance(given, tuple) else (given,))]
        conditions.append(
            sql.SQL("({})").format(
                sql.SQL(" OR ").join(sql.SQL("version.after @> {}").format(sql.Literal(case)) for case in cases)
            )
        )
    return sql.SQL(" AND ").join(conditions)


def _owner_has(each: Tracked, moment: Moment) -> sql.Composable:
    """The condition that what the row is a part of has the values that it must have now, and had them then."""
    owner = tracked_table(each.owner.table) if each.owner else None
    if owner is None:
        return sql.SQL("false")
    pk = sql.SQL("(version.after ->> {})::bigint").format(sql.Literal(each.owner_column))
    moments = (moment,) if isinstance(moment, Now) else (moment.of_owner(), Now())
    return sql.SQL(" AND ").join(
        sql.SQL("EXISTS (SELECT FROM ({versions}) version WHERE {has})").format(
            versions=one.versions(owner, pk), has=_has(each.public_within)
        )
        for one in moments
    )


def _any_owner_is_public(moment: Moment) -> sql.Composable:
    """The condition for a row that may be a part of any record."""
    owners = [each for each in tracked() if is_restricted(each)]
    cases = [
        sql.SQL("WHEN {} THEN {}").format(sql.Literal(owner.table), moment.holds(owner, sql.SQL("version.owner_id")))
        for owner in owners
    ]
    if not cases:
        return sql.SQL("true")
    return sql.SQL("CASE version.owner_table {} ELSE true END").format(sql.SQL(" ").join(cases))


@cache
def is_restricted(each: Tracked) -> bool:
    """Whether some of the table's rows may be there and yet hidden."""
    return bool(each.public_when or each.public_within) or any(_may_hide(reference) for reference in each.depends_on)


def _may_hide(reference: Reference) -> bool:
    other = tracked_table(reference.table)
    return other is not None and is_restricted(other)
