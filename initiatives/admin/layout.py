"""How every form of the curators is laid out and which widgets it has, derived from the model."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from django.contrib import admin
from django.contrib.admin.widgets import AdminTextareaWidget, RelatedFieldWidgetWrapper
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.forms.models import _get_foreign_key
from django.http import HttpRequest

from .forms import PartForm, PartFormSet, PlainDecimalField, RecordForm, form_for
from .languages import form_fields, generic_references, language_attributes, rows
from .lists import list_field
from .references import ReferenceSelect, ReferenceSelectMultiple, with_references

if TYPE_CHECKING:
    from django.contrib.admin.options import BaseModelAdmin
else:
    BaseModelAdmin = object


class Layout(BaseModelAdmin):
    """Both languages side by side, references by search, short texts in small boxes."""

    form: Any = RecordForm
    formfield_overrides: ClassVar[dict[Any, Any]] = {
        models.TextField: {"widget": AdminTextareaWidget(attrs={"rows": 3})},
        models.URLField: {"assume_scheme": "https"},
        models.DecimalField: {"form_class": PlainDecimalField},
    }
    beside: ClassVar[tuple[tuple[str, ...], ...]] = ()
    """Fields that share a row, besides the two languages of a text."""

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self.form = form_for(self.model, self.shown_fields(), self.admin_site, self.form)

    def shown_fields(self) -> list[str]:
        """What a person may fill in, in order."""
        return form_fields(self.model)

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> list[Any]:
        return [(None, {"fields": rows(self.shown_fields(), self.beside)})]

    def get_exclude(self, request: HttpRequest, obj: Any = None) -> list[str]:
        # The form declares its own field for each of them; Django would refuse to derive one.
        return [reference.name for reference in generic_references(self.model)]

    def get_queryset(self, request: HttpRequest) -> models.QuerySet[Any]:
        return with_references(super().get_queryset(request))

    def formfield_for_dbfield(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        if isinstance(db_field, ArrayField):
            field: Any = list_field(db_field)
        else:
            field = super().formfield_for_dbfield(db_field, request, **kwargs)
        if field is None:
            return None
        if isinstance(field.widget, RelatedFieldWidgetWrapper):
            # One slip beside a field must not delete a record that others refer to.
            field.widget.can_delete_related = False
        if db_field.name == "slug":
            field.required = False
        if db_field.name == "slug" or isinstance(db_field, (models.URLField, models.EmailField)):
            field.widget.attrs["dir"] = "ltr"
        field.widget.attrs.update(language_attributes(db_field.name))
        return field

    def formfield_for_foreignkey(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        kwargs.setdefault("widget", ReferenceSelect(db_field, self.admin_site))
        return super().formfield_for_foreignkey(db_field, request, **kwargs)

    def formfield_for_manytomany(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        kwargs.setdefault("widget", ReferenceSelectMultiple(db_field, self.admin_site))
        return super().formfield_for_manytomany(db_field, request, **kwargs)


class PartInline(Layout, admin.StackedInline):
    """The parts of a record inside its form, in order, each with room for long texts."""

    form: Any = PartForm
    formset = PartFormSet
    extra = 0
    show_change_link = True

    def shown_fields(self) -> list[str]:
        parent = _get_foreign_key(self.parent_model, self.model, fk_name=self.fk_name)
        return [name for name in super().shown_fields() if name != parent.name]


class PartTable(PartInline):
    """The parts of a record inside its form, in order, each a line of short values."""

    template = "admin/edit_inline/tabular.html"
