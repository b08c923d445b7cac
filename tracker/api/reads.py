"""Reading records: which ones a request means is for the ORM to say; what is shown of them PostgreSQL writes."""

from __future__ import annotations

import builtins
import json
from collections.abc import Mapping, Sequence
from functools import lru_cache, partial
from typing import Any

from django.core.checks import CheckMessage
from django.db import models
from django.http import Http404, HttpResponse
from django.http.response import HttpResponseBase
from django.utils.translation import gettext as _
from rest_framework import status
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.utils.serializer_helpers import ReturnDict

from tracker.api.checks import uncompilable
from tracker.api.entity_tags import marked, not_modified, tag_of
from tracker.api.exports import EXPORTS, batches, export
from tracker.api.problem_types import InvalidParameters
from tracker.api.projection import KEPT_STATEMENTS, Audience, projection_of
from tracker.api.selection import read_selection
from tracker.history.newest import newest_for

JSON = "application/json"


class ProjectedReads:
    """List and detail of a viewset of records, and what its writes answer."""

    request: Any
    queryset: Any
    serializer_class: Any

    @classmethod
    def check(cls) -> builtins.list[CheckMessage]:
        """What is wrong with the declaration, for ``manage.py check``."""
        return builtins.list(uncompilable(cls.serializer_class))

    def list(self: Any, request: Request) -> HttpResponseBase:
        # Before the records: a commit in between makes the tag too old, which costs a retry and loses nothing.
        tag = tag_of(request, newest_for(request).number)
        selection = read_selection(request, self.serializer_class)
        rows = self.filter_queryset(rows_for(self.__class__, Audience.of(request.user)).all())
        if isinstance(request.accepted_renderer, EXPORTS):
            whole: HttpResponseBase = self._export(rows, selection)
            return marked(whole, request, tag)
        pks = self.paginator.fetch_page(rows, request, _keys)
        unchanged = not_modified(request, tag)
        if unchanged is not None:
            return unchanged
        text = page_text(self.paginator.envelope([]), self.written(pks, selection))
        page: HttpResponseBase = self.answer(text)
        return marked(page, request, tag)

    def retrieve(self: Any, request: Request, slug: str) -> HttpResponseBase:
        self.refuse_unknown(self.known_on_reads)
        tag = tag_of(request, newest_for(request).number)
        selection = read_selection(request, self.serializer_class)
        found = self.get_queryset().filter(slug=slug).values_list("pk", "replaced_by_id").first()
        if found is None:
            raise Http404
        pk, replaced_by = found
        if replaced_by is not None:
            moved: Response = self._redirect(replaced_by)
            return moved
        unchanged = not_modified(request, tag)
        if unchanged is not None:
            return unchanged
        texts = self.written([pk], selection)
        if not texts:
            raise Http404
        record: HttpResponseBase = self.answer(texts[0], pk)
        return marked(record, request, tag)

    def get_renderers(self: Any) -> builtins.list[Any]:
        """The forms of an answer; a list can also be had as a whole."""
        exports = EXPORTS if getattr(self, "action", None) == "list" else ()
        return [renderer() for renderer in (*self.renderer_classes, *exports)]

    def _export(self: Any, rows: models.QuerySet[Any], selection: Mapping[str, Any]) -> HttpResponseBase:
        request = self.request
        paging = sorted(set(request.query_params) & self.pagination_class.known_parameters)
        if paging:
            reason = _("A list in this form is the whole list: leave “%(name)s” out.")
            raise InvalidParameters({name: reason % {"name": name} for name in paging})
        texts = batches(rows, partial(self.written, selection=selection), self.travel)
        return export(texts, request.accepted_renderer, self.get_serializer(), self.basename)

    def written(self, pks: Sequence[int], selection: Mapping[str, Any] | None = None) -> builtins.list[str]:
        """The JSON of some records, as the request's user is shown them."""
        projection = projection_of(self.serializer_class, self.request.user, selection)
        return projection.read(pks, self.request.build_absolute_uri("/")[:-1], self.request.user)

    def represent(self, record: models.Model) -> Any:
        """A record as a reader gets it, read anew: the database computes what follows from a change."""
        return self.represent_many([record])[0]

    def represent_many(self, records: Sequence[models.Model]) -> builtins.list[Any]:
        """The same of many records, in their order."""
        return [json.loads(text) for text in self.written([record.pk for record in records])]

    def answer(self: Any, text: str, pk: int | None = None) -> HttpResponseBase:
        """JSON as the client wants it: as it is, or in another form, of which some show the record ``pk`` as a form."""
        if self.request.accepted_media_type == JSON:
            return HttpResponse(text, content_type=JSON)
        data = json.loads(text)
        if pk is not None:
            data = ReturnDict(data, serializer=self.get_serializer(self.queryset.model._base_manager.get(pk=pk)))
        return Response(data)

    def _redirect(self, pk: int) -> Response:
        """A duplicate's old address leads to the record that it was merged into."""
        target = self.queryset.all().visible_to(self.request.user).filter(pk=pk).first()
        if target is None:
            raise Http404
        address = self.request.build_absolute_uri(target.get_absolute_url())
        return Response({"replaced_by": address}, status.HTTP_308_PERMANENT_REDIRECT, headers={"Location": address})


def _keys(rows: models.QuerySet[Any], key_names: Sequence[str]) -> list[tuple[Any, tuple[Any, ...]]]:
    """The id of each row, and the keys that it is ordered by."""
    return [(pk, tuple(keys)) for pk, *keys in rows.values_list("pk", *key_names)]


@lru_cache(maxsize=KEPT_STATEMENTS)
def rows_for(viewset: Any, audience: Audience) -> models.QuerySet[Any]:
    """The records of a collection that an audience sees, with what a query computes of them; to be copied, not read.

    To put the query together anew for each request takes longer than to carry it out.
    """
    rows: models.QuerySet[Any] = viewset.queryset.all().visible_to(audience.user).with_computed().current()
    return rows


def page_text(envelope: Mapping[str, Any], texts: Sequence[str]) -> str:
    """A page of a list: the members around its results, which come last, and these."""
    around = {name: value for name, value in envelope.items() if name != "results"}
    head = json.dumps(around, ensure_ascii=False, separators=(",", ":"))
    return f'{head[:-1]},"results":[{",".join(texts)}]}}'
