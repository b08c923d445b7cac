"""Pages of a list: `limit` and `offset`, refused when out of range and never silently clamped."""

import re
from collections.abc import Mapping
from typing import Any, ClassVar

from django.utils.translation import gettext as _
from rest_framework.exceptions import ErrorDetail
from rest_framework.pagination import LimitOffsetPagination
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.utils.urls import remove_query_param, replace_query_param

from tracker.api.problem_types import InvalidParameters

# What PostgreSQL can take as an OFFSET.
LARGEST_OFFSET = 2**63 - 1
COUNT_MODES = ("exact", "none")


class RecordPagination(LimitOffsetPagination):
    """`{"count", "next", "previous", "results"}`; `count=none` spares the database the counting.

    Another way of paging adds its parameter to `known_parameters`, reads it in `read_parameters`, and
    fetches its page in `paginate_queryset`.
    """

    default_limit: int | None = 50
    max_limit: int | None = 1_000
    count_query_param = "count"
    known_parameters: ClassVar[frozenset[str]] = frozenset({"limit", "offset", "count"})

    count: int | None
    has_more: bool

    def paginate_queryset(self, queryset: Any, request: Request, view: Any = None) -> list[Any]:
        """The records of the page that the request asks for."""
        self.request = request
        self.address = request.build_absolute_uri()
        limit, offset, counted = self.read_parameters(request)
        self.limit, self.offset = limit, offset
        self.next_offset, self.previous_offset = offset + limit, max(offset - limit, 0)
        if counted:
            self.count = total = self.get_count(queryset)
            self.has_more = self.next_offset < total
            self.display_page_controls = total > limit
            return list(queryset[offset : offset + limit]) if offset < total else []
        self.count = None
        # One more than asked for tells whether there is a next page.
        found = list(queryset[offset : offset + limit + 1])
        self.has_more = len(found) > limit
        return found[:limit]

    def read_parameters(self, request: Request) -> tuple[int, int, bool]:
        """Take limit, offset and count from the query, or refuse with every reason at once."""
        refused: dict[str, ErrorDetail] = {}
        limits = (1, self.max_limit or LARGEST_OFFSET)
        limit = _whole_number(request, self.limit_query_param, self.default_limit or 50, limits, refused)
        offset = _whole_number(request, self.offset_query_param, 0, (0, LARGEST_OFFSET), refused)
        modes = request.query_params.getlist(self.count_query_param) or ["exact"]
        if len(modes) > 1 or modes[0] not in COUNT_MODES:
            refused[self.count_query_param] = ErrorDetail(
                _("Say count=exact or count=none, once; “%(value)s” is neither.") % {"value": ", ".join(modes)},
                code="invalid",
            )
        if refused:
            raise InvalidParameters(refused)
        return limit, offset, modes[0] == "exact"

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
            _parameter(self.limit_query_param, _("How many records a page has."), limit),
            _parameter(self.offset_query_param, _("How many records to skip."), offset),
            _parameter(self.count_query_param, _("`none` spares the counting of all records."), count),
        ]


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


def _parameter(name: str, description: str, schema: Mapping[str, Any]) -> dict[str, Any]:
    return {"name": name, "in": "query", "required": False, "description": description, "schema": dict(schema)}
