"""People and their posts."""

from __future__ import annotations

from initiatives.models import Appointment, Person
from tracker.api.filters import RecordFilterSet

from .records import RecordSerializer, RecordViewSet


class PersonFilterSet(RecordFilterSet):
    class Meta:
        model = Person


class PersonSerializer(RecordSerializer):
    class Meta:
        model = Person
        fields = ("name", "honorific", "aliases")


class PersonViewSet(RecordViewSet):
    queryset = Person.objects.all()
    serializer_class = PersonSerializer
    filterset_class = PersonFilterSet


class AppointmentFilterSet(RecordFilterSet):
    class Meta:
        model = Appointment


class AppointmentSerializer(RecordSerializer):
    class Meta:
        model = Appointment
        fields = ("person", "organization", "title", "start", "end")


class AppointmentViewSet(RecordViewSet):
    queryset = Appointment.objects.all()
    serializer_class = AppointmentSerializer
    filterset_class = AppointmentFilterSet
