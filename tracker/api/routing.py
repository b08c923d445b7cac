"""Addresses of collections. Apart from ``collections``, which DRF's settings reach before its views are loaded."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rest_framework.routers import DefaultRouter, Route

from tracker.api import collections

if TYPE_CHECKING:
    from tracker.api.viewsets import RecordViewSet


MANY = {"patch": "partial_update_many", "delete": "destroy_many"}


class CollectionRouter(DefaultRouter):
    """Routes a viewset under the collection name that its model declares; a collection takes lists of changes too."""

    routes = [
        route._replace(mapping={**route.mapping, **MANY})
        if isinstance(route, Route) and route.name == "{basename}-list"
        else route
        for route in DefaultRouter.routes
    ]
    include_root_view = False
    # `?format=` and the Accept header choose a format; an address has one path.
    include_format_suffixes = False

    def register_collection(self, viewset: type[RecordViewSet]) -> None:
        name = collections.register(viewset)
        self.register(name, viewset, basename=name)
