"""Pages of a collection: counted off by `offset`, or by a `cursor` that stays right while others write."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from django.db.models import QuerySet
from django.utils.translation import gettext as _
from rest_framework.exceptions import ErrorDetail
from rest_framework.request import Request
from rest_framework.utils.urls import replace_query_param

from tracker.api.counts import count
from tracker.api.cursors import DamagedCursorError, ForeignCursorError, read_cursor, write_cursor
from tracker.api.keysets import Keyset, Place
from tracker.api.pagination import Fetch, Fetched, RecordPagination, parameter
from tracker.api.problem_types import InvalidParameters

START = "start"
"""The cursor of the first page."""


@dataclass(frozen=True)
class Neighbours:
    """The places from which one reads the pages beside a page; None where there are none."""

    following: Place | None
    preceding: Place | None


class CollectionPagination(RecordPagination):
    """Pages by offset; or, from `cursor=start` on, by the keys of their first and last records.

    A page by cursor costs the same wherever it is, and whoever follows `next` sees every record that stays, once. Such
    a page is counted only if the request says so.
    """

    cursor_query_param = "cursor"
    known_parameters: ClassVar[frozenset[str]] = RecordPagination.known_parameters | {"cursor"}

    cursor: str | None
    fingerprint: str
    neighbours: Neighbours

    def read_parameters(self, request: Request, refused: dict[str, ErrorDetail]) -> None:
        """Take also the cursor, which takes the place of an offset."""
        given = request.query_params.getlist(self.cursor_query_param)
        self.cursor = given[0] or START if given else None
        super().read_parameters(request, refused)
        if len(given) > 1:
            refused[self.cursor_query_param] = ErrorDetail(_("Give one cursor."), code="invalid")
        elif given and self.offset_query_param in request.query_params:
            message = _("Give “cursor” or “offset”, not both: a cursor says where the page begins.")
            refused[self.offset_query_param] = ErrorDetail(message, code="invalid")

    @property
    def default_count(self) -> str:
        return "exact" if self.cursor is None else "none"

    def page(self, queryset: Any, fetch: Fetch) -> Sequence[Fetched]:
        """The rows of the page, wherever it begins."""
        if self.cursor is None:
            return super().page(queryset, fetch)
        keyset = Keyset(queryset)
        self.fingerprint = keyset.fingerprint()
        place = None if self.cursor == START else self._place(self.cursor)
        found = self._fetched(keyset, place, fetch)
        self.count = self.get_count(queryset) if self.counted else None
        self.has_more = len(found) > self.limit
        page = found[: self.limit]
        if place and place.backward:
            page.reverse()
        self.neighbours = _neighbours(page, place, has_more=self.has_more)
        return page

    def _place(self, cursor: str) -> Place:
        try:
            return read_cursor(cursor, self.fingerprint)
        except DamagedCursorError:
            message = _("This cursor is damaged. Take it whole from “next” or “previous”, or begin with cursor=start.")
        except ForeignCursorError:
            message = _(
                "This cursor is from another list or another “ordering”. "
                "Go on in the list that it is from, or begin with cursor=start."
            )
        raise InvalidParameters({self.cursor_query_param: message})

    def _fetched(self, keyset: Keyset, place: Place | None, fetch: Fetch) -> list[Fetched]:
        """The rows behind a place, and one more than the page has if there is one."""
        found: list[Fetched] = []
        for stretch in keyset.stretches(place):
            found += fetch(stretch[: self.limit + 1 - len(found)], keyset.names)
            if len(found) > self.limit:
                break
        return found

    def get_count(self, queryset: Any) -> int:
        # A record's history is told by a list of numbers, which is not of one revision alone.
        return count(queryset, self.request) if isinstance(queryset, QuerySet) else int(super().get_count(queryset))

    def get_next_link(self) -> str | None:
        return super().get_next_link() if self.cursor is None else self._link_to(self.neighbours.following)

    def get_previous_link(self) -> str | None:
        return super().get_previous_link() if self.cursor is None else self._link_to(self.neighbours.preceding)

    def _link_to(self, place: Place | None) -> str | None:
        if place is None:
            return None
        url = replace_query_param(self.address, self.limit_query_param, self.limit)
        return replace_query_param(url, self.cursor_query_param, write_cursor(place, self.fingerprint))

    def get_schema_operation_parameters(self, view: Any) -> list[dict[str, Any]]:
        described = _(
            "`start` begins a walk through the list; `next` and `previous` of each page carry the cursor on. The pages "
            "cost the same at any depth, and records that others add or delete meanwhile shift nothing. Not together "
            "with `offset`; counted only by `count=exact`."
        )
        cursor = parameter(self.cursor_query_param, described, {"type": "string", "examples": [START]})
        return [*super().get_schema_operation_parameters(view), cursor]


def _neighbours(page: Sequence[Fetched], place: Place | None, *, has_more: bool) -> Neighbours:
    """The places beside a page that was read from ``place``, beyond which there is more or not."""
    if place and not page:
        # All that was here is gone. The way back begins at the same place.
        back = place.opposite()
        return Neighbours(back, None) if place.backward else Neighbours(None, back)
    backward = place is not None and place.backward
    return Neighbours(
        following=Place(page[-1][1]) if page and (has_more or backward) else None,
        preceding=Place(page[0][1], backward=True) if place and (has_more or not backward) else None,
    )
