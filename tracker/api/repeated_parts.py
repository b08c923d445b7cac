"""Parts of one list of which a record may have only one: told before the write, at the part that repeats another."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from django.db import models
from rest_framework.exceptions import ErrorDetail, ValidationError


def refuse_repeated(child: Any, relation: Any, items: Sequence[Mapping[str, Any]]) -> None:
    """Refuse items that a constraint of their model lets stand in one record only once.

    The list is all that the record will have, so that the items alone decide; many of these constraints PostgreSQL
    checks at commit, when nobody knows any more which item it was.
    """
    model = child.Meta.model
    errors: dict[int, dict[str, list[ErrorDetail]]] = {}
    for names, message in _once_in_a_record(model, relation):
        member = next((name for name, field in child.fields.items() if field.source == names[-1]), names[-1])
        seen: set[tuple[Any, ...]] = set()
        for index, item in enumerate(items):
            key = tuple(item.get(name, getattr(item["matched"], name, None)) for name in names)
            if key in seen:
                errors.setdefault(index, {})[member] = [ErrorDetail(message, "unique")]
            # PostgreSQL takes unknown values for different ones.
            if None not in key:
                seen.add(key)
    if errors:
        raise ValidationError([errors.get(index, {}) for index in range(len(items))])


def _once_in_a_record(model: type[models.Model], relation: Any) -> Iterator[tuple[tuple[str, ...], str]]:
    """Fields that together tell the parts of one record apart, with what to say of those that they do not."""
    link = getattr(getattr(relation, "field", None), "name", None)
    for constraint in model._meta.constraints:
        if isinstance(constraint, models.UniqueConstraint) and constraint.condition is None:
            names = tuple(name for name in constraint.fields if name != link)
            if names and len(names) < len(constraint.fields):
                yield names, str(constraint.get_violation_error_message())
    for field in model._meta.concrete_fields:
        if field.unique and not field.primary_key:
            yield (field.name,), str(field.error_messages["unique"])
