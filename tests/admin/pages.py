"""The addresses of the desk, and its forms as a browser would send them back."""

from __future__ import annotations

from typing import Any

from django.db import models
from django.urls import reverse


def listing(model: type[models.Model]) -> str:
    return _address(model, "changelist")


def adding(model: type[models.Model]) -> str:
    return _address(model, "add")


def changing(row: models.Model) -> str:
    return _address(type(row), "change", row.pk)


def deleting(row: models.Model) -> str:
    return _address(type(row), "delete", row.pk)


def history(row: models.Model) -> str:
    return _address(type(row), "history", row.pk)


def version(row: models.Model, number: int) -> str:
    return _address(type(row), "version", row.pk, number)


def deleted(model: type[models.Model]) -> str:
    return _address(model, "deleted")


def _address(model: type[models.Model], page: str, *args: Any) -> str:
    return reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_{page}", args=args)


def form_data(page: Any, **typed: Any) -> dict[str, Any]:
    """What a browser sends when a curator opened this page, typed this, and pressed “Save”."""
    data: dict[str, Any] = {}
    forms = [page.context["adminform"].form]
    for inline in page.context["inline_admin_formsets"]:
        forms += [inline.formset.management_form, *inline.formset.forms]
    for form in forms:
        for bound in form:
            value = bound.value()
            widget = getattr(bound.field.widget, "widget", bound.field.widget)
            several = getattr(widget, "allow_multiple_selected", False)
            data[bound.html_name] = value if value is not None else [] if several else ""
    seen = page.context.get("seen")
    return {**data, **({"_revision": seen} if seen else {}), **typed}


def new_row(data: dict[str, Any], prefix: str, **typed: Any) -> dict[str, Any]:
    """The same, after “Add another” in the list of parts with this prefix and typing this in the new row."""
    number = int(data[f"{prefix}-TOTAL_FORMS"])
    return {
        **data,
        f"{prefix}-TOTAL_FORMS": number + 1,
        **{f"{prefix}-{number}-{name}": value for name, value in typed.items()},
    }


def errors(page: Any) -> dict[str, list[str]]:
    """What the page says is wrong, by the name of the field; the empty name stands for a form as a whole."""
    found: dict[str, list[str]] = {}
    forms = [page.context["adminform"].form]
    for inline in page.context["inline_admin_formsets"]:
        forms += inline.formset.forms
        if inline.formset.non_form_errors():
            found.setdefault("", []).extend(inline.formset.non_form_errors())
    for form in forms:
        for name, messages in form.errors.items():
            found.setdefault("" if name == "__all__" else form.add_prefix(name), []).extend(messages)
    return found
