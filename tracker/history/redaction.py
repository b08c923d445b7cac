"""Removing a value from all of history, as a law or a person may require; the one thing that rewrites it.

(Besides migrations that rename columns.) A revision says that it was done and why; the value itself is gone.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from django.contrib.postgres.fields import ArrayField
from django.core.exceptions import FieldDoesNotExist
from django.db import connection, models, transaction
from django.utils import timezone
from django.utils.translation import gettext as _
from psycopg import sql

from tracker.api.fields import LANGUAGES
from tracker.api.models import IdempotencyKey
from tracker.history.attribution import Attribution, attributed

# Others find a row by these; they can be replaced, not removed.
KEPT = ("id", "slug")
REWRITE = """
WITH found AS (
    SELECT id, after -> {column} AS old, CASE
        WHEN jsonb_typeof(after -> {column}) = 'array' AND %(value)s::text IS NOT NULL THEN (
            SELECT coalesce(jsonb_agg(item), '[]') FROM jsonb_array_elements(after -> {column}) item
            WHERE item <> to_jsonb(%(value)s::text)
        )
        WHEN %(value)s::text IS NULL OR after ->> {column} = %(value)s THEN %(instead)s::jsonb
        ELSE after -> {column}
    END AS new
    FROM public.history_change WHERE table_name = %(table)s AND object_id = %(pk)s AND after ? {column}
)
UPDATE public.history_change change SET after = jsonb_set(change.after, ARRAY[{column}], found.new)
FROM found WHERE change.id = found.id AND found.old <> found.new RETURNING found.old::text
"""
REVISION_SO_FAR = "SELECT nullif(current_setting('history.revision', true), '')::bigint"
NEW_REVISION = """
INSERT INTO public.history_revision (actor, reason) VALUES (%s, %s)
RETURNING set_config('history.revision', id::text, true)::bigint
"""
MARK = """
INSERT INTO public.history_change (revision_id, table_name, object_id, owner_table, owner_id, action, after)
SELECT %s, last.table_name, last.object_id, last.owner_table, last.owner_id,
    CASE WHEN last.after IS NULL THEN 'delete' ELSE 'update' END, last.after
FROM public.history_change last WHERE last.table_name = %s AND last.object_id = %s ORDER BY last.id DESC LIMIT 1
"""


class CannotRedactError(ValueError):
    """The value cannot be removed as asked; the message says what would be right."""


def redact(
    *,
    model: Any,
    pk: int,
    field: str,
    reason: str,
    actor: str,
    value: str | None = None,
    instead: str | None = None,
    past_only: bool = False,
) -> int:
    """Remove what a row holds or held in a field: all of it, or one ``value``. How many versions were rewritten.

    The row as it is now is changed too, unless ``past_only``. Raises CannotRedactError, IntegrityError where the row
    cannot be without the value.
    """
    if value and value in reason:
        raise CannotRedactError(_("The reason is public and stays: do not repeat the value in it."))
    replacements = {column: _replacement(column, instead) for column in columns_of(model, field)}
    with transaction.atomic(), attributed(Attribution(actor=actor, reason=reason)):
        is_changed = not past_only and _clear(model, pk, replacements, value)
        removed = [old for column, new in replacements.items() for old in _rewrite(model, pk, column, value, new)]
        if removed and not is_changed:
            _mark(model, pk, actor, reason)
        if removed:
            _forget_answers(removed, value)
    return len(removed)


def columns_of(model: Any, field: str) -> list[Any]:
    """The columns behind a field of the API; `name.en` and `name_en` mean one language of a text."""
    name = field.replace(".", "_")
    names = [name] if _has(model, name) else [f"{name}_{language}" for language in LANGUAGES]
    if not all(_has(model, each) for each in names):
        known = sorted({f.name for f in model._meta.concrete_fields})
        message = _("There is no field “%(field)s”. There are: %(fields)s.")
        raise CannotRedactError(message % {"field": field, "fields": ", ".join(known)})
    return [model._meta.get_field(each) for each in names]


def _has(model: Any, name: str) -> bool:
    try:
        field = model._meta.get_field(name)
    except FieldDoesNotExist:
        return False
    return isinstance(field, models.Field) and field.concrete and not field.many_to_many


def _replacement(column: Any, instead: str | None) -> Any:
    """What stands in the place of the value: nothing, or the text that was given."""
    is_text = isinstance(column, (models.CharField, models.TextField))
    if instead is not None:
        if not is_text:
            raise CannotRedactError(_("“%(field)s” is no text, which could be replaced.") % {"field": column.name})
        return column.clean(instead, None)
    if column.generated:
        message = _("“%(field)s” is computed: redact what it is computed from.")
        raise CannotRedactError(message % {"field": column.name})
    if column.name not in KEPT:
        if column.null:
            return None
        if is_text and column.blank:
            return ""
        if isinstance(column, ArrayField):
            return []
    raise CannotRedactError(_("“%(field)s” cannot be empty; say what to replace it with.") % {"field": column.name})


def _clear(model: Any, pk: int, replacements: dict[Any, Any], value: str | None) -> bool:
    row = model._base_manager.select_for_update().filter(pk=pk).first()
    if row is None:
        return False
    changed = {}
    for column, new in replacements.items():
        old = getattr(row, column.attname)
        wanted = _without(old, value, new)
        if wanted != old:
            changed[column.attname] = wanted
    if changed:
        times = {f.attname: timezone.now() for f in model._meta.concrete_fields if getattr(f, "auto_now", False)}
        model._base_manager.filter(pk=pk).update(**changed, **times)
    return bool(changed)


def _without(old: Any, value: str | None, new: Any) -> Any:
    if value is None:
        return new
    if isinstance(old, list):
        return [item for item in old if str(item) != value]
    return new if str(old) == value else old


def _rewrite(model: Any, pk: int, column: Any, value: str | None, new: Any) -> list[Any]:
    """Rewrite the row's versions; what they held."""
    query = sql.SQL(REWRITE).format(column=sql.Literal(column.column))
    parameters = {"table": model._meta.db_table, "pk": pk, "value": value, "instead": json.dumps(new)}
    with connection.cursor() as cursor:
        cursor.execute(query, parameters)
        return [json.loads(old) for (old,) in cursor.fetchall()]


def _mark(model: Any, pk: int, actor: str, reason: str) -> None:
    """Leave a revision of which nothing but the reason is new."""
    with connection.cursor() as cursor:
        cursor.execute(REVISION_SO_FAR)
        (revision,) = cursor.fetchone()
        if revision is None:
            cursor.execute(NEW_REVISION, [actor, reason])
            (revision,) = cursor.fetchone()
        cursor.execute(MARK, [revision, model._meta.db_table, pk])


def _forget_answers(removed: Iterable[Any], value: str | None) -> None:
    """Answers are kept for those who repeat a request; those that hold the value are as if they had held a secret."""
    items = [item for old in removed for item in (old if isinstance(old, list) else [old])]
    for text in {value} if value else {item for item in items if isinstance(item, str) and item}:
        IdempotencyKey.objects.filter(body__contains=json.dumps(text)[1:-1]).update(body=None)
