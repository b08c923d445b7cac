"""Both languages side by side: an English text and its Arabic one share a row, each in its own direction."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Any

from django.contrib.contenttypes.fields import GenericForeignKey
from django.db import models

# Told to the browser for each field: its fonts, its spelling checker and its direction follow.
WRITTEN_IN = {"en": {"lang": "en", "dir": "ltr"}, "ar": {"lang": "ar", "dir": "rtl"}}

Row = str | tuple[str, ...]


def language_attributes(field: str) -> dict[str, str]:
    """The HTML attributes of an input for ``field``, by the language that its name ends with."""
    return WRITTEN_IN.get(field.rpartition("_")[2], {})


def generic_references(model: type[models.Model]) -> list[GenericForeignKey]:
    """The fields of a model that may refer to a record of any type."""
    return [field for field in model._meta.private_fields if isinstance(field, GenericForeignKey)]


def form_fields(model: type[models.Model]) -> list[str]:
    """The names of what a person may fill in: the label, the slug that is made of it, the rest in the model's order."""
    generic = {field.ct_field: field.name for field in generic_references(model)}
    hidden = {field.fk_field for field in generic_references(model)} | {"replaced_by", "slug"}
    names = [generic.get(field.name, field.name) for field in _editable(model) if field.name not in hidden]
    label = [name for name in (f"{getattr(model, 'label', None)}_{code}" for code in WRITTEN_IN) if name in names]
    rest = [name for name in names if name not in label]
    slug = ["slug"] if any(field.name == "slug" for field in model._meta.fields) else []
    return [*label, *slug, *rest] if label else [*rest, *slug]


def rows(names: Iterable[str], beside: Iterable[tuple[str, ...]] = ()) -> list[Row]:
    """The names as rows of a form: what is said twice, once in each language, stands side by side."""
    names = list(names)
    together = {name: group for group in beside for name in group if name in names}
    together |= {name: pair for name in names if (pair := _pair(name, names))}
    found: dict[Row, None] = {}
    for name in names:
        found[together.get(name, name)] = None
    return list(found)


def _pair(name: str, names: Collection[str]) -> tuple[str, str] | None:
    stem, _, language = name.rpartition("_")
    pair = (f"{stem}_en", f"{stem}_ar")
    return pair if language in WRITTEN_IN and set(pair) <= set(names) else None


def _editable(model: type[models.Model]) -> list[Any]:
    links: list[Any] = list(model._meta.many_to_many)
    linked = [field for field in links if field.remote_field.through._meta.auto_created]
    own = [field for field in model._meta.fields if field.editable and not field.auto_created]
    return [*own, *linked]
