"""The citations of a record inside its form: which place in which source says so, and of which fields."""

from __future__ import annotations

from typing import Any, ClassVar

from django import forms
from django.contrib import admin
from django.contrib.contenttypes.admin import GenericTabularInline
from django.db import models
from django.http import HttpRequest
from django.utils.text import capfirst

from initiatives.models import Citation
from initiatives.models.records import Part, Record

from .languages import form_fields
from .layout import Layout
from .references import ReferenceSelectMultiple


def citable_fields(model: type[models.Model]) -> list[tuple[str, str]]:
    """What a citation may speak of: the fields of a record as the API names them, and the lists of its parts."""
    found: dict[str, str] = {}
    for name in form_fields(model):
        stem, _separator, language = name.rpartition("_")
        label = _label(model, name)
        if language in ("en", "ar"):
            found.setdefault(stem, label.rpartition(" (")[0])
        else:
            found[name] = label
    for relation in model._meta.related_objects:
        if issubclass(relation.related_model, (Record, Part)) and relation.on_delete is models.CASCADE:
            found[relation.get_accessor_name() or ""] = capfirst(str(relation.related_model._meta.verbose_name_plural))
    found.pop("slug", None)
    return list(found.items())


def _label(model: type[models.Model], name: str) -> str:
    return capfirst(str(getattr(model._meta.get_field(name), "verbose_name", name)))


class ChooseMany(forms.SelectMultiple):
    """Some of a few fixed choices, in the control that references have."""

    def __init__(self, attrs: Any = None, choices: Any = ()) -> None:
        super().__init__({"class": "choose-many", **(attrs or {})}, choices)

    @property
    def media(self) -> forms.Media:
        return ReferenceSelectMultiple(Citation._meta.get_field("source"), admin.site).media


class CitationInline(Layout, GenericTabularInline):
    """Where the record comes from, one place in one source a line; its own page has the notes."""

    model = Citation
    extra = 0
    show_change_link = True
    lines: ClassVar[tuple[str, ...]] = ("source", "locator", "fields", "stance", "claimed_value")

    def shown_fields(self) -> list[str]:
        return list(self.lines)

    def formfield_for_dbfield(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        if db_field.name != "fields":
            return super().formfield_for_dbfield(db_field, request, **kwargs)
        return forms.MultipleChoiceField(
            label=capfirst(str(db_field.verbose_name)),
            help_text=db_field.help_text,
            choices=citable_fields(self.parent_model),
            required=False,
            widget=ChooseMany,
        )
