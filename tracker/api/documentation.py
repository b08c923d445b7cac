"""The API's documentation: the OpenAPI document, and two pages that show it, to try out and to read.

The pages load nothing from any host but ours, which their Content-Security-Policy makes sure of.
"""

from __future__ import annotations

from functools import cache
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.cache import patch_vary_headers
from django.utils.translation import get_language, override
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_safe
from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.renderers import (
    OpenApiJsonRenderer,
    OpenApiJsonRenderer2,
    OpenApiYamlRenderer,
    OpenApiYamlRenderer2,
)
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from tracker.api.problem_types import InvalidParameters, UnknownParameter

KNOWN = frozenset({"lang", "format"})
LANGUAGES = [code for code, _name in settings.LANGUAGES]
# Both viewers write styles into the page while they draw; Redoc searches in a worker that it makes of a blob.
POLICY = "; ".join(
    [
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self' 'unsafe-inline'",
        "img-src 'self' data:",
        "font-src 'self' data:",
        "connect-src 'self'",
        "worker-src 'self' blob:",
        "base-uri 'none'",
        "form-action 'self'",
        "frame-ancestors 'none'",
    ]
)


class SchemaView(APIView):
    """The OpenAPI 3.1 document, as JSON or as YAML."""

    permission_classes = (AllowAny,)
    renderer_classes = (OpenApiJsonRenderer2, OpenApiYamlRenderer2, OpenApiJsonRenderer, OpenApiYamlRenderer)

    @extend_schema(
        operation_id="schema",
        summary=_("This document"),
        parameters=[OpenApiParameter("lang", enum=LANGUAGES, description=_("The language of the descriptions."))],
        responses={200: {"type": "object"}},
    )
    def get(self, request: Request) -> Response:
        unknown = [name for name in request.query_params if name not in KNOWN]
        if unknown:
            raise UnknownParameter(unknown, KNOWN)
        language = request.query_params.get("lang", get_language() or settings.LANGUAGE_CODE)
        if language not in LANGUAGES:
            raise InvalidParameters({"lang": _("Choose from: %(languages)s.") % {"languages": ", ".join(LANGUAGES)}})
        response = Response(document(language), headers={"Content-Language": language})
        patch_vary_headers(response, ["Accept", "Accept-Language", "Cookie"])
        return response


@cache
def document(language: str) -> dict[str, Any]:
    """The document in a language; it does not change while the process runs, and takes seconds to make."""
    with override(language):
        found: dict[str, Any] = SchemaGenerator().get_schema(public=True)
    return found


@require_safe
def swagger_page(request: HttpRequest) -> HttpResponse:
    """The documentation to try out."""
    return _page(request, "api/swagger.html")


@require_safe
def redoc_page(request: HttpRequest) -> HttpResponse:
    """The documentation to read."""
    return _page(request, "api/redoc.html")


def _page(request: HttpRequest, template: str) -> HttpResponse:
    response = render(request, template)
    response["Content-Security-Policy"] = POLICY
    return response
