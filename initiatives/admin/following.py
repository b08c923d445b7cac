"""Who follows what, and how far they have read, in the admin."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.http import HttpRequest

from initiatives.models import FeedReader, Follow

from .records import RegistryAdmin


@admin.register(Follow)
class FollowAdmin(RegistryAdmin):
    """People follow for themselves: here one sees it, and may end it."""

    columns = ("content_type", "slug", "created_at")
    filters = ("content_type",)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def get_search_fields(self, request: HttpRequest) -> list[str]:
        return ["slug", "user__username"]


@admin.register(FeedReader)
class FeedReaderAdmin(RegistryAdmin):
    columns = ("digest", "language", "digested_on")
    filters = ("digest", "language")
    beside = (("user", "seen"), ("digest", "language"))

    def bookkeeping(self, row: Any) -> tuple[str, ...]:
        return ("digested", "digested_on", *super().bookkeeping(row))

    def get_search_fields(self, request: HttpRequest) -> list[str]:
        return ["user__username"]
