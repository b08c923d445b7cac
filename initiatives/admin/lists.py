"""Form fields for columns that hold several values: ticks where there are choices, else one value a line."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib.postgres.fields import ArrayField
from django.core.exceptions import ValidationError
from django.utils.text import capfirst, format_lazy
from django.utils.translation import gettext_lazy as _


class LinesField(forms.CharField):
    """A list of texts, one a line."""

    def __init__(self, *, item: Any, **kwargs: Any) -> None:
        self.item = item
        super().__init__(widget=forms.Textarea(attrs={"rows": 2, "class": "vLargeTextField"}), **kwargs)

    def prepare_value(self, value: Any) -> Any:
        return "\n".join(value) if isinstance(value, list) else value

    def clean(self, value: Any) -> list[str]:
        return [self._cleaned(line) for line in super().clean(value).splitlines() if line.strip()]

    def has_changed(self, initial: Any, data: Any) -> bool:
        return (initial or []) != [line.strip() for line in (data or "").splitlines() if line.strip()]

    def _cleaned(self, line: str) -> str:
        try:
            return str(self.item.clean(line.strip(), None))
        except ValidationError as refused:
            raise ValidationError([f"“{line.strip()}”: {message}" for message in refused.messages]) from None


def list_field(column: ArrayField) -> forms.Field:
    """The form field for a column that holds several values."""
    common: dict[str, Any] = {"label": capfirst(str(column.verbose_name)), "required": not column.blank}
    choices = column.base_field.choices
    if choices:
        ticks = forms.CheckboxSelectMultiple
        return forms.MultipleChoiceField(choices=choices, widget=ticks, help_text=column.help_text, **common)
    help_text = format_lazy("{} {}", _("One a line."), column.help_text)
    return LinesField(item=column.base_field, help_text=help_text, **common)
