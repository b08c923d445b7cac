"""People and their appointments in the admin."""

from __future__ import annotations

from django.contrib import admin

from initiatives.models import Appointment, Person

from .layout import PartInline
from .records import RecordAdmin


class AppointmentInline(PartInline):
    model = Appointment
    beside = (("slug", "organization"), ("start", "end"))


@admin.register(Person)
class PersonAdmin(RecordAdmin):
    columns = ("honorific_en", "honorific_ar")
    filters = ("appointments__organization",)
    inlines = (AppointmentInline,)


@admin.register(Appointment)
class AppointmentAdmin(RecordAdmin):
    columns = ("person", "organization", "start", "end")
    filters = ("organization",)
    beside = (("person", "organization"), ("start", "end"))
