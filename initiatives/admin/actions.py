"""What curators do to several records at once: publish, return, withdraw, merge."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import models, transaction
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from rest_framework.exceptions import APIException

from initiatives import workflow

from .reasons import REASON


@admin.action(description=gettext_lazy("Publish: let everybody read them"), permissions=["change"])
def publish(model_admin: Any, request: HttpRequest, queryset: models.QuerySet[Any]) -> None:
    """Let everybody read the selected records, or make them what their next versions say."""
    done = take_step(model_admin, request, queryset, workflow.approve, _("Published."))
    model_admin.message_user(request, ngettext("%(count)d published.", "%(count)d published.", done) % {"count": done})


@admin.action(description=gettext_lazy("Return to the authors, for the reason given"), permissions=["change"])
def return_for_changes(model_admin: Any, request: HttpRequest, queryset: models.QuerySet[Any]) -> None:
    """Give the selected records, which are in review, back to their authors."""
    done = take_step(model_admin, request, queryset, workflow.return_for_changes, _("Returned."))
    model_admin.message_user(request, ngettext("%(count)d returned.", "%(count)d returned.", done) % {"count": done})


@admin.action(description=gettext_lazy("Withdraw: take them from the public's sight"), permissions=["change"])
def withdraw(model_admin: Any, request: HttpRequest, queryset: models.QuerySet[Any]) -> None:
    """Take the selected records from the public's sight, or out of the review."""
    done = take_step(model_admin, request, queryset, workflow.withdraw, _("Withdrawn."))
    model_admin.message_user(request, ngettext("%(count)d withdrawn.", "%(count)d withdrawn.", done) % {"count": done})


def take_step(
    model_admin: Any, request: HttpRequest, rows: Iterable[Any], step: Callable[..., None], words: str
) -> int:
    """Take a step of publication with each row, for the reason that the form gives; with how many it was taken.

    What one of them is refused for is said, and keeps none of the others.
    """
    comment = request.POST.get(REASON, "").replace("\x00", "").strip()
    done = 0
    for row in rows:
        try:
            with transaction.atomic():
                step(record=row, by=request.user, comment=comment)
        except (ValidationError, PermissionDenied, APIException) as refused:
            model_admin.message_user(request, f"{row}: {_words_of(refused)}", messages.ERROR)
        else:
            model_admin.log_change(request, row, words)
            done += 1
    return done


def _words_of(refused: Exception) -> str:
    if isinstance(refused, ValidationError):
        return " ".join(refused.messages)
    return str(getattr(refused, "detail", refused))


# Only for what has a publication state.
PUBLISHING = ("publish", "return_for_changes", "withdraw")


@admin.action(description=gettext_lazy("Merge: one stays, the others lead to it"), permissions=["change"])
def merge(model_admin: Any, request: HttpRequest, queryset: models.QuerySet[Any]) -> HttpResponse | None:
    """Ask which of the selected records stays; merge the others into it."""
    rows = list(queryset)
    staying = next((row for row in rows if str(row.pk) == request.POST.get("into")), None)
    if len(rows) < 2:
        model_admin.message_user(request, _("Select the duplicates and the record that stays."), messages.WARNING)
        return None
    if staying is None:
        return _ask_which_stays(model_admin, request, rows)
    for row in rows:
        if row != staying:
            try:
                workflow.merge(duplicate=row, into=staying)
            except ValidationError as refused:
                model_admin.message_user(request, f"{row}: {' '.join(refused.messages)}", messages.ERROR)
            else:
                model_admin.log_change(request, row, _("Merged into “%(slug)s”.") % {"slug": staying.slug})
                text = _("“%(merged)s” now leads to “%(into)s”.") % {"merged": row, "into": staying}
                model_admin.message_user(request, text)
    return None


def _ask_which_stays(model_admin: Any, request: HttpRequest, rows: list[models.Model]) -> HttpResponse:
    context = {
        **model_admin.admin_site.each_context(request),
        "title": _("Which of these stays?"),
        "opts": model_admin.opts,
        "rows": rows,
        "media": model_admin.media,
    }
    return TemplateResponse(request, "admin/merge_confirmation.html", context)
