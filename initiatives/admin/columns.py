"""Columns and filters for what a list knows beyond the plain columns of its table."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any, ClassVar

from django.contrib import admin
from django.contrib.admin.utils import display_for_value
from django.db import models
from django.http import HttpRequest
from django.utils.formats import number_format
from django.utils.translation import gettext_lazy as _

from .references import LABELS

NOTHING = "–"


def computed(name: str, description: Any, choices: type[models.TextChoices] | None = None) -> Callable[[Any], str]:
    """A column for a value that the database computes: in lists it sorts, in forms it stands to be read."""
    labels = dict(choices.choices) if choices else {}

    @admin.display(description=description, ordering=name)
    def column(row: Any) -> str:
        value = getattr(row, name)
        if isinstance(value, Decimal):
            return str(number_format(value.normalize(), force_grouping=True))
        return str(labels.get(value) or display_for_value(value, NOTHING))

    column.__name__ = name
    return column


def any_record(name: str) -> Callable[[Any], Any]:
    """A column for a reference to a record of any type."""

    @admin.display(description=LABELS[name], empty_value=NOTHING)
    def column(row: Any) -> Any:
        return getattr(row, name)

    column.__name__ = name
    return column


class ChoiceFilter(admin.SimpleListFilter):
    """A filter by a computed column that has choices."""

    choices_class: ClassVar[type[models.TextChoices]]

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return self.choices_class.choices

    def queryset(self, request: HttpRequest, queryset: models.QuerySet[Any]) -> models.QuerySet[Any]:
        return queryset.filter(**{str(self.parameter_name): self.value()}) if self.value() else queryset


class MergedFilter(admin.SimpleListFilter):
    """Records that stand for themselves, or duplicates that were merged into another."""

    title = _("merged duplicates")
    parameter_name = "merged"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [("no", _("Leave out")), ("yes", _("Only these"))]

    def queryset(self, request: HttpRequest, queryset: models.QuerySet[Any]) -> models.QuerySet[Any]:
        wanted = {"no": {"replaced_by__isnull": True}, "yes": {"replaced_by__isnull": False}}
        return queryset.filter(**wanted.get(self.value() or "", {}))
