"""What every collection has of history: who changed a record, when, why and how; and a way back."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

from django.http import Http404
from django.http.response import HttpResponseBase
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from drf_spectacular.utils import extend_schema
from rest_framework.decorators import action
from rest_framework.exceptions import PermissionDenied
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response

from tracker.api.browsable import PageRenderer
from tracker.api.entity_tags import check_precondition, marked, not_modified, tag_of
from tracker.api.parsers import require_body
from tracker.history.api.accounts import Account, Document, head, revisions_numbered
from tracker.history.api.atom import AtomRenderer
from tracker.history.api.shapes import PAGE, PAGE_NAMES, RecordHistorySerializer, RestoreSerializer
from tracker.history.change_log import Place, changes_at, deleted_record, places_of_record
from tracker.history.readers import Reader, is_staff
from tracker.history.restore import restore
from tracker.history.time_travel import current_revision, moment


class RecordHistory:
    """Actions of a viewset of records."""

    request: Any
    queryset: Any

    @extend_schema(
        summary=gettext_lazy("Read the history"),
        parameters=PAGE,
        responses=RecordHistorySerializer,
        filters=False,
    )
    @action(detail=True, methods=["get"], renderer_classes=[JSONRenderer, PageRenderer, AtomRenderer])
    def history(self, request: Request, slug: str) -> HttpResponseBase:
        """Who changed the record, when, why, and which fields from what to what; newest first.

        The changes of its parts, links and citations are among them. As an Atom feed with `format=atom`. Of what is
        deleted or hidden now only those read who could restore it.
        """
        view: Any = self
        view.refuse_unknown(PAGE_NAMES | {"as_of"})
        last = current_revision()
        tag = tag_of(request, last)
        reader = Reader(request.user)
        model = self.queryset.model
        places: dict[int, list[Place]] = defaultdict(list)
        for place in reader.visible(places_of_record(model, self._past_of(slug), moment() or last)):
            places[place.number].append(place)
        numbers = view.paginate_queryset(sorted(places, reverse=True))
        results = self._told(numbers, [place for number in numbers for place in places[number]], reader)
        return not_modified(request, tag) or marked(view.get_paginated_response(results), request, tag)

    def _told(self, numbers: list[int], places: list[Place], reader: Reader) -> list[Document]:
        account = Account(reader.shown(changes_at(places)), reader, self.request)
        revisions = revisions_numbered(numbers)
        return [
            {**head(number, revisions[number], reader, self.request), "changes": account.of(number, with_records=False)}
            for number in numbers
        ]

    def _past_of(self, slug: str) -> int:
        """The id of the record that is there, or, for those who could restore it, that was deleted under this slug."""
        rows = self.queryset.all().visible_to(Reader(self.request.user).audience)
        pk = rows.filter(slug=slug).values_list("pk", flat=True).first()
        if pk is None and self._may("change"):
            pk = deleted_record(self.queryset.model, slug)
        if pk is None:
            raise Http404
        return int(pk)

    def _may(self, verb: str) -> bool:
        meta = self.queryset.model._meta
        user: Any = self.request.user
        return is_staff(user) and user.has_perm(f"{meta.app_label}.{verb}_{meta.model_name}")

    @extend_schema(request=RestoreSerializer, summary=gettext_lazy("Restore an earlier state"))
    @action(detail=True, methods=["post"])
    def restore(self, request: Request, slug: str) -> Response:
        """Make the record, with its parts, links and citations, what it was at a revision; this is a new revision.

        A deleted record comes back under its old id. Refused where it would refer to what has been deleted since, or
        where another record has taken its place.
        """
        require_body(request)
        if not self._may("change"):
            raise PermissionDenied(_("To restore a record you need the permissions to add and to change it."))
        view: Any = self
        with view.writing() as writing:
            model = self.queryset.model
            pk = self._past_of(slug)
            row = model._base_manager.select_for_update().filter(pk=pk).first()
            if row is not None:
                check_precondition(request, row)
            body = RestoreSerializer(data=request.data)
            body.is_valid(raise_exception=True)
            record = restore(model=model, pk=pk, number=body.validated_data["revision"], by=request.user)
            writing.check()
            answer = view.represent(record)
        return Response(answer, headers=view.revision_headers(writing, record))
