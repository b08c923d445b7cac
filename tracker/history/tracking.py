"""Which tables are under version control, and which row each of their rows is a part of."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, TypeAlias

from django.apps import apps
from django.contrib.contenttypes.fields import GenericForeignKey
from django.db import models

Values: TypeAlias = Mapping[str, str | tuple[str, ...]]


@dataclass(frozen=True)
class Reference:
    """How a row names another: by a foreign key, or by a generic one (``table`` is then "@…")."""

    table: str
    column: str


@dataclass(frozen=True)
class Tracked:
    """A table under version control."""

    model: type[models.Model]
    owner: Reference | None

    @property
    def table(self) -> str:
        return self.model._meta.db_table

    @property
    def owner_column(self) -> str:
        return self.owner.column if self.owner else ""

    @property
    def public_when(self) -> Values:
        """The values that a row has while the public sees it; of several in a tuple, one."""
        return getattr(self.model, "public_when", {})

    @property
    def public_within(self) -> Values:
        """The values that the row which it is a part of has while the public sees it."""
        return getattr(self.model, "public_within", {})

    @property
    def depends_on(self) -> tuple[Reference, ...]:
        """The rows without which the public does not see a row: what it is a part of, and what its model says.

        Of a link both ends.
        """
        named: list[Any] = [self.model._meta.get_field(name) for name in getattr(self.model, "public_with", ())]
        if self.model._meta.auto_created:
            named = [f for f in self.model._meta.fields if f.remote_field and f.column != self.owner_column]
        declared = tuple(Reference(field.related_model._meta.db_table, field.column) for field in named)
        return (self.owner, *declared) if self.owner else declared


@cache
def tracked() -> tuple[Tracked, ...]:
    """All tables under version control: models that say ``versioned = True``, and the links between such."""
    return tuple(_tracked())


@cache
def tracked_table(name: str) -> Tracked | None:
    return next((each for each in tracked() if each.table == name), None)


def _tracked() -> Iterator[Tracked]:
    for model in apps.get_models(include_auto_created=True):
        creator = model._meta.auto_created
        if creator:
            if getattr(creator, "versioned", False):
                yield Tracked(model, _owner_of_link(model, creator))
        elif getattr(model, "versioned", False) and not model._meta.proxy:
            yield Tracked(model, _owner(model))


def _owner_of_link(model: Any, creator: Any) -> Reference:
    end = next(field for field in model._meta.fields if field.related_model is creator)
    return Reference(creator._meta.db_table, end.column)


def _owner(model: Any) -> Reference | None:
    """A row is a part of what its ``record`` is, or of the first row that it cannot outlive."""
    for generic in model._meta.private_fields:
        if isinstance(generic, GenericForeignKey) and generic.name == "record":
            content_type = model._meta.get_field(generic.ct_field)
            return Reference(f"@{content_type.column}", model._meta.get_field(generic.fk_field).column)
    for field in model._meta.fields:
        if field.remote_field is not None and field.remote_field.on_delete is models.CASCADE:
            return Reference(field.related_model._meta.db_table, field.column)
    return None
