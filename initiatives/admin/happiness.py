"""Ratings in the admin: to be read only."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.http import HttpRequest

from initiatives.models import Rating

from .records import RegistryAdmin


@admin.register(Rating)
class RatingAdmin(RegistryAdmin):
    """What people said stays as they said it."""

    columns = ("score", "channel", "rated_at")
    filters = ("score", "channel", "smart_service", "rated_at")
    beside = (("score", "channel"),)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False
