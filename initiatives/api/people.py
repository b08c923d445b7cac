"""People and their posts."""

from __future__ import annotations

from django.utils.translation import gettext_lazy

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
    about = gettext_lazy("People whom sources name.")
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
    about = gettext_lazy("Posts that people hold in organizations for a time; the dates may be unknown.")
    queryset = Appointment.objects.all()
    serializer_class = AppointmentSerializer
    filterset_class = AppointmentFilterSet
