"""What curators do to several records at once: publish, withdraw, merge."""

from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import ValidationError
from django.db import models
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from initiatives import workflow


@admin.action(description=gettext_lazy("Publish: let everybody read them"), permissions=["change"])
def publish(model_admin: Any, request: HttpRequest, queryset: models.QuerySet[Any]) -> None:
    """Let everybody read the selected records."""
    for row in queryset:
        row.publish()
        model_admin.log_change(request, row, _("Published."))
    model_admin.message_user(
        request, ngettext("%(count)d published.", "%(count)d published.", len(queryset)) % {"count": len(queryset)}
    )


@admin.action(description=gettext_lazy("Withdraw: take them from the public's sight"), permissions=["change"])
def withdraw(model_admin: Any, request: HttpRequest, queryset: models.QuerySet[Any]) -> None:
    """Take the selected records from the public's sight."""
    for row in queryset:
        row.withdraw()
        model_admin.log_change(request, row, _("Withdrawn."))
    model_admin.message_user(
        request, ngettext("%(count)d withdrawn.", "%(count)d withdrawn.", len(queryset)) % {"count": len(queryset)}
    )


# Only for what has a publication state.
PUBLISHING = ("publish", "withdraw")


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
