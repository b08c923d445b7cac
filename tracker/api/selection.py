"""What a reader wants to see of each record: `fields`, `omit` and `expand`."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any

from django.utils.translation import gettext as _
from rest_framework import serializers
from rest_framework.request import Request

from tracker.api import collections
from tracker.api.collections import RecordModel
from tracker.api.fields import ReferenceField
from tracker.api.problem_types import InvalidParameters

PARAMETERS = frozenset({"fields", "omit", "expand"})
DEEPEST_EXPANSION = 2


def read_selection(request: Request, serializer_class: Any) -> dict[str, Any]:
    """The serializer context that the query asks for; raises InvalidParameters with the names that there are."""
    refused: dict[str, Any] = {}
    context: dict[str, Any] = {}
    for parameter in ("fields", "omit"):
        if parameter in request.query_params:
            known = field_names(serializer_class)
            names = _names(request, parameter)
            unknown = [name for name in names if name not in known]
            if unknown or not names:
                refused[parameter] = _unknown(unknown, known)
            context[parameter] = frozenset(names)
    if "expand" in request.query_params:
        tree: dict[str, Any] = {}
        paths = _names(request, "expand")
        if not paths:
            refused["expand"] = _unknown([], list(expandable(serializer_class)))
        for path in paths:
            problem = _grow(tree, serializer_class, path)
            if problem:
                refused["expand"] = problem
        context["expand"] = tree
    if refused:
        raise InvalidParameters(refused)
    return context


def _names(request: Request, parameter: str) -> list[str]:
    given = ",".join(request.query_params.getlist(parameter))
    return [name.strip() for name in given.split(",") if name.strip()]


def _unknown(unknown: list[str], known: list[str]) -> serializers.ErrorDetail:
    message = _("Unknown: %(unknown)s. There are: %(known)s.")
    values = {"unknown": ", ".join(unknown)[:200] or "–", "known": ", ".join(known)}
    return serializers.ErrorDetail(message % values, code="unknown_field")


def _grow(tree: dict[str, Any], serializer_class: Any, path: str) -> serializers.ErrorDetail | None:
    """Add one dotted path to the tree of what to expand, or say why not."""
    steps = path.split(".")
    if len(steps) > DEEPEST_EXPANSION:
        message = _("“%(path)s” is too deep: expand at most two levels, for example “lead.parent”.")
        return serializers.ErrorDetail(message % {"path": path[:200]}, code="too_deep")
    for step in steps:
        targets = expandable(serializer_class)
        if step not in targets:
            return _unknown([path], list(targets))
        tree = tree.setdefault(step, {})
        serializer_class = collections.viewset_of(targets[step]).serializer_class
    return None


@cache
def field_names(serializer_class: Any) -> list[str]:
    """The fields that a record can be shown with, as they are declared."""
    return list(serializer_class().fields)


@cache
def expandable(serializer_class: Any) -> Mapping[str, RecordModel]:
    """The references of a record that can be expanded, each with the model that it names."""
    model = serializer_class.Meta.model
    found = {}
    for name, field in serializer_class().fields.items():
        relation = field.child_relation if isinstance(field, serializers.ManyRelatedField) else field
        if isinstance(relation, ReferenceField):
            target = model._meta.get_field(field.source).related_model
            if collections.has_collection(target):
                found[name] = target
    return found
