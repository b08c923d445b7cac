"""The form of every record: what the database would refuse is said at the field, before anything is written."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from decimal import Decimal
from typing import TYPE_CHECKING, Any, ClassVar

from django import forms
from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import Q
from django.forms.models import BaseInlineFormSet, InlineForeignKeyField, construct_instance
from django.utils.translation import gettext_lazy as _

from .languages import generic_references
from .references import AnyRecordField, AnyRecordSelect, ReferenceSelect, any_record_field, key_of, name_of

# A refusal about more fields than this belongs to the form as a whole.
FEW_FIELDS = 3


if TYPE_CHECKING:

    class ModelForm(forms.ModelForm):
        """What Django's forms have for those who extend their validation; its stubs leave it out."""

        _validate_unique: bool

        def _get_validation_exclusions(self) -> set[str]: ...
        def _update_errors(self, errors: ValidationError) -> None: ...

    class InlineFormSet(BaseInlineFormSet):
        """The same for its sets of forms."""

        def _should_delete_form(self, form: forms.BaseForm) -> bool: ...
else:
    ModelForm, InlineFormSet = forms.ModelForm, BaseInlineFormSet


class PlainDecimalField(forms.DecimalField):
    """A number as people write it: without the zeros that fill its column."""

    def prepare_value(self, value: Any) -> Any:
        return format(value.normalize(), "f") if isinstance(value, Decimal) else value


class RecordForm(ModelForm):
    """A form that knows references to any record, and shows the refusal of a constraint where it can be mended."""

    refusal: ClassVar[dict[str, list[str]]] = {}
    """What the database refused at commit when these very values were written, by field."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name, field in self.fields.items():
            if isinstance(field, AnyRecordField):
                self.initial.setdefault(name, self._fetched(name))
            self._tell_names(name, getattr(field.widget, "widget", field.widget))

    def clean(self) -> dict[str, Any] | None:
        cleaned = super().clean()
        for reference in generic_references(self._meta.model):
            if reference.name in self.cleaned_data:
                setattr(self.instance, reference.name, self.cleaned_data[reference.name])
        for name, messages in self.refusal.items():
            self.add_error(name if name in self.fields else None, ValidationError(messages))
        return cleaned

    def _post_clean(self) -> None:
        """Django's own validation, except that each constraint's refusal goes to the field that it is about."""
        outside = self._get_validation_exclusions()
        parents = {name for name, field in self.fields.items() if isinstance(field, InlineForeignKeyField)}
        try:
            self.instance = construct_instance(self, self.instance, self._meta.fields, self._meta.exclude)
            self.instance.full_clean(exclude=outside | parents, validate_unique=False, validate_constraints=False)
        except ValidationError as refused:
            self._update_errors(refused)
        self._check_constraints()
        if self._validate_unique:
            self.validate_unique()

    def _check_constraints(self) -> None:
        exclude = self._without_value()
        for constraint in self._checked_constraints():
            try:
                constraint.validate(type(self.instance), self.instance, exclude=exclude)
            except ValidationError as refused:
                self.add_error(self._field_of(constraint), refused)

    def _without_value(self) -> set[str]:
        """What the form could not read, and what is filled in when the row is saved; all else has its value."""
        empty = {
            field.name
            for field in self.instance._meta.fields
            if not field.blank and getattr(self.instance, field.attname) in field.empty_values
        }
        return empty | (self._get_validation_exclusions() & set(self.fields))

    def _checked_constraints(self) -> Iterator[models.BaseConstraint]:
        yield from self.instance._meta.constraints

    def _field_of(self, constraint: models.BaseConstraint) -> str | None:
        """The last shown field that a constraint is about, in English where it is a bilingual text."""
        named: set[str] = set(getattr(constraint, "fields", ()))
        if isinstance(constraint, models.CheckConstraint):
            named |= Q(constraint.condition).referenced_base_fields
        shown = [name for name, field in self.fields.items() if name in named and not field.widget.is_hidden]
        if not shown or len(shown) > FEW_FIELDS:
            return None
        last = shown[-1]
        english = f"{last.removesuffix('_ar')}_en"
        return english if last.endswith("_ar") and english in shown else last

    def _fetched(self, name: str) -> models.Model | None:
        # A new row has no type yet, and asking it for its record would be a query for nothing.
        return getattr(self.instance, name) if self.instance.pk else None

    def _tell_names(self, name: str, widget: Any) -> None:
        """Tell a select the name of the record that the row refers to, where it was fetched with the row."""
        if isinstance(widget, AnyRecordSelect):
            row = self.initial.get(name)
            widget.known = {key_of(row): name_of(row)} if isinstance(row, models.Model) else None
        elif isinstance(widget, ReferenceSelect):
            row = self._meta.model._meta.get_field(name).get_cached_value(self.instance, default=None)
            widget.known = {str(row.pk): str(row)} if row is not None else None


class PartForm(RecordForm):
    """A row among its siblings; what compares them in their new order is asked of all of them together."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if "position" in self.fields:
            self.fields["position"].required = False
            # The order of the rows on the page says it.
            self.fields["position"].help_text = ""

    def _checked_constraints(self) -> Iterator[models.BaseConstraint]:
        for constraint in super()._checked_constraints():
            if getattr(constraint, "deferrable", None) is None:
                yield constraint


class PartFormSet(InlineFormSet):
    """The parts of a record: those without a position come last, and no two share one."""

    def clean(self) -> None:
        super().clean()
        kept = [form for form in self.forms if hasattr(form, "cleaned_data") and not self._should_delete_form(form)]
        placed = [form for form in kept if "position" in form.fields and (form.instance.pk or form.has_changed())]
        taken: set[int] = {form.cleaned_data["position"] for form in placed if form.cleaned_data.get("position")}
        for form in placed:
            if "position" in form.cleaned_data and form.cleaned_data["position"] is None:
                form.instance.position = max(taken, default=0) + 1
                taken.add(form.instance.position)

    def get_unique_error_message(self, unique_check: Any) -> str:
        if "position" in unique_check:
            return str(_("Two of these have the same position. Leave the position empty to put a row last."))
        return super().get_unique_error_message(unique_check)


def form_for(
    model: type[models.Model], shown: Collection[str], admin_site: Any, base: type[RecordForm]
) -> type[RecordForm]:
    """The form class of a model: ``base`` with a field for each shown reference to any record."""
    declared = {
        reference.name: any_record_field(reference, admin_site)
        for reference in generic_references(model)
        if reference.name in shown
    }
    return type(f"{model.__name__}Form", (base,), declared)
