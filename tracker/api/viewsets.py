"""The viewset of every collection: a record type declares its queryset, serializer and filters; the rest is here."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
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
from tracker.api.bulk import BulkWrites
from tracker.api.cursor_pagination import CollectionPagination
from tracker.api.deletion import delete
from tracker.api.entity_tags import check_precondition, tag_of
from tracker.api.filters import RecordFilterSet, StrictFilterBackend
from tracker.api.moments import ReadsAtMoment
from tracker.api.ordering import StrictOrdering
from tracker.api.parsers import require_body
from tracker.api.problem_types import Conflict, InvalidParameters, UnknownParameter
from tracker.api.reads import ProjectedReads
from tracker.api.search import SearchFilter
from tracker.api.selection import PARAMETERS, read_selection
from tracker.api.serializers import RecordSerializer
from tracker.api.whole_writes import WholeWrites
from tracker.history.time_travel import current_revision
from tracker.history.versions import number_revision

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise

TRUTH = {"true": True, "false": False}


class RecordViewSet(ReadsAtMoment, ProjectedReads, BulkWrites, WholeWrites, viewsets.GenericViewSet[Any]):
    """List, detail, create, replace, patch and delete of records, one or many, under the API contract."""

    queryset: Any
    serializer_class: type[RecordSerializer]
    filterset_class: type[RecordFilterSet]
    filter_backends = (StrictFilterBackend, StrictOrdering, SearchFilter)
    pagination_class = CollectionPagination
    lookup_field = "slug"
    lookup_value_regex = "[^/]+"
    known_on_reads: ClassVar[frozenset[str]] = PARAMETERS | {"format", "as_of"}
    known_on_writes: ClassVar[frozenset[str]] = frozenset({"dry_run", "format"})
    about: ClassVar[StrOrPromise] = ""
    """What the collection holds, for its page and for the documentation."""
    examples: ClassVar[Mapping[str, tuple[Mapping[str, Any], ...]]] = MappingProxyType({})
    """Bodies as one would POST them, by collection (``tracker.api.schema_examples``)."""

    def get_queryset(self) -> Any:
        """The records that the reader may see."""
        return self.queryset.all().visible_to(self.request.user)

    def known_parameters(self) -> set[str]:
        """The query parameters of a list besides its filters."""
        common = {StrictOrdering.parameter, SearchFilter.parameter, "format", "as_of"}
        return set(CollectionPagination.known_parameters | PARAMETERS | common)

    def get_serializer_context(self) -> dict[str, Any]:
        context: dict[str, Any] = dict(super().get_serializer_context())
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

    # Writing ---------------------------------------------------------------------------------------------------------

    def values_for_new(self) -> Mapping[str, Any]:
        """What a new record has besides what its body says."""
        return {}

    def find(self, rows: models.QuerySet[Any], slug: str) -> Any:
        record = rows.filter(slug=slug).first()
        if record is None:
            raise Http404
        return record

    def create(self, request: Request) -> Response:
        require_body(request)
        if isinstance(request.data, list):
            return self.create_many(request)
        with self.writing() as writing:
            record = self._save(self.get_serializer(data=request.data), **self.values_for_new())
            writing.check()
            body = self.represent(record)
        if writing.dry_run:
            return Response(body)
        return Response(
            body, status.HTTP_201_CREATED, headers={"Location": body["url"], **self.revision_headers(writing, record)}
        )

    def update(self, request: Request, slug: str, *, partial: bool = False) -> Response:
        require_body(request)
        with self.writing() as writing:
            record = self.locked(slug)
            record = self._save(self.get_serializer(record, data=request.data, partial=partial))
            writing.check()
            body = self.represent(record)
        return Response(body, headers=self.revision_headers(writing, record))

    def partial_update(self, request: Request, slug: str) -> Response:
        return self.update(request, slug, partial=True)

    def destroy(self, request: Request, slug: str) -> Response:
        with self.writing() as writing:
            delete([self.locked(slug, for_change=False)])
            writing.check()
        return Response(status=status.HTTP_204_NO_CONTENT, headers={"X-Revision": str(writing.revision)})

    def revision_headers(self, writing: Writing, record: Any) -> dict[str, str]:
        """The headers that tell what a write to a record came to."""
        return {"X-Revision": str(writing.revision), "ETag": tag_of(self.request, writing.revision, record)}

    @contextmanager
    def writing(self) -> Iterator[Writing]:
        """A transaction that is attributed to the request's user; a dry run leaves no trace."""
        self.refuse_unknown(self.known_on_writes)
        self.request.attribution.to(self.request.user)
        given = self.request.query_params.get("dry_run", "false")
        if given not in TRUTH:
            raise InvalidParameters({"dry_run": _("Say dry_run=true or dry_run=false.")})
        with transaction.atomic():
            writing = Writing(dry_run=TRUTH[given])
            yield writing
            if writing.dry_run:
                transaction.set_rollback(True)
            else:
                # Last of all: until the transaction ends, every other writer waits for the next number.
                writing.revision = number_revision() or current_revision()

    def locked(self, slug: str, *, for_change: bool = True) -> Any:
        """The record, locked until the transaction ends, so that no other writer's change is lost.

        A lock for a change lets others go on to refer to the record, so that two that refer to each other can change.
        """
        rows = self.queryset.all().visible_to(self.request.user)
        # Others may go on referring to a record that changes, which a lock on its key would forbid.
        record = self.find(rows.select_for_update(of=("self",), no_key=for_change), slug)
        if record.replaced_by_id is not None:
            address = self.request.build_absolute_uri(record.replaced_by.get_absolute_url())
            raise Conflict(_("This record was merged into another. Write to %(url)s.") % {"url": address})
        self.check_object_permissions(self.request, record)
        check_precondition(self.request, record)
        return record

    def _save(self, serializer: Any, **values: Any) -> Any:
        """Write what was sent, if the writer may write also what the record is then."""
        serializer.is_valid(raise_exception=True)
        record = serializer.save(**values)
        self.check_object_permissions(self.request, record)
        return record

    def refuse_unknown(self, known: frozenset[str]) -> None:
        unknown = [name for name in self.request.query_params if name not in known]
        if unknown:
            raise UnknownParameter(unknown, known)


@dataclass
class Writing:
    """A write on its way: whether it is only tried, and the revision that it makes."""

    dry_run: bool
    revision: int = 0

    def check(self) -> None:
        """Run the checks that wait for the commit now, while their refusal can still be answered."""
        check_deferred_constraints()


def check_deferred_constraints() -> None:
    """Run the checks that wait for the commit now, while their refusal can still be answered."""
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE; SET CONSTRAINTS ALL DEFERRED")
