"""The API as pages: what a browser is shown at an address of the API.

DRF's own pages make a form field for every member, a select of a whole collection for every reference, and only know
one direction of writing. Ours show the JSON, and let those who may write send JSON.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _
from rest_framework import serializers
from rest_framework.renderers import BrowsableAPIRenderer, JSONRenderer
from rest_framework.request import override_method

# Whole strings of JSON, once the text is escaped for HTML.
QUOTED_ADDRESS = re.compile(r"&quot;(https?://(?:(?!&quot;)\S)+)&quot;")

QUOTED_ARABIC = re.compile("&quot;((?:(?!&quot;).)*[\u0600-\u06ff](?:(?!&quot;).)*)&quot;")


class PageRenderer(BrowsableAPIRenderer):
    """HTML for people, in their language and direction."""

    template = "api/page.html"
    format = "html"

    accepted_media_type: str

    def get_context(self, data: Any, accepted_media_type: Any, renderer_context: Any) -> dict[str, Any]:
        context: dict[str, Any] = super().get_context(data, accepted_media_type, renderer_context)
        pages = {"previous": _("Previous page"), "next": _("Next page")}
        of_list = data if isinstance(data, Mapping) else {}
        neighbours = [(label, of_list[name]) for name, label in pages.items() if of_list.get(name)]
        return {**context, "linked": linked(context["content"]), "neighbours": neighbours}

    def get_rendered_html_form(self, data: Any, view: Any, method: str, request: Any) -> Any:
        """No form with fields; whether a record may be deleted is still asked this way."""
        return super().get_rendered_html_form(data, view, method, request) if method == "DELETE" else None

    def get_filter_form(self, data: Any, view: Any, request: Any) -> None:
        return None

    def get_raw_data_form(self, data: Any, view: Any, method: str, request: Any) -> Any:
        """The text that a form for this method begins with, or None where the reader may not write."""
        serializer = getattr(data, "serializer", None)
        record = None if isinstance(serializer, serializers.ListSerializer) else getattr(serializer, "instance", None)
        if not hasattr(view, "serializer_class") or not self._may(view, method, request, record):
            return None
        if method == "POST":
            return "{}"
        return JSONRenderer().render(writable(serializer, data), self.accepted_media_type, {"indent": 4}).decode()

    def _may(self, view: Any, method: str, request: Any, record: Any) -> bool:
        if method not in view.allowed_methods or (method != "POST" and record is None):
            return False
        with override_method(view, request, method) as overridden:
            return bool(self.show_form_for_method(view, method, overridden, record))


def linked(content: str) -> SafeString:
    """JSON in which one can click on the addresses, and whose Arabic does not turn the line around."""
    clickable = QUOTED_ADDRESS.sub(r'&quot;<a href="\1">\1</a>&quot;', escape(content))
    return mark_safe(QUOTED_ARABIC.sub(r"&quot;<bdi>\1</bdi>&quot;", clickable))  # noqa: S308


def writable(serializer: Any, data: Mapping[str, Any]) -> dict[str, Any]:
    """What was read as one would write it: without what can only be read, references by slug."""
    found: dict[str, Any] = {}
    for name, field in serializer.fields.items():
        if field.read_only or name not in data:
            continue
        found[name] = _written(field, data[name])
    return found


def _written(field: Any, value: Any) -> Any:
    if value is None:
        return None
    if isinstance(field, serializers.ListSerializer):
        return [writable(field.child, item) for item in value]
    if isinstance(field, serializers.ManyRelatedField):
        return [_written(field.child_relation, item) for item in value]
    # DRF's views load this module, so it cannot load the fields.
    return field.as_written(value) if hasattr(field, "as_written") else value
