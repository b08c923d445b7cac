"""For ``manage.py check``: whether PostgreSQL can write a collection, field by field, however wide one asks for it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.contrib.auth.models import AnonymousUser
from django.core.checks import CheckMessage, Error
from django.core.exceptions import FieldError

from tracker.api.json_forms import NotCompilableError, form_of, projected
from tracker.api.json_text import JsonObject
from tracker.api.selection import expandable


def uncompilable(serializer_class: Any) -> Iterator[CheckMessage]:
    """An error for each field of which PostgreSQL cannot be told how to write it."""
    expanded: dict[str, Any] = {name: {} for name in expandable(serializer_class)}
    for selection in ({}, {"expand": expanded}):
        serializer = serializer_class(context=selection)
        for name, field in serializer.fields.items():
            if selection and name not in expanded:
                continue
            try:
                _compile(serializer.Meta.model, name, field)
            except NotCompilableError as refused:
                yield Error(str(refused), hint=refused.remedy, obj=serializer_class, id="api.E001")
            except FieldError as refused:
                text = f"{serializer_class.__name__}.{name}: {refused}"
                yield Error(text, hint=NotCompilableError.remedy, obj=serializer_class, id="api.E002")


def _compile(model: Any, name: str, field: Any) -> None:
    rows = model._default_manager.all().with_computed()
    # Only the rows' query resolves what an expression names.
    projected(rows, JsonObject({name: form_of(field, field.source, model, AnonymousUser())}))
