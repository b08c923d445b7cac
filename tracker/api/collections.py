"""The API's collections by name and by model: how references find the address and the serializer of what they name."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import TYPE_CHECKING, Any, TypeAlias

from django.urls import reverse

if TYPE_CHECKING:
    from tracker.api.viewsets import RecordViewSet

# A model of records: it says its `collection` and its `label`, and its query sets know `visible_to`,
# `with_computed` and `everybody_sees_all`. Models get these from the domain, which the machinery does not know.
RecordModel: TypeAlias = Any

_viewsets: dict[str, type[RecordViewSet]] = {}


def register(viewset: type[RecordViewSet]) -> str:
    """Make the viewset serve the collection that its model declares; the collection's name."""
    name = str(model_of(viewset).collection)
    _viewsets[name] = viewset
    return name


def model_of(viewset: type[RecordViewSet]) -> RecordModel:
    return viewset.serializer_class.Meta.model


def names() -> list[str]:
    """The names of all collections of records, in the order of the API's root."""
    return list(_viewsets)


def viewsets() -> Iterator[type[RecordViewSet]]:
    return iter(_viewsets.values())


def viewset_of(model: RecordModel) -> type[RecordViewSet]:
    """The viewset that serves records of this model."""
    return _viewsets[model.collection]


def has_collection(model: RecordModel) -> bool:
    """Whether records of this model have addresses of their own."""
    return getattr(model, "collection", None) in _viewsets


def model_named(collection: str) -> RecordModel | None:
    """The model whose records the collection of this name holds."""
    viewset = _viewsets.get(collection)
    return model_of(viewset) if viewset else None


@cache
def path_of(model: RecordModel) -> str:
    """The path of the collection that holds records of this model."""
    return reverse(f"{model.collection}-list")
