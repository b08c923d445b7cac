"""Engagements with their participants, agenda and outcomes, and statements, in the admin."""

from __future__ import annotations

from django.contrib import admin

from initiatives.models import AgendaItem, Engagement, Outcome, Participation, Statement

from .layout import PartInline
from .records import PartAdmin, RecordAdmin


class ParticipationInline(PartInline):
    model = Participation
    beside = (("position", "role"), ("person", "organization", "on_behalf_of"))


class AgendaItemInline(PartInline):
    model = AgendaItem
    beside = (("position", "presenter", "refers_to"),)


class OutcomeInline(PartInline):
    model = Outcome
    beside = (("owner", "due_on", "status"), ("initiatives", "milestones"))


@admin.register(Engagement)
class EngagementAdmin(RecordAdmin):
    columns = ("kind", "on", "host", "visitor")
    filters = ("kind", "host", "visitor", "part_of", "on")
    beside = (("kind", "on"), ("host", "visitor"))
    inlines = (ParticipationInline, AgendaItemInline, OutcomeInline)


@admin.register(Statement)
class StatementAdmin(RecordAdmin):
    columns = ("speaker", "mode", "engagement", "position")
    filters = ("mode", "speaker", "engagement")
    beside = (("engagement", "position"), ("speaker", "mode"))


@admin.register(Participation)
class ParticipationAdmin(PartAdmin):
    columns = ("role", "on_behalf_of")
    filters = ("role", "engagement", "organization", "on_behalf_of")
    beside = (("engagement", "position"), ("person", "organization"), ("on_behalf_of", "role"))


@admin.register(AgendaItem)
class AgendaItemAdmin(PartAdmin):
    named_by = "subject"
    columns = ("presenter", "refers_to")
    filters = ("engagement", "presenter")
    beside = (("engagement", "position"), ("presenter", "refers_to"))


@admin.register(Outcome)
class OutcomeAdmin(PartAdmin):
    named_by = "text"
    columns = ("owner", "due_on", "status")
    filters = ("status", "owner", "engagement")
    beside = (("owner", "due_on", "status"), ("initiatives", "milestones"))
