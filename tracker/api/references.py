"""The records that a body holds and those that it refers to, found for all of its items at once.

A reference is otherwise looked up by its field, one query each; and an item can refer to one that comes after it only
if that has its id before any is written.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from django.db import models
from rest_framework import serializers

from tracker.api import collections
from tracker.api.fields import AnyReferenceField, ReferenceField
from tracker.api.loading import visible
from tracker.api.parts import reserve_ids

Slugs = dict[type[models.Model], dict[str, None]]


@dataclass
class Mentions:
    """Slugs by type of record, in the order in which a body has them."""

    held: Slugs = field(default_factory=lambda: defaultdict(dict))
    meant: Slugs = field(default_factory=lambda: defaultdict(dict))


def find_together(serializer: Any, bodies: Iterable[Any]) -> None:
    """Tell ``serializer`` which records ``bodies`` mean, before it validates them."""
    mentions = Mentions()
    for body in bodies:
        _collect(serializer, body, mentions)
    context = serializer.context
    context["declared"] = _declared(mentions.held)
    user = context["request"].user
    context["known"] = {
        (model, row.slug): row
        for model, slugs in mentions.meant.items()
        for row in visible(model, user).filter(slug__in=slugs)
    }


def _declared(held: Slugs) -> dict[tuple[type[models.Model], str], models.Model]:
    """The records that the bodies hold and that are not there yet, each with an id that it will have."""
    declared = {}
    for model, slugs in held.items():
        there = set(model._base_manager.filter(slug__in=slugs).values_list("slug", flat=True))
        new = [slug for slug in slugs if slug not in there]
        for slug, pk in zip(new, reserve_ids(model, len(new)), strict=True):
            declared[model, slug] = model(pk=pk, slug=slug)
    return declared


def _collect(serializer: Any, data: Any, mentions: Mentions) -> None:
    if not isinstance(data, Mapping):
        return
    if isinstance(data.get("slug"), str) and "slug" in serializer.fields:
        mentions.held[serializer.Meta.model][data["slug"]] = None
    for name, value in data.items():
        found = serializer.fields.get(name)
        if found is None or found.read_only:
            continue
        if isinstance(found, serializers.ListSerializer):
            for item in _items(value):
                _collect(found.child, item, mentions)
        elif isinstance(found, serializers.ManyRelatedField):
            for item in _items(value):
                _mean(found.child_relation, item, mentions)
        else:
            _mean(found, value, mentions)


def _items(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _mean(reference: Any, value: Any, mentions: Mentions) -> None:
    """Note a reference if it is well written; its field says what is wrong with any other."""
    if isinstance(reference, ReferenceField):
        slug = value.get("slug") if isinstance(value, Mapping) else value
        if isinstance(slug, str):
            referred: Any = reference.get_queryset()
            mentions.meant[referred.model][slug] = None
    elif isinstance(reference, AnyReferenceField) and isinstance(value, str):
        collection, _slash, slug = value.partition("/")
        model = collections.model_named(collection)
        if model is not None:
            mentions.meant[model][slug] = None
