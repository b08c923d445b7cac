"""What the scopes of tokens can name: every collection of the API, and what it serves besides, as its views call it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import cache
from typing import Any

from django.core.exceptions import ValidationError
from django.urls import URLPattern, URLResolver, get_resolver
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from tracker.api import collections

VERBS = ("read", "write")
EVERYTHING = ("*", "*:read")


def scope_names() -> tuple[str, ...]:
    """The names before the colon, in the order of the addresses."""
    return tuple(_views(get_resolver()))


def scope_choices() -> list[tuple[Any, Any]]:
    """All scopes for people to choose from, those of a collection under its name."""
    everything = [("*", _("Read and write everything")), ("*:read", _("Read everything"))]
    words = {"read": pgettext("scope", "read"), "write": pgettext("scope", "read and write")}
    by_name = [
        (_title_of(name, view), [(f"{name}:{verb}", words[verb]) for verb in VERBS])
        for name, view in _views(get_resolver()).items()
    ]
    return [*everything, *by_name]


def refuse_unknown_scopes(scopes: Iterable[str]) -> None:
    """Raise ValidationError for scopes that reach nothing."""
    known = {*EVERYTHING, "*:write", *(f"{name}:{verb}" for name in scope_names() for verb in VERBS)}
    unknown = [scope for scope in scopes if scope not in known]
    if unknown:
        message = _("There is no scope “%(scopes)s”. A scope is *, or one of these with :read or :write: %(known)s.")
        values = {"scopes": ", ".join(unknown)[:200], "known": ", ".join(("*", *scope_names()))}
        raise ValidationError(message % values, "unknown_scope")


@cache
def _views(resolver: URLResolver) -> dict[str, Any]:
    """The first view of each name."""
    found: dict[str, Any] = {}
    for name, view in _named(resolver.url_patterns):
        found.setdefault(name, view)
    return found


def _named(patterns: Iterable[Any]) -> Iterator[tuple[str, Any]]:
    for each in patterns:
        if isinstance(each, URLResolver):
            yield from _named(each.url_patterns)
        elif isinstance(each, URLPattern):
            view: Any = getattr(each.callback, "cls", None)
            options = getattr(each.callback, "initkwargs", {})
            name = getattr(view, "collection", None) or options.get("basename")
            if name:
                yield name, view


def _title_of(name: str, view: Any) -> str:
    model: Any = collections.model_named(name) or getattr(getattr(view, "queryset", None), "model", None)
    return capfirst(str(model._meta.verbose_name_plural) if model else _(name))
