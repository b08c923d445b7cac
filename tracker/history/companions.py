"""How one row's visibility carries others: what comes and goes with it, and what must not name it meanwhile."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from typing import Any, NamedTuple

from django.contrib.contenttypes.fields import GenericForeignKey
from django.contrib.contenttypes.models import ContentType
from django.db import connection
from psycopg import sql

from tracker.history.change_log import Place, Row, RowChange
from tracker.history.publicity import OWNER, is_restricted
from tracker.history.readers import public_now
from tracker.history.tracking import Tracked, tracked, tracked_table


class Edge(NamedTuple):
    """A column by which rows of one table name rows of another, or of any (``target`` is then empty)."""

    table: str
    column: str
    target: str
    type_column: str = ""


def hides_or_shows(change: RowChange) -> bool:
    """Whether the change may hide or show other rows than its own: something is not as it was that these depend on."""
    each = tracked_table(change.place.table)
    if each is None or not is_restricted(each) or change.before is None or change.after is None:
        return False
    return any(change.before.get(column) != change.after.get(column) for column in _decisive(each))


@cache
def _decisive(each: Tracked) -> frozenset[str]:
    """The columns on which it depends who sees a row."""
    columns = {*each.public_when, *(reference.column for reference in each.depends_on)}
    return frozenset(columns | {ref.table[1:] for ref in each.depends_on if ref.table.startswith(OWNER)})


def becomes_visible_with(changes: Iterable[RowChange]) -> dict[Place, None]:
    """The rows that come and go with those that were changed, as things are now, and those that name any of them.

    As they are now will do: whatever has moved since then tells of it at its own revision.
    """
    found: dict[Place, None] = {}
    by_revision: dict[int, set[tuple[str, int]]] = defaultdict(set)
    for change in changes:
        by_revision[change.place.number].add((change.place.table, change.place.object_id))
    for number, roots in by_revision.items():
        carried = _closure(roots)
        naming = {row for edge in naming_edges() for row in _rows_naming(edge, carried)}
        for table, pk in [*(carried - roots), *(naming - carried)]:
            found[Place(number, table, pk)] = None
    return found


def _closure(roots: set[tuple[str, int]]) -> set[tuple[str, int]]:
    found, fresh = set(roots), set(roots)
    while fresh:
        fresh = {row for edge in carrying_edges() for row in _rows_naming(edge, fresh)} - found
        found |= fresh
    return found


@cache
def carrying_edges() -> tuple[Edge, ...]:
    """The references without whose target the public does not see a row."""
    found = []
    for each in tracked():
        for reference in each.depends_on:
            if reference.table.startswith(OWNER):
                found.append(Edge(each.table, reference.column, "", reference.table[1:]))
            else:
                found.append(Edge(each.table, reference.column, reference.table))
    return tuple(edge for edge in found if not edge.target or _hides(edge.target))


@cache
def naming_edges() -> tuple[Edge, ...]:
    """All other references to what may be hidden."""
    carrying = {(edge.table, edge.column) for edge in carrying_edges()}
    return tuple(edge for each in tracked() for edge in _references(each) if edge[:2] not in carrying)


def _references(each: Tracked) -> Iterator[Edge]:
    model: Any = each.model
    for field in model._meta.concrete_fields:
        if field.many_to_one and _hides(field.related_model._meta.db_table):
            yield Edge(each.table, field.column, field.related_model._meta.db_table)
    for field in model._meta.private_fields:
        if isinstance(field, GenericForeignKey):
            columns = [model._meta.get_field(name).column for name in (field.fk_field, field.ct_field)]
            yield Edge(each.table, columns[0], "", columns[1])


def _hides(table: str) -> bool:
    each = tracked_table(table)
    return each is not None and is_restricted(each)


def _rows_naming(edge: Edge, targets: set[tuple[str, int]]) -> set[tuple[str, int]]:
    by_table: dict[str, list[int]] = defaultdict(list)
    for table, pk in targets:
        if edge.target in ("", table):
            by_table[table].append(pk)
    return {
        (edge.table, pk)
        for table, pks in by_table.items()
        if not (edge.type_column and _is_link(table))
        for pk in _ids_naming(edge, table, pks)
    }


def _is_link(table: str) -> bool:
    """Whether a table holds nothing but links; such have no content type, so that nothing can name them."""
    each = tracked_table(table)
    return each is None or bool(each.model._meta.auto_created)


def _ids_naming(edge: Edge, table: str, pks: list[int]) -> list[int]:
    query = sql.SQL("SELECT id FROM {table} WHERE {column} = ANY(%s)").format(
        table=sql.Identifier("public", edge.table), column=sql.Identifier(edge.column)
    )
    parameters: list[Any] = [pks]
    if edge.type_column:
        query += sql.SQL(" AND {} = %s").format(sql.Identifier(edge.type_column))
        parameters.append(_type_id(table))
    with connection.cursor() as cursor:
        cursor.execute(query, parameters)
        return [pk for (pk,) in cursor.fetchall()]


def _type_id(table: str) -> int:
    each = tracked_table(table)
    return ContentType.objects.get_for_model(each.model).pk if each else 0


def mask(rows: Mapping[Place, Row]) -> dict[Place, Row]:
    """The rows, with null where they name what the public does not see now."""
    named = {place: dict(_named(place, row)) for place, row in rows.items()}
    known = public_now(target for targets in named.values() for target in targets.values())
    found = {}
    for place, row in rows.items():
        hidden = {column for edge, target in named[place].items() if target not in known for column in _columns(edge)}
        found[place] = {column: None if column in hidden else value for column, value in row.items()}
    return found


def _columns(edge: Edge) -> tuple[str, ...]:
    return (edge.column, edge.type_column) if edge.type_column else (edge.column,)


def _named(place: Place, row: Row) -> Iterator[tuple[Edge, Place]]:
    for edge in naming_edges():
        pk = row.get(edge.column) if edge.table == place.table else None
        table = edge.target or (_table_of_type(row.get(edge.type_column)) if pk is not None else "")
        if pk is not None and table:
            yield edge, Place(0, table, pk)


def _table_of_type(type_id: int | None) -> str:
    model = ContentType.objects.get_for_id(type_id).model_class() if type_id is not None else None
    table = model._meta.db_table if model is not None else ""
    return table if _hides(table) else ""
