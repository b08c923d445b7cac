"""Which form of the answer a client gets: by `?format=`, else by its Accept header."""

from __future__ import annotations

from typing import Any

from django.http import Http404
from django.utils.translation import gettext as _
from rest_framework.negotiation import DefaultContentNegotiation

from tracker.api.problem_types import InvalidParameters


class StrictNegotiation(DefaultContentNegotiation):
    """Refuses a format that an address does not have as what it is: a wrong parameter of a right address."""

    def filter_renderers(self, renderers: Any, format: str) -> Any:  # noqa: A002 (DRF's name)
        try:
            return super().filter_renderers(renderers, format)
        except Http404:
            values = {"value": format[:60], "choices": ", ".join(renderer.format for renderer in renderers)}
            reason = _("“%(value)s” is not valid. Choose from: %(choices)s.") % values
            raise InvalidParameters({"format": reason}) from None
