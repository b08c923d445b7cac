"""Many records in one request: a list body to a collection writes all of its items in one transaction, or none.

POST takes what one POST each would take. An item of PATCH names its record by ``slug`` or ``id`` beside the fields that
change; DELETE takes slugs, or such objects. An item's ``etag`` is its ``If-Match``. Refusals point at their item.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from django.utils.translation import gettext as _
from rest_framework import status
from rest_framework.exceptions import ErrorDetail, ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from tracker.api.bulk_deletion import delete_together
from tracker.api.bulk_targets import Target, locked_records, read_targets
from tracker.api.parsers import require_body
from tracker.api.pointing import pointing_at, pointing_at_the_list
from tracker.api.problem_types import Conflict, Problem, pointer, summary
from tracker.api.references import find_together

MOST_ITEMS = 1_000


class BulkWrites:
    """Lists of records to create, change or delete, for a viewset of records."""

    def create_many(self: Any, request: Request) -> Response:
        items = items_of(request)
        with self.writing() as writing:
            serializer = self.get_serializer()
            find_together(serializer, items)
            refuse_repeated(items)
            values = validated(serializer, [(None, item) for item in items])
            refuse_taken(serializer, items)
            records = create_all(serializer, [{**each, **self.values_for_new()} for each in values])
            check_each(self, records)
            with pointing_at_the_list():
                writing.check()
            body = self.represent_many(records)
        code = status.HTTP_200_OK if writing.dry_run else status.HTTP_201_CREATED
        return Response(body, code, headers={"X-Revision": str(writing.revision)})

    def partial_update_many(self: Any, request: Request) -> Response:
        """Change many records together: all of them or none. Each item names its record by slug or id."""
        targets = read_targets(items_of(request), whole=False)
        with self.writing() as writing:
            records, unfit = locked_records(self, targets, for_change=True)
            serializer = self.get_serializer(partial=True)
            find_together(serializer, [target.changes for target in targets])
            changes = [(record, target.changes) for record, target in zip(records, targets, strict=True)]
            values = validated(serializer, changes, unfit)
            check_each(self, records)
            update_all(serializer, records, values)
            check_each(self, records)
            with pointing_at_the_list():
                writing.check()
            body = self.represent_many(records)
        return Response(body, headers={"X-Revision": str(writing.revision)})

    def destroy_many(self: Any, request: Request) -> Response:
        """Delete many records together: all of them or none. They may refer to each other, but to them no others."""
        targets: list[Target] = read_targets(items_of(request), whole=True)
        with self.writing() as writing:
            records, unfit = locked_records(self, targets, for_change=False)
            if unfit:
                raise ValidationError(unfit)
            check_each(self, records)
            delete_together(records)
            with pointing_at_the_list():
                writing.check()
        return Response(status=status.HTTP_204_NO_CONTENT, headers={"X-Revision": str(writing.revision)})


def check_each(view: Any, records: Sequence[Any]) -> None:
    """Refuse the whole list if its sender may not write one of these records."""
    for index, record in enumerate(records):
        with pointing_at(index):
            view.check_object_permissions(view.request, record)


def items_of(request: Request) -> list[Any]:
    """The items of a list body, or a refusal that says what a collection takes."""
    require_body(request)
    if not isinstance(request.data, list):
        detail = _("Send a list of items to the collection, or send to the address of one record.")
        raise Problem(detail, "invalid", errors=[{"pointer": pointer(), "code": "not_a_list", "detail": detail}])
    if "If-Match" in request.headers:
        detail = _("If-Match is for one record. In a list, give each item the ETag of its record as “etag”.")
        raise Problem(detail, "invalid_header")
    if not request.data:
        detail = _("The list is empty.")
        raise Problem(detail, "invalid", errors=[{"pointer": pointer(), "code": "empty", "detail": detail}])
    if len(request.data) > MOST_ITEMS:
        detail = _("A list may have at most %(most)d items; this one has %(count)d.")
        raise Problem(detail % {"most": MOST_ITEMS, "count": len(request.data)}, "too_large")
    return request.data


def refuse_repeated(items: Sequence[Any]) -> None:
    seen: set[str] = set()
    errors: dict[Any, Any] = {}
    for index, slug in enumerate(map(slug_of, items)):
        if slug is not None and slug in seen:
            errors[index] = {"slug": [ErrorDetail(_("The list has this slug twice."), "duplicate_item")]}
        seen.add(slug or "")
    if errors:
        raise ValidationError(errors)


def refuse_taken(serializer: Any, items: Sequence[Any]) -> None:
    """Name every slug that another record has, where the database would name the first."""
    model = serializer.Meta.model
    declared = serializer.context["declared"]
    message = str(model._meta.get_field("slug").error_messages["unique"])
    errors = [
        {"pointer": pointer((index, "slug")), "code": "unique", "detail": message}
        for index, slug in enumerate(map(slug_of, items))
        if slug is not None and (model, slug) not in declared
    ]
    if errors:
        raise Conflict(summary(errors), errors=errors)


def slug_of(item: Any) -> str | None:
    slug = item.get("slug") if isinstance(item, Mapping) else None
    return slug if isinstance(slug, str) and slug else None


def validated(
    serializer: Any, changes: Sequence[tuple[Any, Any]], unfit: Mapping[Any, Any] | None = None
) -> list[dict[str, Any]]:
    """The values of each item, which changes a record or makes one (None); or every error of every item.

    Of items that are ``unfit`` for what is known already, that is told.
    """
    values = []
    errors: dict[Any, Any] = dict(unfit or {})
    for index, (record, item) in enumerate(changes):
        if index in errors:
            continue
        serializer.instance = record
        try:
            values.append(serializer.run_validation(item))
        except ValidationError as refused:
            errors[index] = refused.detail
    if errors:
        raise ValidationError(dict(sorted(errors.items())))
    return values


def create_all(serializer: Any, values: Sequence[dict[str, Any]]) -> list[Any]:
    """Write new records in the order of their slugs, so that two lists of the same never wait for each other."""
    model = serializer.Meta.model
    declared = serializer.context["declared"]
    made = {}
    # Those without a slug come last: they take one that is left.
    for index in sorted(range(len(values)), key=lambda i: (not values[i].get("slug"), values[i].get("slug") or "")):
        known = declared.get((model, values[index].get("slug")))
        with pointing_at(index):
            made[index] = serializer.create({**({"pk": known.pk} if known else {}), **values[index]})
    return [made[index] for index in range(len(values))]


def update_all(serializer: Any, records: Sequence[Any], values: Sequence[dict[str, Any]]) -> None:
    for index in sorted(range(len(values)), key=lambda i: records[i].pk):
        serializer.instance = records[index]
        with pointing_at(index):
            serializer.update(records[index], values[index])
