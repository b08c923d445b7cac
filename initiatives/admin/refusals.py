"""What the database refuses at the end of a write, shown as an error of the form with all that was typed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.contrib import admin, messages
from django.contrib.admin.utils import quote
from django.contrib.contenttypes.fields import GenericRelation
from django.contrib.contenttypes.models import ContentType
from django.db import DatabaseError, DataError, IntegrityError, connection, models, transaction
from django.db.models import ProtectedError, RestrictedError
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.html import format_html
from django.utils.text import capfirst
from django.utils.translation import gettext as _

from tracker.api.database_errors import problem_from_database, problem_from_referrers

from .languages import generic_references

REFUSED = (IntegrityError, DataError)
# How PostgreSQL names the place of a RAISE: its sentence is one of ours, written for people.
RAISED_BY_OURS = "exec_stmt_raise"
# Where a request carries what the database said to its first attempt.
REFUSAL = "initiatives.refusal"


def refusal_of(error: DatabaseError) -> dict[str, list[str]]:
    """What the database refused, by field; the empty name stands for the record as a whole."""
    if isinstance(error, (ProtectedError, RestrictedError)):
        problem = problem_from_referrers(error)
        return {"": [str(found["detail"]) for found in problem.errors]}
    diagnosis = getattr(error.__cause__, "diag", None)
    if diagnosis is not None and diagnosis.source_function == RAISED_BY_OURS:
        return {diagnosis.column_name or "": [_(diagnosis.message_primary)]}
    found = problem_from_database(error)
    if found is None:
        raise error
    return {"": [str(found.detail)]}


class Refusals(admin.ModelAdmin):
    """Writes whose deferred checks run before the answer, so that a refusal is an answer and not a failure."""

    def changeform_view(
        self, request: HttpRequest, object_id: str | None = None, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        try:
            with transaction.atomic():
                return super().changeform_view(request, object_id, form_url, extra_context)
        except REFUSED as error:
            # Once more with the same input: the form now says what was refused, and nothing is written.
            request.META[REFUSAL] = refusal_of(error)
            return super().changeform_view(request, object_id, form_url, extra_context)

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:
        form: Any = super().get_form(request, obj, change, **kwargs)
        form.refusal = request.META.get(REFUSAL, {})
        return form

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        super().save_related(request, form, formsets, change)
        connection.check_constraints()

    def delete_model(self, request: HttpRequest, obj: Any) -> None:
        super().delete_model(request, obj)
        connection.check_constraints()

    def delete_queryset(self, request: HttpRequest, queryset: models.QuerySet[Any]) -> None:
        super().delete_queryset(request, queryset)
        connection.check_constraints()

    def delete_view(self, request: HttpRequest, object_id: str, extra_context: Any = None) -> HttpResponse:
        try:
            with transaction.atomic():
                return super().delete_view(request, object_id, extra_context)
        except REFUSED as error:
            self._say_refused(request, error)
            page = reverse(f"admin:{self.opts.app_label}_{self.opts.model_name}_change", args=[object_id])
            return HttpResponseRedirect(page)

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        try:
            with transaction.atomic():
                return super().changelist_view(request, extra_context)
        except REFUSED as error:
            self._say_refused(request, error)
            return HttpResponseRedirect(request.get_full_path())

    def get_deleted_objects(self, objs: Any, request: HttpRequest) -> tuple[Any, Any, Any, list[Any]]:
        """Django's own, and those that refer to the rows as to any record: Django does not know that they stay."""
        to_delete, model_count, perms_needed, protected = super().get_deleted_objects(objs, request)
        return to_delete, model_count, perms_needed, [*protected, *map(_linked, _referrers(self.model, objs))]

    def _say_refused(self, request: HttpRequest, error: DatabaseError) -> None:
        for sentences in refusal_of(error).values():
            for sentence in sentences:
                self.message_user(request, sentence, messages.ERROR)


def _referrers(model: type[models.Model], rows: Sequence[models.Model]) -> list[models.Model]:
    """Rows that refer to some of ``rows`` as to any record, and do not go with them."""
    going = {field.related_model for field in model._meta.private_fields if isinstance(field, GenericRelation)}
    found: list[models.Model] = []
    for referring in model._meta.apps.get_app_config(model._meta.app_label).get_models():
        for reference in generic_references(referring) if referring not in going else ():
            of_type = ContentType.objects.get_for_model(model)
            wanted = {reference.ct_field: of_type, f"{reference.fk_field}__in": [row.pk for row in rows]}
            found += referring._base_manager.filter(**wanted)
    return found


def _linked(row: models.Model) -> str:
    page = reverse(f"admin:{row._meta.app_label}_{row._meta.model_name}_change", args=[quote(row.pk)])
    return format_html('{}: <a href="{}">{}</a>', capfirst(str(row._meta.verbose_name)), page, row)
