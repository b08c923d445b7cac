"""Which form of the answer a client gets: by `?format=`, else by its Accept header."""

from __future__ import annotations

from typing import Any

from django.http import Http404
from django.utils.translation import gettext as _
from rest_framework.negotiation import DefaultContentNegotiation
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.settings import api_settings

from tracker.api.problem_types import InvalidParameters


class StrictNegotiation(DefaultContentNegotiation):
    """Refuses a format that an address does not have as what it is: a wrong parameter of a right address."""

    def select_renderer(self, request: Request, renderers: Any, format_suffix: str | None = None) -> tuple[Any, str]:
        """The form that the address asks for, whatever the program that follows it accepts; else what it accepts.

        OPTIONS describes the address, which the form of a list of something cannot tell.
        """
        if request.method == "OPTIONS":
            renderers = [each for each in renderers if getattr(each, "describes", True)] or [JSONRenderer()]
        format_asked = request.query_params.get(api_settings.URL_FORMAT_OVERRIDE)
        if format_asked:
            renderer = self.filter_renderers(renderers, format_asked)[0]
            return renderer, renderer.media_type
        chosen: tuple[Any, str] = super().select_renderer(request, renderers, format_suffix)
        return chosen

    def filter_renderers(self, renderers: Any, format: str) -> Any:  # noqa: A002 (DRF's name)
        try:
            return super().filter_renderers(renderers, format)
        except Http404:
            values = {"value": format[:60], "choices": ", ".join(renderer.format for renderer in renderers)}
            reason = _("“%(value)s” is not valid. Choose from: %(choices)s.") % values
            raise InvalidParameters({"format": reason}) from None
