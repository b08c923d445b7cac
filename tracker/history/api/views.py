"""Revisions, one and all, and the change feed: what is common to all collections."""

from __future__ import annotations

from collections.abc import Sequence
from http import HTTPStatus
from typing import Any, ClassVar

from django.http import Http404
from django.http.response import HttpResponseBase
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework.exceptions import ErrorDetail
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.utils.urls import replace_query_param
from rest_framework.views import APIView

from tracker.api.entity_tags import marked, not_modified, tag_of
from tracker.api.pagination import LARGEST_OFFSET, RecordPagination
from tracker.api.problem_types import InvalidParameters, UnknownParameter
from tracker.history.api.accounts import Account, Document, head, revision_url, revisions_numbered
from tracker.history.api.atom import AtomRenderer
from tracker.history.api.shapes import (
    OFFSET,
    PAGE,
    PAGE_NAMES,
    FeedSerializer,
    RevisionListSerializer,
    RevisionSerializer,
    whole_number,
)
from tracker.history.change_log import changes_of_revision, first_changes_of
from tracker.history.feed import FeedChange, read_feed
from tracker.history.models import Revision
from tracker.history.readers import Reader
from tracker.history.time_travel import current_revision

MOST_CHANGES = 1_000
# Of a large revision, the first changes tell whether a reader sees any of it.
TASTED = 100
# How many entries the Atom feed has, and how far back it looks for such as the reader may see.
ENTRIES = 50
LOOKED_AT = 200


class LogView(APIView):
    """A view of the log as a whole; it is what it is, so it takes no ``as_of``."""

    collection: ClassVar[str]
    """The name by which tokens' scopes reach the view."""
    title: ClassVar[Any]
    known: ClassVar[frozenset[str]]

    def get_view_name(self) -> str:
        return str(self.title)

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        super().initial(request, *args, **kwargs)
        unknown = [name for name in request.query_params if name not in self.known]
        if unknown:
            raise UnknownParameter(unknown, self.known)
        self.tag = tag_of(request, current_revision())
        self.reader = Reader(request.user)

    def answer(self, document: Any) -> HttpResponseBase:
        """The document under its tag; whoever keeps it asks each time whether it still is as it was."""
        return not_modified(self.request, self.tag) or marked(Response(document), self.request, self.tag)

    def number(self, name: str, default: int, lowest: int, highest: int) -> int:
        """A parameter's whole number, or a refusal that says what it may be."""
        given = self.request.query_params.getlist(name)
        if not given:
            return default
        is_number = len(given) == 1 and given[0].isascii() and given[0].isdigit() and len(given[0]) < len(str(2**63))
        number = int(given[0]) if is_number else -1
        if not lowest <= number <= highest:
            message = _("“%(name)s” is given once, as a whole number from %(lowest)d to %(highest)d; not “%(value)s”.")
            values = {"name": name, "lowest": lowest, "highest": highest, "value": ", ".join(given)[:100]}
            raise InvalidParameters({name: ErrorDetail(message % values, code="out_of_range")})
        return number


class RevisionList(LogView):
    """Every commit: who, when and why. Why is told where the reader may see some of what it changed."""

    collection = "revisions"
    title = gettext_lazy("Revisions")
    known = PAGE_NAMES

    @extend_schema(
        operation_id="revisions_list",
        summary=gettext_lazy("List: revisions"),
        parameters=PAGE,
        responses=RevisionListSerializer,
        filters=False,
    )
    def get(self, request: Request) -> HttpResponseBase:
        """All revisions, newest first."""
        pages = RecordPagination()
        # Numbers have no gaps: to count them is to know the last.
        numbers = pages.paginate_queryset(range(current_revision(), 0, -1), request, self)
        revisions = revisions_numbered(numbers)
        told = [head(number, revisions[number], self.reader, request) for number in numbers]
        if not self.reader.is_staff:
            self._keep_reasons(told)
        return self.answer(pages.envelope(told))

    def _keep_reasons(self, told: list[Document]) -> None:
        """Leave no reason for what the reader sees nothing of."""
        changes = first_changes_of([each["revision"] for each in told if each["reason"]], TASTED)
        seen = {place.number for place in self.reader.visible(change.place for change in changes)}
        for each in told:
            each["reason"] = each["reason"] if each["revision"] in seen else None


class RevisionDetail(LogView):
    """Everything in one commit, with its neighbours."""

    collection = "revisions"
    title = gettext_lazy("Revision")
    known = frozenset({"limit", "offset", "format"})

    @extend_schema(
        operation_id="revisions_retrieve",
        summary=gettext_lazy("Read: revision"),
        parameters=[
            OpenApiParameter("number", OpenApiTypes.INT, OpenApiParameter.PATH),
            whole_number(
                "limit", gettext_lazy("How many changes."), lowest=1, highest=MOST_CHANGES, default=MOST_CHANGES
            ),
            OFFSET,
        ],
        responses=RevisionSerializer,
        filters=False,
    )
    def get(self, request: Request, number: int) -> HttpResponseBase:
        """All that one commit changed, as far as the reader may see it; `more` leads on where it is a lot."""
        limit = self.number("limit", MOST_CHANGES, 1, MOST_CHANGES)
        offset = self.number("offset", 0, 0, LARGEST_OFFSET)
        # A number beyond what the column can hold is none that there is.
        revision = Revision.objects.filter(number=number).first() if number <= LARGEST_OFFSET else None
        if revision is None:
            raise Http404
        found = changes_of_revision(number, limit=limit + 1, offset=offset)
        told = head(number, revision, self.reader, request)
        changes = self.reader.shown(found[:limit])
        if not changes and not self.reader.is_staff:
            told["reason"] = None
        last = current_revision()
        document = {
            **told,
            "previous": revision_url(number - 1, request) if number > 1 else None,
            "next": revision_url(number + 1, request) if number < last else None,
            "changes": Account(changes, self.reader, request).of(number, with_records=True),
            "more": self._more(offset + limit) if len(found) > limit else None,
        }
        return self.answer(document)

    def _more(self, offset: int) -> str:
        return replace_query_param(self.request.build_absolute_uri(), "offset", offset)


class ChangeFeed(LogView):
    """What a copy of the registry follows."""

    collection = "changes"
    title = gettext_lazy("Changes")
    known = frozenset({"since", "limit", "format"})

    @extend_schema(
        operation_id="changes",
        summary=gettext_lazy("Follow all changes"),
        parameters=[
            whole_number(
                "since",
                gettext_lazy("The last revision that one has: what comes after it is told."),
                lowest=0,
                highest=LARGEST_OFFSET,
                default=0,
            ),
            whole_number(
                "limit",
                gettext_lazy("About how many changes: revisions are told as wholes, and at least one."),
                lowest=1,
                highest=MOST_CHANGES,
                default=MOST_CHANGES,
            ),
        ],
        responses=FeedSerializer,
        filters=False,
    )
    def get(self, request: Request) -> HttpResponseBase:
        """Rows in the order of their commits. Put each in the place of what you have, delete those that are null.

        Whoever has read to the end has what they may see of the registry. Ask again with `since` as the last
        `revision` that you were told.
        """
        last = current_revision()
        since = self.number("since", 0, 0, LARGEST_OFFSET)
        if since > last:
            message = _("There is no revision %(number)s; the last is %(last)d. A copy that has it began elsewhere.")
            raise InvalidParameters({"since": message % {"number": since, "last": last}})
        limit = self.number("limit", MOST_CHANGES, 1, MOST_CHANGES)
        page = read_feed(since, limit, self.reader)
        revisions = revisions_numbered(page.changes)
        document = {
            "since": since,
            "revision": page.last,
            "next": self._next(page.last) if page.more else None,
            "more": page.more,
            "results": [self._told(number, revision, page.changes[number]) for number, revision in revisions.items()],
        }
        return self.answer(document)

    def _next(self, last: int) -> str:
        return replace_query_param(self.request.build_absolute_uri(), "since", last)

    def _told(self, number: int, revision: Revision, changes: Sequence[FeedChange]) -> Document:
        return {**head(number, revision, self.reader, self.request), "changes": [each.document() for each in changes]}


class ChangesForPeople(LogView):
    """The latest revisions for feed readers."""

    collection = "changes"
    title = gettext_lazy("Changes")
    known = frozenset({"format"})
    renderer_classes = (AtomRenderer,)

    @extend_schema(
        operation_id="changes_atom",
        summary=gettext_lazy("The latest changes as an Atom feed"),
        responses={
            (HTTPStatus.OK, AtomRenderer.media_type): OpenApiResponse(
                OpenApiTypes.STR, description=gettext_lazy("An Atom feed (RFC 4287).")
            )
        },
        filters=False,
    )
    def get(self, request: Request) -> HttpResponseBase:
        """The latest revisions, newest first, in the language of `Accept-Language`."""
        results: list[Document] = []
        last = current_revision()
        for before in range(last, max(last - LOOKED_AT, 0), -ENTRIES):
            if len(results) < ENTRIES:
                results += self._entries(range(before, max(before - ENTRIES, 0), -1))
        return self.answer({"results": results[:ENTRIES]})

    def _entries(self, numbers: range) -> list[Document]:
        revisions = revisions_numbered(numbers)
        changes = self.reader.shown(first_changes_of(numbers, TASTED))
        account = Account(changes, self.reader, self.request)
        entries = [
            {
                **head(number, revisions[number], self.reader, self.request),
                "changes": account.of(number, with_records=False),
            }
            for number in numbers
        ]
        return [entry for entry in entries if entry["changes"] or self.reader.is_staff]
