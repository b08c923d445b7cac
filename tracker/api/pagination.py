"""Pages of a list: `limit` and `offset`, refused when out of range and never silently clamped."""

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any, ClassVar

from django.utils.translation import gettext as _
from rest_framework.exceptions import ErrorDetail
from rest_framework.pagination import LimitOffsetPagination
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.utils.urls import remove_query_param, replace_query_param

from tracker.api.keysets import Keys
from tracker.api.problem_types import InvalidParameters

# What PostgreSQL can take as an OFFSET.
LARGEST_OFFSET = 2**63 - 1
COUNT_MODES = ("exact", "none")

Fetched = tuple[Any, Keys]
"""A row, and what it is ordered by: nothing where pages are counted off."""
Fetch = Callable[[Any, Sequence[str]], Sequence[Fetched]]
"""What reads the rows of a sliced query; it is told which of their annotations hold the keys."""


class RecordPagination(LimitOffsetPagination):
    """`{"count", "next", "previous", "results"}`; `count=none` spares the database the counting.

    Another way of paging adds its parameter to `known_parameters`, reads it in `read_parameters`, and finds its page in
    `page`.
    """

    default_limit: int | None = 50
    max_limit: int | None = 1_000
    count_query_param = "count"
    known_parameters: ClassVar[frozenset[str]] = frozenset({"limit", "offset", "count"})

    limit: int
    offset: int
    count: int | None
    counted: bool
    has_more: bool

    def paginate_queryset(self, queryset: Any, request: Request, view: Any = None) -> list[Any]:
        """The records of the page that the request asks for."""
        return self.fetch_page(queryset, request, _as_they_are)

    def fetch_page(self, queryset: Any, request: Request, fetch: Fetch) -> list[Any]:
        """The page that the request asks for, of rows as ``fetch`` reads them."""
        self.request = request
        self.address = request.build_absolute_uri()
        refused: dict[str, ErrorDetail] = {}
        self.read_parameters(request, refused)
        if refused:
            raise InvalidParameters(refused)
        return [row for row, _keys in self.page(queryset, fetch)]

    def read_parameters(self, request: Request, refused: dict[str, ErrorDetail]) -> None:
        """Take limit, offset and count from the query; what is wrong with them is noted in `refused`."""
        limits = (1, self.max_limit or LARGEST_OFFSET)
        self.limit = _whole_number(request, self.limit_query_param, self.default_limit or 50, limits, refused)
        self.offset = _whole_number(request, self.offset_query_param, 0, (0, LARGEST_OFFSET), refused)
        modes = request.query_params.getlist(self.count_query_param) or [self.default_count]
        if len(modes) > 1 or modes[0] not in COUNT_MODES:
            refused[self.count_query_param] = ErrorDetail(
                _("Say count=exact or count=none, once; “%(value)s” is neither.") % {"value": ", ".join(modes)},
                code="invalid",
            )
        self.counted = modes[0] == "exact"

    @property
    def default_count(self) -> str:
        """How a page is counted if the request does not say."""
        return "exact"

    def page(self, queryset: Any, fetch: Fetch) -> Sequence[Fetched]:
        """The rows of the page."""
        limit, offset = self.limit, self.offset
        self.next_offset, self.previous_offset = offset + limit, max(offset - limit, 0)
        if self.counted:
            self.count = total = self.get_count(queryset)
            self.has_more = self.next_offset < total
            self.display_page_controls = total > limit
            return fetch(queryset[offset : offset + limit], ()) if offset < total else []
        self.count = None
        # One more than asked for tells whether there is a next page.
        found = fetch(queryset[offset : offset + limit + 1], ())
        self.has_more = len(found) > limit
        return found[:limit]

    def get_paginated_response(self, data: Any) -> Response:
        """The page with its neighbours' addresses."""
        return Response(self.envelope(data))

    def envelope(self, results: Any) -> dict[str, Any]:
        """The members of a list's body around its results, in their order."""
        return {
            "count": self.count,
            "next": self.get_next_link(),
            "previous": self.get_previous_link(),
            "results": results,
        }

    def get_next_link(self) -> str | None:
        """The address of the next page, with all other parameters as they were."""
        return self._link(self.next_offset) if self.has_more else None

    def get_previous_link(self) -> str | None:
        """The address of the page before, with all other parameters as they were."""
        return self._link(self.previous_offset) if self.offset else None

    def _link(self, offset: int) -> str:
        url = replace_query_param(self.address, self.limit_query_param, self.limit)
        if not offset:
            return remove_query_param(url, self.offset_query_param)
        return replace_query_param(url, self.offset_query_param, offset)

    def get_paginated_response_schema(self, schema: Mapping[str, Any]) -> dict[str, Any]:
        """The page in OpenAPI's words."""
        link = {"type": ["string", "null"], "format": "uri"}
        return {
            "type": "object",
            "required": ["count", "next", "previous", "results"],
            "properties": {
                "count": {"type": ["integer", "null"], "minimum": 0},
                "next": link,
                "previous": link,
                "results": schema,
            },
        }

    def get_schema_operation_parameters(self, view: Any) -> list[dict[str, Any]]:
        """The paging parameters in OpenAPI's words."""
        limit = {"type": "integer", "minimum": 1, "maximum": self.max_limit, "default": self.default_limit}
        offset = {"type": "integer", "minimum": 0, "maximum": LARGEST_OFFSET, "default": 0}
        count = {"type": "string", "enum": list(COUNT_MODES), "default": "exact"}
        return [
            parameter(self.limit_query_param, _("How many records a page has."), limit),
            parameter(self.offset_query_param, _("How many records to skip."), offset),
            parameter(self.count_query_param, _("`none` spares the counting of all records."), count),
        ]


def _as_they_are(rows: Any, key_names: Sequence[str]) -> list[Fetched]:
    return [(row, tuple(getattr(row, name) for name in key_names)) for row in rows]


def _whole_number(
    request: Request, name: str, default: int, bounds: tuple[int, int], refused: dict[str, ErrorDetail]
) -> int:
    """A parameter's number; one that is out of bounds is noted in `refused`."""
    given = request.query_params.getlist(name)
    if not given:
        return default
    # Python's int() would also take underscores, blanks, and digits of other scripts.
    number = int(given[0]) if len(given) == 1 and re.fullmatch(r"[0-9]{1,19}", given[0], re.ASCII) else -1
    lowest, highest = bounds
    if lowest <= number <= highest:
        return number
    message = _("“%(name)s” is given once, as a whole number from %(lowest)d to %(highest)d; not “%(value)s”.")
    values = {"name": name, "lowest": lowest, "highest": highest, "value": ", ".join(given)[:100]}
    refused[name] = ErrorDetail(message % values, code="out_of_range")
    return default


def parameter(name: str, description: str, schema: Mapping[str, Any]) -> dict[str, Any]:
    return {"name": name, "in": "query", "required": False, "description": description, "schema": dict(schema)}
