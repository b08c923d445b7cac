"""References chosen by search: to records of one type, or, where a field allows it, to any record at all."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from django import forms
from django.apps import apps
from django.contrib.admin.widgets import AutocompleteMixin, AutocompleteSelect, AutocompleteSelectMultiple
from django.contrib.contenttypes.fields import GenericForeignKey
from django.contrib.contenttypes.prefetch import GenericPrefetch
from django.core.exceptions import ValidationError
from django.db import models
from django.utils.text import capfirst
from django.utils.translation import gettext_lazy as _

from initiatives.models import Citation
from initiatives.models.records import Part, Record

from .languages import generic_references
from .search import with_names

BIGGEST_ID = 2**63 - 1
# Django gives a reference to any type no label.
LABELS = {"record": _("record"), "about": _("about"), "refers_to": _("refers to")}


def referable_models() -> list[type[models.Model]]:
    """The types of what a citation, a statement or an agenda item may refer to."""
    found = apps.get_app_config("initiatives").get_models()
    return [model for model in found if issubclass(model, (Record, Part)) and model is not Citation]


def key_of(row: models.Model | None) -> str:
    """What a form sends for a record of any type, for example ``organization:12``."""
    return f"{row._meta.model_name}:{row.pk}" if row is not None else ""


def name_of(row: models.Model) -> str:
    """How a record of any type is offered, for example “Organization · Smart Dubai Office”."""
    return f"{capfirst(str(row._meta.verbose_name))} · {row}"


def with_references(rows: models.QuerySet[Any]) -> models.QuerySet[Any]:
    """Fetch with the rows the records of any type that they refer to, in one query for each type."""
    of_each_type = [with_names(model._base_manager.all()) for model in referable_models()]
    wanted = [GenericPrefetch(field.name, of_each_type) for field in generic_references(rows.model)]
    return with_names(rows).prefetch_related(*wanted)


class KnownSelect(AutocompleteSelect):
    """A select that is told the names of what is chosen, instead of one query for each select on the page."""

    known: Mapping[str, str] | None = None

    def optgroups(self, name: str, value: Sequence[str], attr: Any = None) -> Any:
        chosen = [str(key) for key in value if key]
        if self.known is None or not set(chosen) <= set(self.known):
            return super().optgroups(name, value, attr)
        keys = chosen if self.is_required else ["", *chosen]
        options = [(key, self.known.get(key, "")) for key in keys]
        return [
            (None, [self.create_option(name, key, label, key in chosen, index)], index)
            for index, (key, label) in enumerate(options)
        ]


class _OfIds(AutocompleteMixin):
    """A select that shows nothing for what is no id, where Django's own would ask the database for it."""

    def optgroups(self, name: str, value: Sequence[str], attr: Any = None) -> Any:
        ids = [key for key in map(str, value) if key.isascii() and key.isdecimal()]
        return super().optgroups(name, ids, attr)


class ReferenceSelect(_OfIds, KnownSelect):
    """One record of one type, chosen by search."""


class ReferenceSelectMultiple(_OfIds, AutocompleteSelectMultiple):
    """Any number of records of one type, chosen by search."""


class AnyRecordSelect(KnownSelect):
    """One record of any type, chosen by search over all of them."""

    url_name = "%s:any-record"

    def optgroups(self, name: str, value: Sequence[str], attr: Any = None) -> Any:
        known = dict(self.known or {})
        known |= {key: name_of(row) for key in value if key not in known and (row := _row_of(key))}
        self.known = known
        return super().optgroups(name, [key for key in value if key in known], attr)


class AnyRecordField(forms.CharField):
    """A reference to a record of any type."""

    default_error_messages = {"unknown": _("Choose one of the records that the search offers.")}

    def prepare_value(self, value: Any) -> Any:
        return key_of(value) if isinstance(value, models.Model) else value

    def clean(self, value: Any) -> models.Model | None:
        key = super().clean(value)
        row = _row_of(key)
        if key and row is None:
            raise ValidationError(self.error_messages["unknown"], code="unknown")
        return row

    def has_changed(self, initial: Any, data: Any) -> bool:
        return super().has_changed(self.prepare_value(initial), data)


def any_record_field(reference: GenericForeignKey, admin_site: Any) -> AnyRecordField:
    """The form field for a model's reference to any record; it names its type, so the two columns are not shown."""
    column = reference.model._meta.get_field(reference.ct_field)
    return AnyRecordField(
        label=capfirst(LABELS.get(reference.name, reference.name)),
        required=not column.null,
        widget=AnyRecordSelect(reference, admin_site),
        help_text=_("A record of any type; search by its name in either language."),
    )


def _row_of(key: str | None) -> models.Model | None:
    name, _separator, number = (key or "").partition(":")
    model = next((model for model in referable_models() if model._meta.model_name == name), None)
    if model is None or not (number.isascii() and number.isdecimal()) or int(number[:20]) > BIGGEST_ID:
        return None
    return with_names(model._base_manager.all()).filter(pk=number).first()
