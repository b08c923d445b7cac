"""The API's documentation: the OpenAPI document, and two pages that show it, to try out and to read.

The pages load nothing from any host but ours, which their Content-Security-Policy makes sure of.
"""

from __future__ import annotations

from functools import cache
from typing import Any

from csp.constants import SELF
from csp.decorators import csp_update
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
# What Redoc puts into its page: empty sheets, which it fills by script, and one sheet of its own. It draws nothing
# without the former. Whoever takes another version reads in the browser's console which sheet it has.
REDOC_STYLES = [
    "'sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU='",
    "'sha256-QMIg+bpjm3JdElJ388KYke01izlUW0UoNOeKjpMxdgc='",
]
LANGUAGES = [code for code, _name in settings.LANGUAGES]


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
    return render(request, "api/swagger.html")


@csp_update({"style-src": REDOC_STYLES, "worker-src": [SELF, "blob:"]})
@require_safe
def redoc_page(request: HttpRequest) -> HttpResponse:
    """The documentation to read."""
    return render(request, "api/redoc.html")
