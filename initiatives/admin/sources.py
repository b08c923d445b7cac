"""Sources and citations in the admin."""

from __future__ import annotations

from functools import partial

from django.contrib import admin
from django.urls import URLPattern, path

from initiatives.models import Citation, Source

from .any_record import any_record
from .records import RecordAdmin


@admin.register(Source)
class SourceAdmin(RecordAdmin):
    columns = ("kind", "language", "published_on")
    filters = ("kind", "language", "published_on")
    beside = (("kind", "language", "published_on"), ("link", "checksum"))


@admin.register(Citation)
class CitationAdmin(RecordAdmin):
    cited = False
    columns = ("record", "fields", "stance", "claimed_value")
    filters = ("stance", "source", "content_type")
    beside = (("source", "locator"), ("record", "stance"), ("fields", "claimed_value"))

    def get_urls(self) -> list[URLPattern]:
        offer = self.admin_site.admin_view(partial(any_record, site=self.admin_site))
        return [path("records/", offer, name="any-record"), *super().get_urls()]
