"""Two curators in one record: the second is shown what the first changed, and neither loses anything.

A form carries the revision that its reader has seen. Where the record has moved on by the time it is sent, nothing is
written: the form comes back with all that was typed, upon what the record is by now, and says what has changed.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import partial
from typing import Any, ClassVar

from django.contrib import messages
from django.contrib.admin.helpers import ActionForm
from django.contrib.admin.utils import quote
from django.db import transaction
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, QueryDict
from django.template.response import TemplateResponse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from tracker.api.whole_writes import retried
from tracker.history.change_log import places_of_record
from tracker.history.time_travel import current_revision
from tracker.history.versions import last_revisions_of

from .history import History, seen_in
from .merging import Merged, as_new, merge
from .reasons import ReasonedActionForm, take_reason
from .refusals import REFUSAL
from .telling import ToldRevision, tell_revisions

# Where a request carries the fields that two curators have changed.
CONFLICTS = "initiatives.conflicts"
BOTH = gettext_lazy(
    "Somebody else has changed this as well; see above. What stands here is yours, and saving keeps it."
)


class Versioned(History):
    """The admin of a model under version control."""

    action_form: ClassVar[type[ActionForm]] = ReasonedActionForm
    change_form_template = "admin/versioned_change_form.html"
    delete_confirmation_template = "admin/versioned_delete_confirmation.html"
    delete_selected_confirmation_template = "admin/versioned_delete_selected_confirmation.html"

    def changeform_view(
        self, request: HttpRequest, object_id: str | None = None, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        take_reason(request)
        edit = partial(self._edit, request, request.POST, object_id, form_url, extra_context or {})
        return retried(edit)  # type: ignore[return-value]

    def _edit(
        self, request: HttpRequest, typed: QueryDict, object_id: str | None, form_url: str, extra_context: Any
    ) -> HttpResponse:
        """Show the form, or write it, as one transaction; asked again when that met another one."""
        request.META.pop(REFUSAL, None)
        pk = self.pk_of(object_id)
        with transaction.atomic():
            context = dict(extra_context)
            if request.method == "POST" and pk is not None:
                request.POST = typed  # type: ignore[assignment]
                self._lock(pk, request)
            if pk is not None:
                # Before the record is read: what comes in between is then told of once more, and never overlooked.
                context["seen"] = last_revisions_of(self.model, [pk])[pk]
                seen = seen_in(request) if request.method == "POST" else None
                if seen is not None and seen < context["seen"] and self.has_change_permission(request):
                    context["meanwhile"] = self._told_since(pk, seen, request)
                    if self.model._base_manager.filter(pk=pk).exists():
                        self._merge(request, merge(self, request, pk, seen))
                    elif self.has_add_permission(request):
                        context["was_deleted"] = self.page_of("history", quote(pk))
                        self._begin_anew(request)
                        object_id, form_url = None, self.page_of("add")
            return super().changeform_view(request, object_id, form_url, context)

    def _lock(self, pk: int, request: HttpRequest) -> None:
        """Keep others from changing what this form may overwrite until it has; the record first, as everywhere."""
        row = _locked(self.model, [pk])
        for form_set, _inline in self.get_formsets_with_inlines(request, row[0] if row else None):
            key = re.compile(rf"{re.escape(form_set.get_default_prefix())}-\d+-{form_set.model._meta.pk.name}")
            given = {value for name, value in request.POST.items() if key.fullmatch(name)}
            _locked(form_set.model, [number for value in given if (number := self.pk_of(str(value)))])

    def _told_since(self, pk: int, seen: int, request: HttpRequest) -> list[ToldRevision]:
        places = places_of_record(self.model, pk, current_revision())
        return tell_revisions([place for place in places if place.number > seen], request)

    def _merge(self, request: HttpRequest, merged: Merged) -> None:
        message = _("Somebody else has changed this record meanwhile; nothing is saved yet. Look at it and save again.")
        _come_back(request, merged.data, {"": [message], **{name: [BOTH] for name in merged.conflicts[""]}})
        request.META[CONFLICTS] = merged.conflicts

    def _begin_anew(self, request: HttpRequest) -> None:
        message = _("This record was deleted meanwhile. What you typed is still here; saving makes a new record of it.")
        _come_back(request, as_new(self, request), {"": [message]})

    def get_inline_formsets(
        self, request: HttpRequest, formsets: Any, inline_instances: Any, obj: Any = None, **kwargs: Any
    ) -> Any:
        conflicts = request.META.get(CONFLICTS, {})
        for form in (form for form_set in formsets for form in form_set.forms):
            for name in conflicts.get(f"{form.prefix}-", ()):
                form.add_error(name, BOTH)
        return super().get_inline_formsets(request, formsets, inline_instances, obj, **kwargs)

    def delete_view(self, request: HttpRequest, object_id: str, extra_context: Any = None) -> HttpResponse:
        take_reason(request)
        return retried(partial(self._delete, request, object_id, extra_context or {}))  # type: ignore[return-value]

    def _delete(self, request: HttpRequest, object_id: str, extra_context: Any) -> HttpResponse:
        pk = self.pk_of(object_id)
        with transaction.atomic():
            if request.method == "POST" and pk is not None:
                _locked(self.model, [pk])
            last = last_revisions_of(self.model, [pk])[pk] if pk is not None else 0
            seen = seen_in(request) if request.method == "POST" else None
            if seen is not None and seen < last:
                message = _("Somebody else has changed this record meanwhile. Look at it before you delete it.")
                self.message_user(request, message, messages.WARNING)
                return HttpResponseRedirect(self.page_of("history", object_id))
            return super().delete_view(request, object_id, {"seen": last, **extra_context})

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        take_reason(request)
        if request.method != "POST":
            return super().changelist_view(request, extra_context)
        # Before the records that a page asks about are read: what comes in between is then asked of once more.
        now = current_revision()
        try:
            page = super().changelist_view(request, extra_context)
        except ChangedMeanwhileError as changed:
            message = _("Somebody else has changed “%(record)s” meanwhile. Nothing was deleted; look at it again.")
            self.message_user(request, message % {"record": changed.record}, messages.WARNING)
            return HttpResponseRedirect(request.get_full_path())
        if isinstance(page, TemplateResponse) and page.context_data is not None:
            page.context_data["seen"] = now
        return page

    def delete_queryset(self, request: HttpRequest, queryset: Any) -> None:
        """Delete the chosen records; raises ChangedMeanwhileError where one is no longer what its reader has seen."""
        rows = {row.pk: row for row in _locked(self.model, queryset.values_list("pk", flat=True))}
        seen = seen_in(request)
        for pk, last in last_revisions_of(self.model, list(rows)).items():
            if seen is not None and seen < last:
                raise ChangedMeanwhileError(rows[pk])
        super().delete_queryset(request, queryset)


class ChangedMeanwhileError(Exception):
    """Somebody else has changed a record between the question and the answer."""

    def __init__(self, record: Any) -> None:
        self.record = record
        super().__init__(record)


def _locked(model: Any, pks: Iterable[int]) -> list[Any]:
    return list(model._base_manager.filter(pk__in=pks).order_by("pk").select_for_update(no_key=True))


def _come_back(request: Any, data: QueryDict, refusal: dict[str, list[Any]]) -> None:
    """Have the form show this, and what stands in the way of saving it."""
    request.POST = data
    request.META[REFUSAL] = refusal
