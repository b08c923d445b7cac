"""The viewset of every collection: a record type declares its queryset, serializer and filters; the rest is here."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, ClassVar

from django.db import connection, models, transaction
from django.http import Http404
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from rest_framework import status, viewsets
from rest_framework.request import Request
from rest_framework.response import Response

from tracker.api import collections
from tracker.api.deletion import delete
from tracker.api.filters import RecordFilterSet, StrictFilterBackend, StrictOrdering
from tracker.api.loading import for_reading
from tracker.api.pagination import RecordPagination
from tracker.api.parsers import require_body
from tracker.api.problem_types import Conflict, InvalidParameters, UnknownParameter
from tracker.api.selection import PARAMETERS, read_selection
from tracker.api.serializers import RecordSerializer

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise

TRUTH = {"true": True, "false": False}


class RecordViewSet(viewsets.ModelViewSet[Any]):
    """List, detail, create, replace, patch and delete of records, under the API contract."""

    serializer_class: type[RecordSerializer]
    filterset_class: type[RecordFilterSet]
    filter_backends = (StrictFilterBackend, StrictOrdering)
    pagination_class = RecordPagination
    lookup_field = "slug"
    lookup_value_regex = "[^/]+"
    known_on_writes: ClassVar[frozenset[str]] = frozenset({"dry_run", "format"})
    about: ClassVar[StrOrPromise] = ""
    """What the collection holds, for its page and for the documentation."""
    examples: ClassVar[Mapping[str, tuple[Mapping[str, Any], ...]]] = MappingProxyType({})
    """Bodies as one would POST them, by collection (``tracker.api.schema_examples``)."""

    def get_queryset(self) -> models.QuerySet[Any]:
        """The records that the reader may see, with what a query computes of them."""
        return self.queryset.all().visible_to(self.request.user).with_computed()

    def known_parameters(self) -> set[str]:
        """The query parameters of a list besides its filters."""
        return set(RecordPagination.known_parameters | PARAMETERS | {StrictOrdering.parameter, "format"})

    def get_serializer_context(self) -> dict[str, Any]:
        context = super().get_serializer_context()
        if self.request is not None and self.request.method in ("GET", "HEAD"):
            context.update(read_selection(self.request, self.serializer_class))
        return context

    def get_view_name(self) -> str:
        """The heading of the page: of an action its name, else what the collection or its records are called."""
        meta = collections.model_of(type(self))._meta
        if self.name or not self.detail:
            return self.name or capfirst(str(meta.verbose_name_plural))
        # DRF asks for the names on the way here too, of views that serve no request.
        slug = getattr(self, "kwargs", {}).get("slug")
        return slug or capfirst(str(meta.verbose_name))

    def get_view_description(self, html: bool = False) -> str:
        return str(super().get_view_description(html) if self.name else self.about)

    # Reading ---------------------------------------------------------------------------------------------------------

    def list(self, request: Request) -> Response:
        rows = self.filter_queryset(self.get_queryset().current())
        serializer = self.get_serializer(many=True)
        page = self.paginate_queryset(for_reading(rows, serializer.child, request.user))
        serializer.instance = page
        return self.get_paginated_response(serializer.data)

    def retrieve(self, request: Request, slug: str) -> Response:
        self.refuse_unknown(PARAMETERS | {"format"})
        serializer = self.get_serializer()
        record = self.find(for_reading(self.get_queryset(), serializer, request.user), slug)
        if record.replaced_by_id is not None:
            return self._redirect(record)
        serializer.instance = record
        return Response(serializer.data)

    def find(self, rows: models.QuerySet[Any], slug: str) -> Any:
        record = rows.filter(slug=slug).first()
        if record is None:
            raise Http404
        return record

    def _redirect(self, record: Any) -> Response:
        """A duplicate's old address leads to the record that it was merged into."""
        address = self.request.build_absolute_uri(record.replaced_by.get_absolute_url())
        return Response({"replaced_by": address}, status.HTTP_308_PERMANENT_REDIRECT, headers={"Location": address})

    # Writing ---------------------------------------------------------------------------------------------------------

    def create(self, request: Request) -> Response:
        require_body(request)
        with self.writing() as dry_run:
            record = self._save(self.get_serializer(data=request.data))
            body = self.represent(record)
        if dry_run:
            return Response(body)
        return Response(body, status.HTTP_201_CREATED, headers={"Location": body["url"]})

    def update(self, request: Request, slug: str, *, partial: bool = False) -> Response:
        require_body(request)
        with self.writing():
            record = self.locked(slug)
            record = self._save(self.get_serializer(record, data=request.data, partial=partial))
            return Response(self.represent(record))

    def partial_update(self, request: Request, slug: str) -> Response:
        return self.update(request, slug, partial=True)

    def destroy(self, request: Request, slug: str) -> Response:
        with self.writing():
            delete([self.locked(slug)])
        return Response(status=status.HTTP_204_NO_CONTENT)

    @contextmanager
    def writing(self) -> Iterator[bool]:
        """A transaction whose deferred checks have passed when it ends; a dry run, which it tells, leaves no trace."""
        self.refuse_unknown(self.known_on_writes)
        given = self.request.query_params.get("dry_run", "false")
        if given not in TRUTH:
            raise InvalidParameters({"dry_run": _("Say dry_run=true or dry_run=false.")})
        with transaction.atomic():
            yield TRUTH[given]
            check_deferred_constraints()
            if TRUTH[given]:
                transaction.set_rollback(True)

    def locked(self, slug: str) -> Any:
        """The record, locked until the transaction ends, so that no other writer's change is lost."""
        rows = self.queryset.all().visible_to(self.request.user)
        # Others may go on referring to the record, which a lock on its key would forbid.
        record = self.find(rows.select_for_update(of=("self",), no_key=True), slug)
        if record.replaced_by_id is not None:
            address = self.request.build_absolute_uri(record.replaced_by.get_absolute_url())
            raise Conflict(_("This record was merged into another. Write to %(url)s.") % {"url": address})
        return record

    def _save(self, serializer: Any) -> Any:
        serializer.is_valid(raise_exception=True)
        return serializer.save()

    def represent(self, record: Any) -> dict[str, Any]:
        """The record as a reader gets it, read anew: the database computes what follows from the change."""
        serializer = self.get_serializer()
        rows = self.queryset.all().with_computed()
        serializer.instance = for_reading(rows, serializer, self.request.user).get(pk=record.pk)
        return serializer.data

    def refuse_unknown(self, known: frozenset[str]) -> None:
        unknown = [name for name in self.request.query_params if name not in known]
        if unknown:
            raise UnknownParameter(unknown, known)


def check_deferred_constraints() -> None:
    """Run the checks that wait for the commit now, while their refusal can still be answered."""
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute("SET CONSTRAINTS ALL DEFERRED")
