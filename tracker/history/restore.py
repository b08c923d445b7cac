"""Restoring a record: it becomes what it was at a revision, which is a new revision like any other write."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from typing import Any

from django.contrib.contenttypes.fields import GenericForeignKey
from django.contrib.contenttypes.models import ContentType
from django.core.exceptions import PermissionDenied
from django.db import IntegrityError, connection, models, transaction
from django.db.models import ProtectedError, RestrictedError
from django.utils import timezone
from django.utils.translation import gettext as _

from tracker.api.database_errors import problem_from_database, problem_from_referrers
from tracker.api.deletion import delete
from tracker.api.problem_types import Conflict, Problem, pointer, summary
from tracker.history.change_log import Place, versions_at
from tracker.history.time_travel import UnknownMomentError, as_of, revision_at
from tracker.history.tracking import tracked, tracked_table

# A record, its parts, and their parts.
LEVELS = 3
# Rows by model and id, those that others belong to first.
Rows = dict[tuple[Any, int], Any]


@transaction.atomic
def restore(*, model: Any, pk: int, number: int, by: Any = None) -> Any:
    """Make the record, with its parts, links and citations, what it was at a revision, and return it.

    What is a part of it now, or was one then, becomes what it was then: changed, brought back under its old id, gone,
    or a part of another record again. ``by`` needs the permissions that writing these rows one by one would need;
    None may do all.

    Raises Problem (a Conflict where something else stands in the way), PermissionDenied.
    """
    model._base_manager.select_for_update().filter(pk=pk).first()
    now = _whole(model, pk)
    then = _as_they_were(model, pk, number, now)
    if (model, pk) not in then:
        raise _refusal(_("The record did not exist at revision %(number)d.") % {"number": number})
    gone = [row for key, row in now.items() if key not in then]
    written = [key for key in then if key not in now or _differs(now[key], then[key])]
    if gone or written:
        if (model, pk) not in written:
            # Its parts are its own: it is newer than it was.
            written.insert(0, (model, pk))
        _check_permissions(by, now, gone, written)
        _refuse_missing([then[key] for key in written], then)
        _write(gone, [then[key] for key in written])
    return model._base_manager.get(pk=pk)


def _whole(model: Any, pk: int) -> Rows:
    """The record and all that is a part of it, as the connection sees the registry at the moment."""
    found: Rows = {(model, row.pk): row for row in model._base_manager.filter(pk=pk)}
    level = {model: {pk}} if found else {}
    for _level in range(1, LEVELS):
        below: dict[Any, set[int]] = defaultdict(set)
        for row in _parts(level):
            if (type(row), row.pk) not in found:
                found[type(row), row.pk] = row
                below[type(row)].add(row.pk)
        level = below
    return found


def _parts(owners: dict[Any, set[int]]) -> Iterator[Any]:
    for each in tracked():
        if each.owner is None:
            continue
        for model, pks in owners.items():
            # Links have no content type, and nothing but their ends.
            if each.owner.table.startswith("@") and not model._meta.auto_created:
                wanted = {each.owner.table[1:]: ContentType.objects.get_for_model(model).pk}
            elif each.owner.table == model._meta.db_table:
                wanted = {}
            else:
                continue
            rows: Any = each.model._base_manager
            yield from rows.filter(**wanted, **{f"{each.owner.column}__in": pks}).order_by("pk")


def _as_they_were(model: Any, pk: int, number: int, now: Rows) -> Rows:
    """All that was the record at the revision, and what is by now but was something else then."""
    try:
        revision_at(str(number))
    except UnknownMomentError as error:
        raise _refusal(str(error)) from error
    with as_of(number, unrestricted=True):
        then = _whole(model, pk)
        elsewhere: dict[Any, list[int]] = defaultdict(list)
        for other, other_pk in now:
            if (other, other_pk) not in then:
                elsewhere[other].append(other_pk)
        for other, pks in elsewhere.items():
            then |= {(other, row.pk): row for row in other._base_manager.filter(pk__in=pks)}
    # What came from another record since may not be counted among the parts now.
    for other in {key[0] for key in then}:
        missing = [key[1] for key in then if key[0] is other and key not in now]
        now |= {(other, row.pk): row for row in other._base_manager.filter(pk__in=missing)}
    return then


def _refusal(detail: str) -> Problem:
    return Problem(detail, "invalid", errors=[{"pointer": pointer(("revision",)), "code": "invalid", "detail": detail}])


def _columns(row: Any) -> list[Any]:
    """The columns that somebody writes; the database computes others, and times are of each write itself."""
    return [f for f in row._meta.concrete_fields if not f.generated and not getattr(f, "auto_now", False)]


def _differs(one: Any, other: Any) -> bool:
    return any(getattr(one, field.attname) != getattr(other, field.attname) for field in _columns(one))


def _check_permissions(by: Any, now: Rows, gone: list[Any], written: list[tuple[Any, int]]) -> None:
    needed = {("delete", type(row)) for row in gone}
    needed |= {("change" if key in now else "add", key[0]) for key in written}
    for verb, model in sorted(needed, key=lambda each: (each[0], each[1]._meta.label)):
        permission = f"{model._meta.app_label}.{verb}_{model._meta.model_name}"
        # Links have no permissions of their own.
        if by is not None and not model._meta.auto_created and not by.has_perm(permission):
            raise PermissionDenied(_("You lack the permission “%(permission)s”.") % {"permission": permission})


def _refuse_missing(rows: Iterable[Any], then: Rows) -> None:
    """Refuse to bring back a row that refers to what has been deleted since, and name that."""
    wanted: dict[Any, set[int]] = defaultdict(set)
    for row in rows:
        for model, pk in _references(row):
            if (model, pk) not in then:
                wanted[model].add(pk)
    missing = [
        (model, pk)
        for model, pks in wanted.items()
        for pk in sorted(pks - set(model._base_manager.filter(pk__in=pks).values_list("pk", flat=True)))
    ]
    if missing:
        message = _("The record then referred to “%(name)s”, which has been deleted since. Restore that first.")
        errors = [
            {"pointer": pointer(("revision",)), "code": "deleted", "detail": message % {"name": _former_name(*each)}}
            for each in missing
        ]
        raise Conflict(summary(errors), errors=errors)


def _references(row: Any) -> Iterator[tuple[Any, int]]:
    for field in row._meta.concrete_fields:
        pk = getattr(row, field.attname)
        if field.many_to_one and pk is not None and tracked_table(field.related_model._meta.db_table):
            yield field.related_model, pk
    for field in row._meta.private_fields:
        if isinstance(field, GenericForeignKey):
            type_id = getattr(row, row._meta.get_field(field.ct_field).attname)
            pk = getattr(row, field.fk_field)
            model = ContentType.objects.get_for_id(type_id).model_class() if type_id and pk is not None else None
            if model is not None:
                yield model, pk


def _former_name(model: Any, pk: int) -> str:
    """What the API called a row that is gone."""
    place = Place(2**62, model._meta.db_table, pk)
    version = versions_at([place], there=True).get(place)
    slug = version.after.get("slug") if version and version.after else None
    return f"{model.collection}/{slug}" if slug else f"{model._meta.verbose_name} {pk}"


def _write(gone: list[Any], rows: list[Any]) -> None:
    try:
        with transaction.atomic():
            _delete(gone)
            for row in rows:
                _put(row)
            with connection.cursor() as cursor:
                cursor.execute("SET CONSTRAINTS ALL IMMEDIATE; SET CONSTRAINTS ALL DEFERRED")
    except (ProtectedError, RestrictedError) as error:
        raise problem_from_referrers(error) from error
    except IntegrityError as error:
        problem = problem_from_database(error)
        if problem is None:
            raise
        raise problem from error


def _delete(gone: list[Any]) -> None:
    """What belongs to others first; and together what may refer to each other."""
    by_model: dict[Any, list[Any]] = defaultdict(list)
    for row in reversed(gone):
        by_model[type(row)].append(row)
    for model, rows in by_model.items():
        if model._meta.auto_created:
            model._base_manager.filter(pk__in=[row.pk for row in rows]).delete()
        else:
            delete(rows)


def _put(row: Any) -> None:
    # Asked only now: a row that was a part of something deleted has gone with it.
    is_there = type(row)._base_manager.filter(pk=row.pk).exists()
    for field in row._meta.concrete_fields:
        if getattr(field, "auto_now", False):
            setattr(row, field.attname, timezone.now())
    # Raw, so that nothing else is computed anew: not the slug, not the time at which it was made.
    models.Model.save_base(row, raw=True, force_insert=not is_there, force_update=is_there)
