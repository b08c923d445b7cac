"""Parts written with their record: a list in the body is what the record's parts shall be afterwards.

An item that names an existing part by ``id`` (or ``slug``, where parts have one) changes it. Any other item keeps the
unnamed part that is as it says, or else changes the unnamed one in its position, or else makes a new part: sending a
list again changes nothing. Parts that are left are deleted. A part without a position takes the one it has in the list.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from django.contrib.contenttypes.fields import GenericRelation
from django.contrib.contenttypes.models import ContentType
from django.db import connections, models, router
from django.utils.translation import gettext as _
from rest_framework import serializers
from rest_framework.exceptions import PermissionDenied

from tracker.api.collections import RecordModel
from tracker.api.deletion import delete
from tracker.api.pointing import pointing_at
from tracker.api.repeated_parts import refuse_repeated

if TYPE_CHECKING:
    from tracker.api.serializers import RecordSerializer

MOST_PARTS = 1_000


class PartListSerializer(serializers.ListSerializer):
    """The parts of one record, or, at the top of a response, a page of records."""

    child: Any

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs.setdefault("max_length", MOST_PARTS)
        super().__init__(*args, **kwargs)

    def to_internal_value(self, data: Any) -> list[dict[str, Any]]:
        self.existing = self._existing()
        self.named: set[Any] = set()
        if isinstance(data, list) and len(data) <= MOST_PARTS:
            self._declare(data)
        values: list[dict[str, Any]] = super().to_internal_value(data)
        if has_position(self.child.Meta.model):
            for position, item in enumerate(values, start=1):
                item.setdefault("position", position)
        whole: Any = self.parent
        if whole is not None:
            refuse_repeated(self.child, whole.Meta.model._meta.get_field(self.source), values)
        return values

    def _existing(self) -> dict[Any, models.Model]:
        """The record's parts by id, and by slug where they have one."""
        record = getattr(self.parent, "instance", None)
        if record is None or record.pk is None:
            return {}
        found: dict[Any, models.Model] = {}
        for part in getattr(record, str(self.source)).all():
            found[part.pk] = part
            if hasattr(part, "slug"):
                found[part.slug] = part
        return found

    def _declare(self, data: list[Any]) -> None:
        """Let items of one body refer to each other before they are written: reserve ids for new slugs."""
        model = self.child.Meta.model
        if "slug" not in self.child.fields:
            return
        context: Any = self.context
        declared = context.setdefault("declared", {})
        given = [item.get("slug") for item in data if isinstance(item, Mapping)]
        slugs = {slug for slug in given if isinstance(slug, str)}
        new = sorted(slug for slug in slugs if slug not in self.existing and (model, slug) not in declared)
        for slug, pk in zip(new, reserve_ids(model, len(new)), strict=True):
            declared[model, slug] = model(pk=pk, slug=slug)

    def run_child_validation(self, data: Any) -> Any:
        matched = self._match(data)
        with self._child_of(matched):
            values = self.child.run_validation(data)
        return {**values, "matched": matched}

    def _match(self, data: Any) -> models.Model | None:
        if not isinstance(data, Mapping):
            return None
        given = data.get("id")
        if given is not None:
            matched = self.existing.get(given) if isinstance(given, int) else None
            if matched is None:
                message = _("This record has no such part with the id %(id)s. Leave the id out to make a new one.")
                raise serializers.ValidationError({"id": [message % {"id": str(given)[:30]}]}, code="unknown_part")
        else:
            slug = data.get("slug")
            matched = self.existing.get(slug) if isinstance(slug, str) else None
        if matched is not None and matched.pk in self.named:
            raise serializers.ValidationError(_("The list names this part twice."), code="duplicate_part")
        if matched is not None:
            self.named.add(matched.pk)
        return matched

    @contextmanager
    def _child_of(self, matched: models.Model | None) -> Iterator[None]:
        """Validate the child as a change of ``matched``; a new part is never partial, even within a PATCH."""
        root, partial = self.root, getattr(self.root, "partial", False)
        self.child.instance = matched
        root.partial = partial and matched is not None
        try:
            yield
        finally:
            root.partial = partial
            self.child.instance = None


def has_position(model: RecordModel) -> bool:
    return any(field.name == "position" for field in model._meta.concrete_fields)


def reserve_ids(model: type[models.Model], count: int) -> list[int]:
    """Ids that the model's sequence will not give to anybody else."""
    if not count:
        return []
    connection = connections[router.db_for_write(model)]
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT nextval(pg_get_serial_sequence(%s, 'id')) FROM generate_series(1, %s)",
            [model._meta.db_table, count],
        )
        return [row[0] for row in cursor.fetchall()]


def write_parts(serializer: RecordSerializer, record: models.Model, parts: Mapping[str, Any]) -> bool:
    """Make the record's parts what the lists say; whether anything changed."""
    changed = False
    for source, items in parts.items():
        field = next(f for f in serializer.fields.values() if f.source == source)
        changed |= _write_list(serializer, record, field, items)
    return changed


def _write_list(serializer: RecordSerializer, record: models.Model, field: Any, items: list[dict[str, Any]]) -> bool:
    manager = getattr(record, field.source)
    model = field.child.Meta.model
    link = _link_to(record, field.source)
    kept = {item["matched"].pk for item in items if item["matched"] is not None}
    unnamed = _adopt(field.child, items, [part for part in manager.all() if part.pk not in kept])
    if unnamed:
        _authorize(serializer, "delete", model)
        delete(unnamed)
    changed = bool(unnamed)
    for index, item in enumerate(items):
        with pointing_at(field.field_name, index, besides=link):
            changed |= _write_item(serializer, field.child, item, link)
    return changed


def _adopt(child: Any, items: list[dict[str, Any]], unnamed: list[Any]) -> list[Any]:
    """Match items that name no part to unnamed parts; the parts that are left."""
    for is_the_same in (_is_as_it_says, _is_in_its_position):
        for item in items:
            if item["matched"] is None:
                item["matched"] = next((part for part in unnamed if is_the_same(child, item, part)), None)
                unnamed = [part for part in unnamed if part is not item["matched"]]
    return unnamed


def _is_in_its_position(child: Any, item: Mapping[str, Any], part: Any) -> bool:
    return "position" in item and "slug" not in item and part.position == item["position"]


def _is_as_it_says(child: Any, item: Mapping[str, Any], part: Any) -> bool:
    """Whether writing the item would change nothing of the part."""
    nested, relations, columns = child.sorted_by_kind(item)
    if any(getattr(part, name) != value for name, value in columns.items()):
        return False
    if any(
        {row.pk for row in getattr(part, name).all()} != {row.pk for row in rows} for name, rows in relations.items()
    ):
        return False
    return all(_are_as_they_say(child, part, source, items) for source, items in nested.items())


def _are_as_they_say(child: Any, part: Any, source: str, items: list[dict[str, Any]]) -> bool:
    grandchild = next(field.child for field in child.fields.values() if field.source == source)
    rows = list(getattr(part, source).all())
    return len(rows) == len(items) and all(any(_is_as_it_says(grandchild, item, row) for row in rows) for item in items)


def _write_item(serializer: RecordSerializer, child: Any, item: dict[str, Any], link: dict[str, Any]) -> bool:
    model = child.Meta.model
    matched = item["matched"]
    values = {name: value for name, value in item.items() if name not in ("matched", "id")}
    child.instance = matched
    if matched is None:
        _authorize(serializer, "add", model)
        declared = serializer.context.get("declared", {}).get((model, values.get("slug")))
        reserved = {"pk": declared.pk} if declared is not None else {}
        child.create({**reserved, **link, **values})
        return True
    child.update(matched, values)
    if child.changed:
        _authorize(serializer, "change", model)
    return bool(child.changed)


def _link_to(record: models.Model, source: str) -> dict[str, Any]:
    """The values by which a new part belongs to the record."""
    relation: Any = record._meta.get_field(source)
    if isinstance(relation, GenericRelation):
        return {
            relation.content_type_field_name: ContentType.objects.get_for_model(record),
            relation.object_id_field_name: record.pk,
        }
    return {relation.field.name: record}


def _authorize(serializer: RecordSerializer, verb: str, model: type[models.Model]) -> None:
    """Parts ask for the same permissions as they do in admin; commands, which have no request, may do all.

    So may those who write a record of their own (``own`` in the context), and where the serializer says that parts go
    with their record: then the record's permissions are all that counts.
    """
    if serializer.parts_go_with_record or serializer.context.get("own"):
        return
    request = serializer.context.get("request")
    permission = f"{model._meta.app_label}.{verb}_{model._meta.model_name}"
    if request is not None and not request.user.has_perm(permission):
        raise PermissionDenied(_("You lack the permission “%(permission)s”.") % {"permission": permission})
