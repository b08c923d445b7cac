"""Platforms with their capabilities, and smart services with their releases."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy
from rest_framework import serializers

from initiatives.models import Capability, Platform, ServiceRelease, SmartService
from tracker.api.filters import RecordFilterSet

from .publication import PublishableViewSet, StateField
from .records import PartSerializer, RecordSerializer, RecordViewSet


class CapabilitySerializer(PartSerializer):
    class Meta(PartSerializer.Meta):
        model = Capability
        fields = ("position", "text", "status", "delivered_on")


class PlatformFilterSet(RecordFilterSet):
    class Meta:
        model = Platform


class PlatformSerializer(RecordSerializer):
    capabilities = CapabilitySerializer(many=True, required=False)

    class Meta:
        model = Platform
        fields = ("name", "owner", "description", "website", "launched_on", "capabilities")


class PlatformViewSet(RecordViewSet):
    about = gettext_lazy("Platforms on which services are offered, and what they promise to make possible.")
    queryset = Platform.objects.all()
    serializer_class = PlatformSerializer
    filterset_class = PlatformFilterSet


class ServiceReleaseSerializer(PartSerializer):
    class Meta(PartSerializer.Meta):
        model = ServiceRelease
        fields = ("version", "notes", "released_on")


class SmartServiceFilterSet(RecordFilterSet):
    class Meta:
        model = SmartService
        computed = {
            "current_version": models.CharField(null=True),
            "current_released_on": models.DateField(null=True),
        }


class SmartServiceSerializer(RecordSerializer):
    state = StateField()
    current_version = serializers.CharField(read_only=True, allow_null=True)
    current_released_on = serializers.DateField(read_only=True, allow_null=True)
    releases = ServiceReleaseSerializer(many=True, required=False)

    class Meta:
        model = SmartService
        fields = (
            "name",
            "description",
            "provider",
            "platform",
            "pillar",
            "audience",
            "channels",
            "link",
            "state",
            "current_version",
            "current_released_on",
            "releases",
        )


class SmartServiceViewSet(PublishableViewSet):
    about = gettext_lazy("Digital services that entities offer, with their releases.")
    queryset = SmartService.objects.all()
    serializer_class = SmartServiceSerializer
    filterset_class = SmartServiceFilterSet
