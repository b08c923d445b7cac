"""Writes that span several models, each in one transaction: API, admin and commands share them."""

from __future__ import annotations

from typing import Any

from django.contrib.contenttypes.fields import GenericForeignKey
from django.contrib.contenttypes.models import ContentType
from django.core.exceptions import ValidationError
from django.db import IntegrityError, models, transaction
from django.db.models import Max
from django.utils.translation import gettext as _

from initiatives.models.records import Record


@transaction.atomic
def merge(*, duplicate: Record, into: Record) -> Record:
    """Make ``duplicate`` lead to ``into``: what referred to it or was part of it now is of ``into``.

    The duplicate stays, so that its address redirects. A part that ``into`` has already (the same involvement, say)
    stays behind with it. Raises ValidationError where the two cannot be merged, IntegrityError where moving a record
    would break a rule.
    """
    rows = type(duplicate)._base_manager.select_for_update().filter(pk__in=[duplicate.pk, into.pk])
    locked = {row.pk: row for row in rows.order_by("pk")}
    if len(locked) < 2:
        raise ValidationError(
            {"into": ValidationError(_("A record cannot be merged into itself."), code="same_record")}
        )
    duplicate, into = locked[duplicate.pk], locked[into.pk]
    if into.replaced_by is not None:
        message = _("This record was itself merged into “%(slug)s”.") % {"slug": into.replaced_by.slug}
        raise ValidationError({"into": ValidationError(message, code="merged_record")})
    links = _link_tables(type(duplicate))
    for through in links:
        _move_links(through, duplicate, into)
    for relation in duplicate._meta.related_objects:
        if relation.field.many_to_one and relation.related_model not in links:
            _move_rows(relation.field, duplicate, into)
    _move_generic_references(duplicate, into)
    duplicate.replaced_by = into
    duplicate.save(update_fields=["replaced_by", "updated_at"])
    return into


def _link_tables(model: type[models.Model]) -> set[Any]:
    """The tables of all many-to-many relations that the model is an end of."""
    relations: list[Any] = [field.remote_field for field in model._meta.many_to_many]
    relations += [relation for relation in model._meta.related_objects if relation.many_to_many]
    return {relation.through for relation in relations}


def _move_rows(field: Any, duplicate: Record, into: Record) -> None:
    rows = field.model._base_manager.filter(**{field.name: duplicate})
    try:
        with transaction.atomic():
            rows.update(**{field.name: into}, **_places_after(field, into))
    except IntegrityError:
        _move_one_by_one(field, rows, into)


def _places_after(field: Any, into: Record) -> dict[str, Any]:
    """Where rows have a position within their record, those that come in stand after those that are there."""
    columns = {column.name for column in field.model._meta.concrete_fields}
    if "position" not in columns or field.remote_field.on_delete is not models.CASCADE:
        return {}
    last = field.model._base_manager.filter(**{field.name: into}).aggregate(last=Max("position"))["last"]
    return {"position": models.F("position") + (last or 0)}


def _move_one_by_one(field: Any, rows: models.QuerySet[Any], into: Record) -> None:
    """Parts that ``into`` has already stay behind; a record that cannot move refuses the merge."""
    for row in rows:
        try:
            with transaction.atomic():
                field.model._base_manager.filter(pk=row.pk).update(**{field.name: into})
        except IntegrityError:
            if isinstance(row, Record):
                raise


def _move_links(through: type[models.Model], duplicate: Record, into: Record) -> None:
    """Many-to-many links; one that ``into`` has already goes."""
    for end in (field for field in through._meta.fields if field.related_model is type(duplicate)):
        for link in through._base_manager.filter(**{end.name: duplicate}):
            try:
                with transaction.atomic():
                    through._base_manager.filter(pk=link.pk).update(**{end.name: into})
            except IntegrityError:
                link.delete()


def _move_generic_references(duplicate: Record, into: Record) -> None:
    of_type = ContentType.objects.get_for_model(duplicate)
    for model in duplicate._meta.apps.get_app_config(duplicate._meta.app_label).get_models():
        for field in (f for f in model._meta.private_fields if isinstance(f, GenericForeignKey)):
            rows = model._base_manager.filter(**{field.ct_field: of_type, field.fk_field: duplicate.pk})
            rows.update(**{field.fk_field: into.pk})
