"""Addresses of collections. Apart from ``collections``, which DRF's settings reach before its views are loaded."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rest_framework.routers import DefaultRouter

from tracker.api import collections

if TYPE_CHECKING:
    from tracker.api.viewsets import RecordViewSet


class CollectionRouter(DefaultRouter):
    """Routes a viewset under the collection name that its model declares."""

    include_root_view = False
    # `?format=` and the Accept header choose a format; an address has one path.
    include_format_suffixes = False

    def register_collection(self, viewset: type[RecordViewSet]) -> None:
        name = collections.register(viewset)
        self.register(name, viewset, basename=name)
