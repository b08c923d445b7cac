"""One curator's form upon another's changes: what the form's sender did not touch becomes what it is by now."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator
from contextlib import nullcontext
from dataclasses import dataclass, field
from typing import Any

from django.contrib.admin.utils import flatten_fieldsets
from django.forms import CheckboxInput
from django.forms.formsets import DELETION_FIELD_NAME, INITIAL_FORM_COUNT, TOTAL_FORM_COUNT
from django.http import HttpRequest, QueryDict
from django.utils.datastructures import MultiValueDict

from tracker.history.time_travel import as_of

Values = dict[str, list[str]]


@dataclass(frozen=True)
class Form:
    """What a form's sender changed of a row, and what the row was before."""

    initial: Values
    changed: frozenset[str]


@dataclass
class Merged:
    """The form to show again: all that was typed, upon what the record is by now."""

    data: QueryDict
    conflicts: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    """The fields that both have changed, each to something else, by the prefix of their form; the record's has none."""


def merge(model_admin: Any, request: HttpRequest, pk: int, seen: int) -> Merged:
    """Put what was typed by somebody who had seen the record at revision ``seen`` upon the record as it is now."""
    rows = model_admin.model._base_manager
    with as_of(seen, unrestricted=True) if seen else nullcontext():
        row = rows.filter(pk=pk).first() or model_admin.model(pk=pk)
        then = _Page(model_admin, request, row)
    now = _Page(model_admin, request, rows.get(pk=pk))
    merged = Merged(request.POST.copy())
    _merge_form(merged, "", "", then.form, now.form, request.POST)
    for prefix in now.sets:
        _merge_set(merged, prefix, then.sets[prefix], now.sets[prefix], request.POST)
    return merged


def as_new(model_admin: Any, request: HttpRequest) -> QueryDict:
    """What was typed, as the form of a record that is not there yet."""
    data = request.POST.copy()
    for prefix, form_set, _inline in _form_sets(model_admin, request, None):
        data[f"{prefix}-{INITIAL_FORM_COUNT}"] = "0"
        parent = getattr(getattr(form_set, "fk", None), "name", "")
        for key in list(data):
            if re.fullmatch(rf"{re.escape(prefix)}-\d+-({form_set.model._meta.pk.name}|{parent})", key):
                data[key] = ""
    return data


class _Set:
    """The parts of a record in a form: as sent, and as they are at the moment of reading."""

    def __init__(self, sent: Any, unsent: Any) -> None:
        self.key = sent.model._meta.pk.name
        posted = sent.forms[: sent.initial_form_count()]
        self.count = len(sent.forms)
        self.posted: list[int | None] = [form.instance.pk for form in posted]
        self.forms = [_read(form) for form in posted]
        self.rows = {form.instance.pk: _read(form) for form in unsent.initial_forms}


class _Page:
    """All forms of a record's page, as sent, over the record at the moment of reading."""

    def __init__(self, model_admin: Any, request: HttpRequest, row: Any) -> None:
        shown = flatten_fieldsets(model_admin.get_fieldsets(request, row))
        form = model_admin.get_form(request, row, change=True, fields=shown)
        self.form = _read(form(request.POST, request.FILES, instance=row))
        self.sets = {
            prefix: _Set(
                form_set(
                    request.POST, request.FILES, instance=row, prefix=prefix, queryset=inline.get_queryset(request)
                ),
                form_set(instance=row, prefix=prefix, queryset=inline.get_queryset(request)),
            )
            for prefix, form_set, inline in _form_sets(model_admin, request, row)
            if inline.has_change_permission(request, row)
        }


def _form_sets(model_admin: Any, request: HttpRequest, row: Any) -> Iterator[tuple[str, Any, Any]]:
    """The lists of parts with the prefixes that Django gives them on the page."""
    times: dict[str, int] = {}
    for form_set, inline in model_admin.get_formsets_with_inlines(request, row):
        prefix = form_set.get_default_prefix()
        times[prefix] = times.get(prefix, 0) + 1
        yield (prefix if times[prefix] == 1 else f"{prefix}-{times[prefix]}"), form_set, inline


def _read(form: Any) -> Form:
    names = [name for name in form.fields if name != DELETION_FIELD_NAME]
    changed = form.changed_data if form.is_bound else ()
    return Form({name: _sent(form[name]) for name in names}, frozenset(changed) - {DELETION_FIELD_NAME})


def _sent(bound: Any) -> list[str]:
    """What a browser sends for a field that nobody touched."""
    value = bound.field.prepare_value(bound.initial)
    widget = getattr(bound.field.widget, "widget", bound.field.widget)
    if isinstance(widget, CheckboxInput):
        return ["on"] if widget.check_test(value) else []
    shown = widget.format_value(value)
    if isinstance(shown, (list, tuple)):
        return [str(each) for each in shown]
    return [""] if shown is None else [str(shown)]


def _merge_form(merged: Merged, old_prefix: str, prefix: str, then: Form, now: Form, typed: QueryDict) -> None:
    for name, value in now.initial.items():
        if name not in then.changed:
            _put(merged.data, prefix + name, value)
            continue
        _put(merged.data, prefix + name, [str(value) for value in typed.getlist(old_prefix + name)])
        if name in now.changed and then.initial.get(name) != value:
            merged.conflicts[prefix].add(name)


def _merge_set(merged: Merged, prefix: str, then: _Set, now: _Set, typed: QueryDict) -> None:
    """Rows that are there by now first, then what was typed as new, or into rows that are gone by now."""
    data = merged.data
    for key in [key for key in data if re.match(rf"{re.escape(prefix)}-\d+-", key)]:
        del data[key]
    place = 0
    added: list[int] = []
    known = {pk for pk in now.posted if pk is not None}
    for index, (old, new) in enumerate(zip(then.forms, now.forms, strict=True)):
        is_marked = CheckboxInput().value_from_datadict(
            typed, MultiValueDict(), f"{prefix}-{index}-{DELETION_FIELD_NAME}"
        )
        if now.posted[index] is None:
            added += [index] if old.changed - {now.key} and not is_marked else []
            continue
        # Without a row to compare with, whatever is not as it is now counts as typed.
        old = old if then.posted[index] is not None else new
        _merge_form(merged, f"{prefix}-{index}-", f"{prefix}-{place}-", old, new, typed)
        if is_marked:
            data[f"{prefix}-{place}-{DELETION_FIELD_NAME}"] = "on"
        place += 1
    for pk in [pk for pk in now.rows if pk not in known]:
        for name, value in now.rows[pk].initial.items():
            _put(data, f"{prefix}-{place}-{name}", value)
        place += 1
    data[f"{prefix}-{INITIAL_FORM_COUNT}"] = str(place)
    for index in [*added, *range(len(now.forms), now.count)]:
        _copy(data, f"{prefix}-{place}-", f"{prefix}-{index}-", typed)
        if index in added:
            data[f"{prefix}-{place}-{now.key}"] = ""
        place += 1
    data[f"{prefix}-{TOTAL_FORM_COUNT}"] = str(place)


def _copy(data: QueryDict, prefix: str, old_prefix: str, typed: QueryDict) -> None:
    for key, values in typed.lists():
        if key.startswith(old_prefix):
            _put(data, prefix + key.removeprefix(old_prefix), [str(value) for value in values])


def _put(data: QueryDict, key: str, values: list[str]) -> None:
    if values:
        data.setlist(key, values)
    else:
        data.pop(key, None)
