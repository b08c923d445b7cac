"""People, and the posts that they hold for a time."""

from __future__ import annotations

from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import RangeOperators
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from tracker.search import SearchIndex, both

from .organizations import Organization, alias_list
from .ranges import date_span, same_number, same_text
from .records import PublicRecordQuerySet, Record, in_current_language, in_order, text_required


class Person(Record):
    """A person named in a source."""

    collection = "people"

    name_en = models.CharField(_("name (English)"), max_length=200, blank=True)
    name_ar = models.CharField(_("name (Arabic)"), max_length=200, blank=True)
    honorific_en = models.CharField(_("honorific (English)"), max_length=50, blank=True)
    honorific_ar = models.CharField(_("honorific (Arabic)"), max_length=50, blank=True)
    aliases_en = alias_list(_("other names (English)"))
    aliases_ar = alias_list(_("other names (Arabic)"))

    objects = PublicRecordQuerySet.as_manager()

    class Meta(Record.Meta):
        verbose_name = _("person")
        verbose_name_plural = _("people")
        indexes = [
            SearchIndex(
                name="person_search", label=both("name"), names=("slug", *both("aliases")), notes=both("honorific")
            )
        ]
        constraints = [*Record.Meta.constraints, text_required("name")]


class Appointment(Record):
    """A post that a person holds in an organization; its dates may be unknown."""

    collection = "appointments"
    label = "title"

    person = models.ForeignKey(Person, verbose_name=_("person"), on_delete=models.PROTECT, related_name="appointments")
    organization = models.ForeignKey(
        Organization, verbose_name=_("organization"), on_delete=models.PROTECT, related_name="appointments"
    )
    title_en = models.CharField(_("title (English)"), max_length=200, blank=True)
    title_ar = models.CharField(_("title (Arabic)"), max_length=200, blank=True)
    start = models.DateField(_("start"), null=True, blank=True, db_index=True)
    end = models.DateField(_("end"), null=True, blank=True, db_index=True, help_text=_("The last day in the post."))

    objects = PublicRecordQuerySet.as_manager()

    class Meta(Record.Meta):
        verbose_name = _("appointment")
        verbose_name_plural = _("appointments")
        indexes = [SearchIndex(name="appointment_search", label=both("title"), names=("slug",))]
        constraints = [
            *Record.Meta.constraints,
            text_required("title"),
            in_order("start", "end"),
            ExclusionConstraint(
                name="appointment_overlap",
                expressions=[
                    (same_number("person"), RangeOperators.OVERLAPS),
                    (same_number("organization"), RangeOperators.OVERLAPS),
                    (same_text("title"), RangeOperators.OVERLAPS),
                    (date_span("start", "end"), RangeOperators.OVERLAPS),
                ],
                condition=Q(start__isnull=False),
                violation_error_message=_("This person already holds this post for some of this time."),
            ),
        ]

    def slug_texts(self) -> list[str]:
        return [self.person.slug, self.organization.slug]

    def __str__(self) -> str:
        return f"{self.person}, {in_current_language(self, 'title')}, {self.organization}"
