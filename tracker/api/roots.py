"""Where everything is found: `/api/` leads to the API's doors, `/api/v1/` lists the collections."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.conf import settings
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, override
from drf_spectacular.utils import extend_schema
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.reverse import reverse
from rest_framework.views import APIView

from tracker.api import collections
from tracker.api.problem_types import UnknownParameter

ADDRESS = {"type": "string", "format": "uri"}
TITLES = {"type": "object", "properties": {code: {"type": "string"} for code, _name in settings.LANGUAGES}}
COLLECTION = {
    "type": "object",
    "properties": {"url": ADDRESS, "title": {**TITLES, "required": list(TITLES["properties"])}},
    "required": ["url", "title"],
}
DOORS = {
    "v1": "api-v1",
    "search": "search",
    "schema": "schema",
    "docs": "docs",
    "redoc": "redoc",
    "problems": "problem-types",
}


class ListingView(APIView):
    """A page of the API that only leads on."""

    permission_classes = (AllowAny,)
    title: Any

    def get_view_name(self) -> str:
        return str(self.title)

    def refuse_unknown(self, request: Request) -> None:
        unknown = [name for name in request.query_params if name != "format"]
        if unknown:
            raise UnknownParameter(unknown, {"format"})


class ApiRoot(ListingView):
    title = gettext_lazy("The API")

    def get_view_description(self, html: bool = False) -> str:
        return _("The records, and what explains how to read and write them.")

    @extend_schema(
        operation_id="doors",
        summary=gettext_lazy("The doors of the API"),
        responses={200: {"type": "object", "properties": dict.fromkeys(DOORS, ADDRESS), "required": list(DOORS)}},
    )
    def get(self, request: Request) -> Response:
        self.refuse_unknown(request)
        return Response({name: reverse(route, request=request) for name, route in DOORS.items()})


class CollectionList(ListingView):
    title = gettext_lazy("Collections")
    others: Mapping[str, tuple[str, Any]] = {}
    """What is listed besides the collections of records: by name, the route and the title."""

    def get_view_description(self, html: bool = False) -> str:
        return _("Every type of record, each at its address.")

    @extend_schema(
        operation_id="collections",
        summary=gettext_lazy("The collections, by name"),
        responses={200: {"type": "object", "additionalProperties": COLLECTION}},
    )
    def get(self, request: Request) -> Response:
        self.refuse_unknown(request)
        listed = {}
        for name in collections.names():
            model: Any = collections.model_named(name)
            listed[name] = _entry(
                request.build_absolute_uri(collections.path_of(model)), model._meta.verbose_name_plural
            )
        for name, (route, title) in self.others.items():
            listed[name] = _entry(reverse(route, request=request), title)
        return Response(listed)


def _entry(url: str, title: Any) -> dict[str, Any]:
    titles = {}
    for language in TITLES["properties"]:
        with override(language):
            titles[language] = capfirst(str(title))
    return {"url": url, "title": titles}
