"""Ratings in the admin: curators read them, and say which comments are shown; and the counts that came of them."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db import models
from django.http import HttpRequest
from django.utils.text import Truncator
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from initiatives.models import HappinessCount, Rating, WaitingRatings

from .records import RegistryAdmin

LIST_SHOWS = 120


class ReadOnly:
    """What people said stays as they said it."""

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


@admin.action(description=gettext_lazy("Show the comments to everybody"), permissions=["moderate"])
def show_comments(model_admin: Any, request: HttpRequest, queryset: models.QuerySet[Any]) -> None:
    """Let everybody read the comments of the selected ratings."""
    count = _moderate(model_admin, request, queryset, Rating.CommentState.SHOWN, _("Comment shown."))
    text = ngettext("%(count)d comment is shown now.", "%(count)d comments are shown now.", count)
    model_admin.message_user(request, text % {"count": count})


@admin.action(description=gettext_lazy("Refuse the comments"), permissions=["moderate"])
def refuse_comments(model_admin: Any, request: HttpRequest, queryset: models.QuerySet[Any]) -> None:
    """Let nobody but curators read the comments of the selected ratings."""
    count = _moderate(model_admin, request, queryset, Rating.CommentState.REFUSED, _("Comment refused."))
    text = ngettext("%(count)d comment is refused.", "%(count)d comments are refused.", count)
    model_admin.message_user(request, text % {"count": count})


def _moderate(
    model_admin: Any, request: HttpRequest, queryset: models.QuerySet[Any], state: Rating.CommentState, done: str
) -> int:
    """Say it of all that have a comment; how many these are."""
    rows = list(queryset.exclude(comment=""))
    Rating.objects.filter(pk__in=[row.pk for row in rows]).moderate(state)
    for row in rows:
        model_admin.log_change(request, row, done)
    return len(rows)


@admin.display(description=gettext_lazy("comment"), empty_value="")
def comment_in_short(row: Rating) -> str | None:
    """As much of a comment as a list has room for."""
    return Truncator(row.comment).chars(LIST_SHOWS) or None


@admin.register(Rating)
class RatingAdmin(ReadOnly, RegistryAdmin):
    """Ratings, of which only the comments' state is anybody's to say: of curators who may change ratings."""

    columns = ("score", "channel", comment_in_short, "comment_state", "day")
    filters = ("comment_state", "score", "channel", "day")
    beside = (("score", "channel"),)
    actions = (show_comments, refuse_comments)
    # Of ten million ratings nobody wants to know how many the filter leaves out.
    show_full_result_count = False

    def get_search_fields(self, request: HttpRequest) -> list[str]:
        return ["comment", *super().get_search_fields(request)]

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> list[Any]:
        fields = ("smart_service", ("score", "channel"), "comment", ("comment_state", "day"))
        return [(None, {"fields": fields})]

    def has_moderate_permission(self, request: HttpRequest) -> bool:
        return bool(request.user.has_perm("initiatives.change_rating"))


@admin.register(HappinessCount)
class HappinessCountAdmin(ReadOnly, RegistryAdmin):
    columns = ("period", "start", "happy", "neutral", "unhappy")
    filters = ("period", "start")

    def naming_columns(self) -> tuple[str, ...]:
        return ("smart_service",)

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> list[Any]:
        return [(None, {"fields": ("smart_service", ("period", "start"), ("happy", "neutral", "unhappy"))})]


@admin.register(WaitingRatings)
class WaitingRatingsAdmin(ReadOnly, RegistryAdmin):
    columns = ("commented", "happy", "neutral", "unhappy")
    filters = ("commented",)

    def naming_columns(self) -> tuple[str, ...]:
        return ("smart_service",)

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> list[Any]:
        return [(None, {"fields": ("smart_service", "commented", ("happy", "neutral", "unhappy"))})]
