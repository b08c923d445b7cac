"""Which records a list of changes or deletions means, locked in an order that all writers share."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.conf import settings
from django.db.models import Q
from django.utils.translation import gettext as _
from rest_framework.exceptions import ErrorDetail, ValidationError

from tracker.api.entity_tags import MOVED_ON, OWED, has_seen, moved_on, tag_of
from tracker.api.problem_types import Conflict, Problem, pointer, summary
from tracker.history.time_travel import current_revision
from tracker.history.versions import last_revisions_of

NAMES = ("id", "slug", "etag")


@dataclass
class Target:
    """What one item of a list says: which record, as its sender has seen it, and what shall change."""

    pk: int | None = None
    slug: str | None = None
    etag: str | None = None
    changes: dict[str, Any] = field(default_factory=dict)

    def is_of(self, record: Any) -> bool:
        return self.pk in (None, record.pk) and self.slug in (None, record.slug)


def read_targets(items: Sequence[Any], *, whole: bool) -> list[Target]:
    """The targets of a list; ``whole`` where an item is all of a record, and so names no fields."""
    targets = []
    errors: dict[Any, Any] = {}
    for index, item in enumerate(items):
        try:
            targets.append(_read(item, whole=whole))
        except ValidationError as refused:
            errors[index] = refused.detail
    if errors:
        raise ValidationError(errors)
    return targets


def _read(item: Any, *, whole: bool) -> Target:
    if whole and isinstance(item, str):
        return Target(slug=item)
    if not isinstance(item, Mapping):
        expected = _("Expected a slug, or an object with a slug.") if whole else _("Expected an object with a slug.")
        raise ValidationError(expected, "invalid")
    errors = {}
    for name, kind in (("id", int), ("slug", str), ("etag", str)):
        value = item.get(name)
        if name in item and (not isinstance(value, kind) or isinstance(value, bool)):
            message = _("Expected a number.") if kind is int else _("Expected a text.")
            errors[name] = ErrorDetail(message, "invalid")
    if not {"id", "slug"} & set(item):
        errors["slug"] = ErrorDetail(_("Name the record by its slug or its id."), "required")
    changes = {name: value for name, value in item.items() if name not in NAMES}
    for name in changes if whole else ():
        message = _("Unknown field. The fields are: %(fields)s.") % {"fields": ", ".join(NAMES)}
        errors[name] = ErrorDetail(message, "unknown_field")
    if errors:
        raise ValidationError(errors)
    return Target(item.get("id"), item.get("slug"), item.get("etag"), changes)


def locked_records(view: Any, targets: Sequence[Target], *, for_change: bool) -> tuple[list[Any], dict[Any, Any]]:
    """The records that the targets mean, in their order, locked until the transaction ends; and what is wrong, by item.

    Locks are taken in the order of ids, whatever the list's: two lists in opposing order wait, and never deadlock.
    """
    wanted = Q(pk__in=[each.pk for each in targets if each.pk is not None])
    wanted |= Q(slug__in=[each.slug for each in targets if each.pk is None])
    seen = view.queryset.all().visible_to(view.request.user)
    rows = list(seen.filter(wanted).order_by("pk").select_for_update(of=("self",), no_key=for_change))
    by_name = {name: row for row in rows for name in (row.pk, row.slug)}
    records = [by_name.get(each.slug if each.pk is None else each.pk) for each in targets]
    unfit = _unfit(targets, records)
    if not unfit:
        _refuse_merged(records)
        _check_preconditions(view.request, targets, records)
    return records, unfit


def _unfit(targets: Sequence[Target], records: Sequence[Any]) -> dict[Any, Any]:
    """The items that name no record, or one that the list has named before."""
    errors: dict[Any, Any] = {}
    named: set[int] = set()
    for index, (target, record) in enumerate(zip(targets, records, strict=True)):
        name = "slug" if target.pk is None else "id"
        if record is None:
            errors[index] = {name: ErrorDetail(_("There is no such record, or you may not see it."), "not_found")}
        elif not target.is_of(record):
            message = _("The record with this id has the slug “%(slug)s”; the address of the record renames it.")
            errors[index] = {"slug": ErrorDetail(message % {"slug": record.slug}, "mismatch")}
        elif record.pk in named:
            errors[index] = {name: ErrorDetail(_("The list names this record twice."), "duplicate_item")}
        else:
            named.add(record.pk)
    return errors


def _refuse_merged(records: Sequence[Any]) -> None:
    errors = [
        {
            "pointer": pointer((index,)),
            "code": "merged_record",
            "detail": _("This record was merged into “%(slug)s”.") % {"slug": record.replaced_by.slug},
        }
        for index, record in enumerate(records)
        if record.replaced_by_id is not None
    ]
    if errors:
        raise Conflict(summary(errors), errors=errors)


def _check_preconditions(request: Any, targets: Sequence[Target], records: Sequence[Any]) -> None:
    """What ``check_precondition`` does for one record, for each item."""
    if settings.TRACKER_REQUIRE_IF_MATCH:
        detail = _("Send the record's ETag as “etag”, so that no other change is lost.")
        owed = [index for index, target in enumerate(targets) if target.etag is None]
        _refuse(OWED, dict.fromkeys(owed, detail))
    pks = [record.pk for record, target in zip(records, targets, strict=True) if target.etag is not None]
    if pks:
        last = last_revisions_of(type(records[0]), pks)
        current = current_revision()
        late = {
            index: moved_on(tag_of(request, last[record.pk], record))
            for index, (record, target) in enumerate(zip(records, targets, strict=True))
            if target.etag is not None and not has_seen(target.etag, last[record.pk], current)
        }
        _refuse(MOVED_ON, late)


def _refuse(code: str, details: Mapping[int, str]) -> None:
    errors = [
        {"pointer": pointer((index, "etag")), "code": code, "detail": detail} for index, detail in details.items()
    ]
    if errors:
        raise Problem(summary(errors), code, errors=errors)
