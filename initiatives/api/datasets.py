"""Datasets with their distributions, and sharing agreements."""

from __future__ import annotations

from django.utils.translation import gettext_lazy

from initiatives.models import Dataset, Distribution, SharingAgreement
from tracker.api.filters import RecordFilterSet

from .publication import PublishableViewSet, StateField
from .records import PartSerializer, RecordSerializer, RecordViewSet


class DistributionSerializer(PartSerializer):
    class Meta(PartSerializer.Meta):
        model = Distribution
        fields = ("format", "media_type", "access_url", "download_url", "byte_size", "checksum")


class DatasetFilterSet(RecordFilterSet):
    class Meta:
        model = Dataset


class DatasetSerializer(RecordSerializer):
    state = StateField()
    distributions = DistributionSerializer(many=True, required=False)

    class Meta:
        model = Dataset
        fields = (
            "title",
            "description",
            "publisher",
            "classification",
            "license",
            "themes",
            "keywords",
            "update_frequency",
            "covers_from",
            "covers_until",
            "spatial_coverage",
            "contact_email",
            "state",
            "distributions",
        )


class DatasetViewSet(PublishableViewSet):
    about = gettext_lazy("Bodies of data that organizations publish or share, and where they are to be had.")
    queryset = Dataset.objects.all()
    serializer_class = DatasetSerializer
    filterset_class = DatasetFilterSet


class SharingAgreementFilterSet(RecordFilterSet):
    class Meta:
        model = SharingAgreement


class SharingAgreementSerializer(RecordSerializer):
    class Meta:
        model = SharingAgreement
        fields = ("dataset", "provider", "recipient", "purpose", "terms", "status", "valid_from", "valid_until")


class SharingAgreementViewSet(RecordViewSet):
    about = gettext_lazy("Terms on which a dataset is shared with an organization for a time.")
    queryset = SharingAgreement.objects.all()
    serializer_class = SharingAgreementSerializer
    filterset_class = SharingAgreementFilterSet
