"""Datasets, distributions and sharing agreements in the admin."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db import models
from django.http import HttpRequest

from initiatives.models import Dataset, DatasetAccess, Distribution, SharingAgreement

from .layout import PartInline
from .records import PartAdmin, RecordAdmin, RegistryAdmin
from .webhooks import ReadOnly


class DistributionInline(PartInline):
    model = Distribution
    beside = (("format", "media_type"), ("access_url", "download_url"), ("byte_size", "checksum"))


@admin.register(Dataset)
class DatasetAdmin(RecordAdmin):
    columns = ("publisher", "classification", "update_frequency")
    filters = ("classification", "publisher")
    beside = (
        ("publisher", "classification"),
        ("license", "contact_email"),
        ("themes", "update_frequency"),
        ("covers_from", "covers_until"),
    )
    inlines = (DistributionInline,)


@admin.register(Distribution)
class DistributionAdmin(PartAdmin):
    columns = ("media_type", "byte_size")
    filters = ("format", "dataset")
    beside = (("format", "media_type"), ("access_url", "download_url"), ("byte_size", "checksum"))


@admin.register(SharingAgreement)
class SharingAgreementAdmin(RecordAdmin):
    columns = ("provider", "status", "valid_from", "valid_until")
    filters = ("status", "provider", "recipient", "dataset")
    beside = (("dataset", "status"), ("provider", "recipient"), ("valid_from", "valid_until"))


@admin.register(DatasetAccess)
class DatasetAccessAdmin(ReadOnly, RegistryAdmin):
    columns = ("username", "at")
    filters = ("at",)

    def get_queryset(self, request: HttpRequest) -> models.QuerySet[Any]:
        # An agreement is called by what it is on, and by who receives that.
        return super().get_queryset(request).select_related("agreement__dataset", "agreement__recipient")

    def get_search_fields(self, request: HttpRequest) -> list[str]:
        return ["username", "agreement__slug"]
