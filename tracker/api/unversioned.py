"""The viewset of rows that are no records: known by their id, without history, past and ETag, written one at a time."""

from __future__ import annotations

from collections.abc import Set
from typing import Any, ClassVar

from django.http import Http404
from django.utils.text import capfirst
from rest_framework import viewsets
from rest_framework.permissions import SAFE_METHODS
from rest_framework.request import Request
from rest_framework.response import Response

from tracker.api.pagination import RecordPagination
from tracker.api.problem_types import UnknownParameter
from tracker.api.whole_writes import WholeWrites


class UnversionedViewSet(WholeWrites, viewsets.GenericViewSet[Any]):
    """Reads of rows that the user may see; what may be written its subclasses say.

    Its model's query set knows ``visible_to``. Answers are of the moment and for their reader: nothing keeps them.
    """

    private = True
    queryset: Any
    request: Any
    collection: ClassVar[str]
    pagination_class = RecordPagination
    filter_backends: Any = ()
    lookup_field = "id"
    lookup_value_regex = "[0-9]{1,18}"
    related: ClassVar[tuple[str, ...]] = ()
    """What is read with each row."""
    list_parameters: ClassVar[Set[str]] = frozenset()
    """What a list takes besides the parameters of a page."""
    paged: ClassVar[Set[str]] = frozenset({"list"})
    """The actions that answer with pages."""

    def get_view_name(self) -> str:
        return capfirst(str(self.queryset.model._meta.verbose_name_plural))

    def get_queryset(self) -> Any:
        return self.queryset.model.objects.visible_to(self.request.user).select_related(*self.related)

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        super().initial(request, *args, **kwargs)
        if request.method not in SAFE_METHODS:
            # A row may be under version control all the same.
            self.request.attribution.to(request.user)
        known = {"format"}
        if self.action in self.paged:
            known |= RecordPagination.known_parameters
        if self.action == "list":
            known |= self.list_parameters
        unknown = [name for name in request.query_params if name not in known]
        if unknown:
            raise UnknownParameter(unknown, known)

    def list(self, request: Request, **within: str) -> Response:
        rows = self.paginate_queryset(self.filtered(self.get_queryset()))
        return self.get_paginated_response(self.get_serializer(rows, many=True).data)

    def filtered(self, rows: Any) -> Any:
        """The rows of a list that its parameters leave."""
        return rows

    def retrieve(self, request: Request, id: str, **within: str) -> Response:  # noqa: A002
        return Response(self.get_serializer(self.get_object()).data)

    def locked(self) -> Any:
        """The row that the address names, which nobody else writes until the transaction ends."""
        row = self.get_queryset().select_for_update(of=("self",), no_key=True).filter(pk=self.kwargs["id"]).first()
        if row is None:
            raise Http404
        self.check_object_permissions(self.request, row)
        return row

    def answer(self, row: Any) -> Response:
        """The row as it is now."""
        return Response(self.get_serializer(self.get_queryset().get(pk=row.pk)).data)
