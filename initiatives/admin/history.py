"""A record's history on the desk: who changed what, when and why; the way back; and what was deleted."""

from __future__ import annotations

from typing import Any, NamedTuple

from django.contrib import admin, messages
from django.contrib.admin.utils import quote, unquote
from django.contrib.admin.views.main import PAGE_VAR, SEARCH_VAR
from django.core.exceptions import PermissionDenied, ValidationError
from django.core.paginator import Paginator
from django.db import models, transaction
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from tracker.api.problem_types import Problem
from tracker.history.change_log import Place, places_of_record, versions_at
from tracker.history.comparison import compare
from tracker.history.deleted import deleted_rows
from tracker.history.naming import EVER
from tracker.history.restore import restore
from tracker.history.time_travel import current_revision
from tracker.history.versions import last_revisions_of

from .reasons import take_reason
from .telling import names_of, tell_changes, tell_revisions

REVISIONS_PER_PAGE = 20
DELETED_PER_PAGE = 50
LARGEST_ID = 2**63 - 1
# In the forms: the revision that whoever fills them in has seen.
SEEN = "_revision"


class Subject(NamedTuple):
    """A row that is there, or was."""

    pk: int
    row: models.Model | None
    name: str


def seen_in(request: HttpRequest) -> int | None:
    """The revision that the sender of a form had seen; None where the form does not say."""
    given = request.POST.get(SEEN, "")
    return int(given) if given.isascii() and given.isdigit() and len(given) < len(str(LARGEST_ID)) else None


class History(admin.ModelAdmin):
    """The pages of a model under version control."""

    change_list_template = "admin/versioned_change_list.html"

    def get_urls(self) -> list[URLPattern]:
        wrap = self.admin_site.admin_view
        name = f"{self.opts.app_label}_{self.opts.model_name}"
        own = [
            path("deleted/", wrap(require_safe(self.deleted_view)), name=f"{name}_deleted"),
            path("<path:object_id>/history/<int:number>/", wrap(self.version_view), name=f"{name}_version"),
        ]
        return [*own, *super().get_urls()]

    def pk_of(self, object_id: str | None) -> int | None:
        """The id in an address; None where it is none."""
        try:
            pk = self.opts.pk.to_python(unquote(object_id or ""))
        except ValidationError:
            return None
        return pk if isinstance(pk, int) and 0 < pk <= LARGEST_ID else None

    def page_of(self, page: str, *args: Any) -> str:
        """The address of one of the model's pages."""
        return reverse(f"admin:{self.opts.app_label}_{self.opts.model_name}_{page}", args=args)

    # One record ------------------------------------------------------------------------------------------------------

    def history_view(self, request: HttpRequest, object_id: str, extra_context: Any = None) -> HttpResponse:
        """Every revision of the record, newest first, field by field."""
        subject = self._subject(request, object_id)
        places = places_of_record(self.model, subject.pk, current_revision())
        numbers = sorted({place.number for place in places}, reverse=True)
        page = Paginator(numbers, REVISIONS_PER_PAGE).get_page(request.GET.get(PAGE_VAR))
        shown = set(page)
        revisions = tell_revisions([place for place in places if place.number in shown], request)
        context = {
            "title": _("History: %(name)s") % {"name": subject.name},
            "revisions": [(each, self._version_to_restore(each, subject)) for each in revisions],
            "page": page,
            "page_range": page.paginator.get_elided_page_range(page.number),
            "page_var": PAGE_VAR,
        }
        return self._show(request, "admin/record_history.html", subject, {**context, **(extra_context or {})})

    def _version_to_restore(self, revision: Any, subject: Subject) -> int | None:
        """The revision itself; where it deleted the record, the one before."""
        number = revision.number - 1 if revision.is_end_of(self.model, subject.pk) else revision.number
        return number or None

    def version_view(self, request: HttpRequest, object_id: str, number: int) -> HttpResponse:
        """What differs between the record now and then; and the way back."""
        subject = self._subject(request, object_id)
        last = current_revision()
        if not 1 <= number <= last:
            raise Http404
        if request.method == "POST":
            return self._restore(request, subject, number)
        there = versions_at([Place(number, self.opts.db_table, subject.pk)])
        was_there = any(version.after is not None for version in there.values())
        changes = tell_changes(compare(self.model, subject.pk, one=last, other=number), request) if was_there else []
        context = {
            "title": _("Revision %(number)d: %(name)s") % {"number": number, "name": subject.name},
            "number": number,
            "was_there": was_there,
            "changes": changes,
            "may_restore": bool(changes) and self.has_change_permission(request, subject.row),
            "seen": last_revisions_of(self.model, [subject.pk])[subject.pk],
        }
        return self._show(request, "admin/record_version.html", subject, context)

    def _restore(self, request: HttpRequest, subject: Subject, number: int) -> HttpResponse:
        if not self.has_change_permission(request, subject.row):
            raise PermissionDenied
        take_reason(request, _("Restored revision %(number)d.") % {"number": number})
        try:
            with transaction.atomic():
                self.model._base_manager.select_for_update().filter(pk=subject.pk).first()
                if seen_in(request) != last_revisions_of(self.model, [subject.pk])[subject.pk]:
                    self.message_user(
                        request, _("The record has changed meanwhile. Look again before you restore."), messages.WARNING
                    )
                    return HttpResponseRedirect(request.get_full_path())
                record = restore(model=self.model, pk=subject.pk, number=number, by=request.user)
                self.log_change(request, record, _("Restored revision %(number)d.") % {"number": number})
        except Problem as refused:
            for sentence in [error["detail"] for error in refused.errors] or [refused.detail]:
                self.message_user(request, str(sentence), messages.ERROR)
            return HttpResponseRedirect(request.get_full_path())
        except PermissionDenied as refused:
            self.message_user(request, str(refused), messages.ERROR)
            return HttpResponseRedirect(request.get_full_path())
        words = _("“%(name)s” is as it was at revision %(number)d.") % {"name": record, "number": number}
        self.message_user(request, words, messages.SUCCESS)
        return HttpResponseRedirect(self.page_of("change", quote(subject.pk)))

    def _subject(self, request: HttpRequest, object_id: str) -> Subject:
        """The row at an address, or what it was, for those who could bring it back."""
        pk = self.pk_of(object_id)
        row = self.get_object(request, object_id) if pk is not None else None
        if pk is not None and row is not None:
            if not self.has_view_or_change_permission(request, row):
                raise PermissionDenied
            return Subject(pk, row, str(row))
        if not self.has_change_permission(request):
            raise PermissionDenied
        found = versions_at([Place(EVER, self.opts.db_table, pk)], there=True) if pk is not None else {}
        former = next((version.after for version in found.values() if version.after), None)
        if pk is None or former is None:
            raise Http404
        return Subject(pk, None, names_of(self.model, {pk: former}, request)[pk])

    # What is gone ----------------------------------------------------------------------------------------------------

    def deleted_view(self, request: HttpRequest) -> HttpResponse:
        """The records of this type that were deleted and not restored, the last one first."""
        if not self.has_change_permission(request):
            raise PermissionDenied
        term = request.GET.get(SEARCH_VAR, "")
        given = request.GET.get(PAGE_VAR, "")
        number = max(int(given[:9]), 1) if given.isascii() and given.isdigit() else 1
        found, total = deleted_rows(
            self.model,
            named=[str(field.column) for field in self.opts.concrete_fields if _is_name(self.model, field.name)],
            words=term.split(),
            limit=DELETED_PER_PAGE,
            offset=DELETED_PER_PAGE * (number - 1),
        )
        names = names_of(self.model, {each.pk: each.row for each in found}, request)
        context = {
            "title": _("Deleted: %(kind)s") % {"kind": self.opts.verbose_name_plural},
            "records": [(each, names[each.pk]) for each in found],
            "term": term,
            "search_var": SEARCH_VAR,
            "page_var": PAGE_VAR,
            "before": number - 1,
            "after": number + 1 if total > DELETED_PER_PAGE * number else None,
        }
        return self._show(request, "admin/deleted_records.html", None, context)

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        offered = {"deleted_url": self.page_of("deleted")} if self.has_change_permission(request) else {}
        return super().changelist_view(request, {**offered, **(extra_context or {})})

    def _show(
        self, request: HttpRequest, template: str, subject: Subject | None, context: dict[str, Any]
    ) -> TemplateResponse:
        common = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "module_name": capfirst(str(self.opts.verbose_name_plural)),
            "subject": subject,
            "media": self.media,
        }
        return TemplateResponse(request, template, {**common, **context})


def _is_name(model: Any, field: str) -> bool:
    label = getattr(model, "label", None)
    return field.endswith(("_en", "_ar")) and (not label or field.rpartition("_")[0] == label)
