"""Engagements: visits and meetings, who took part, what was on the agenda, what came of them, who said what."""

from __future__ import annotations

from django.contrib.contenttypes.fields import GenericForeignKey
from django.contrib.contenttypes.models import ContentType
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from tracker.search import SearchIndex, both

from .initiatives import Initiative
from .integrity import require_record
from .organizations import Organization
from .people import Person
from .records import OrderedPart, Part, PartQuerySet, PublicRecordQuerySet, Record, in_current_language, text_required
from .roadmaps import Milestone


class Engagement(Record):
    """A visit, meeting, presentation or launch."""

    class Kind(models.TextChoices):
        VISIT = "visit", _("Visit")
        MEETING = "meeting", _("Meeting")
        PRESENTATION = "presentation", _("Presentation")
        LAUNCH = "launch", _("Launch")

    collection = "engagements"
    label = "title"

    kind = models.CharField(_("kind"), max_length=12, choices=Kind.choices, db_index=True)
    title_en = models.CharField(_("title (English)"), max_length=200, blank=True)
    title_ar = models.CharField(_("title (Arabic)"), max_length=200, blank=True)
    host = models.ForeignKey(
        Organization,
        verbose_name=_("host"),
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="hosted_engagements",
    )
    visitor = models.ForeignKey(
        Organization,
        verbose_name=_("visitor"),
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="visiting_engagements",
    )
    on = models.DateField(_("on"), null=True, blank=True, db_index=True)
    date_note_en = models.CharField(_("date, as the source gives it (English)"), max_length=200, blank=True)
    date_note_ar = models.CharField(_("date, as the source gives it (Arabic)"), max_length=200, blank=True)
    place_en = models.CharField(_("place (English)"), max_length=200, blank=True)
    place_ar = models.CharField(_("place (Arabic)"), max_length=200, blank=True)
    purpose_en = models.TextField(_("purpose (English)"), blank=True)
    purpose_ar = models.TextField(_("purpose (Arabic)"), blank=True)
    part_of = models.ForeignKey(
        Initiative,
        verbose_name=_("part of"),
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="engagements",
        help_text=_("The initiative or plan that it falls within."),
    )

    objects = PublicRecordQuerySet.as_manager()

    class Meta(Record.Meta):
        verbose_name = _("engagement")
        verbose_name_plural = _("engagements")
        indexes = [
            SearchIndex(
                name="engagement_search",
                label=both("title"),
                names=("slug",),
                notes=both("date_note", "place"),
                texts=both("purpose"),
            )
        ]
        constraints = [*Record.Meta.constraints, text_required("title")]


class Participation(OrderedPart):
    """Somebody who took part: a person, an organization, or a group that the source does not count."""

    class Role(models.TextChoices):
        HEAD_OF_DELEGATION = "head_of_delegation", _("Head of the delegation")
        DELEGATE = "delegate", _("Member of the delegation")
        RECEIVED_BY = "received_by", _("Received the visitors")
        PRESENTER = "presenter", _("Presenter")
        PARTICIPANT = "participant", _("Participant")

    parent_field = "engagement"

    engagement = models.ForeignKey(
        Engagement, verbose_name=_("engagement"), on_delete=models.CASCADE, related_name="participations"
    )
    person = models.ForeignKey(
        Person,
        verbose_name=_("person"),
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="participations",
    )
    organization = models.ForeignKey(
        Organization,
        verbose_name=_("organization"),
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="participations",
    )
    group_en = models.CharField(_("group (English)"), max_length=200, blank=True)
    group_ar = models.CharField(_("group (Arabic)"), max_length=200, blank=True)
    on_behalf_of = models.ForeignKey(
        Organization,
        verbose_name=_("on behalf of"),
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="represented_in",
    )
    role = models.CharField(_("role"), max_length=20, choices=Role.choices)

    objects = PartQuerySet.as_manager()

    class Meta(OrderedPart.Meta):
        verbose_name = _("participation")
        verbose_name_plural = _("participations")
        constraints = [
            models.CheckConstraint(
                name="participation_one_participant",
                condition=Q(person__isnull=False, organization__isnull=True, group_en="", group_ar="")
                | Q(person__isnull=True, organization__isnull=False, group_en="", group_ar="")
                | (Q(person__isnull=True, organization__isnull=True) & ~Q(group_en="", group_ar="")),
                violation_error_message=_("Name exactly one participant: a person, an organization or a group."),
            ),
            models.UniqueConstraint(
                name="participation_position",
                fields=["engagement", "position"],
                deferrable=models.Deferrable.DEFERRED,
                violation_error_message=_("Another participant has this position."),
            ),
        ]

    def __str__(self) -> str:
        return str(self.person or self.organization or in_current_language(self, "group"))


class AgendaItem(OrderedPart):
    """What was spoken of, in order, and by whom."""

    parent_field = "engagement"

    engagement = models.ForeignKey(
        Engagement, verbose_name=_("engagement"), on_delete=models.CASCADE, related_name="agenda"
    )
    presenter = models.ForeignKey(
        Person,
        verbose_name=_("presenter"),
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="agenda_items",
    )
    subject_en = models.CharField(_("subject (English)"), max_length=300, blank=True)
    subject_ar = models.CharField(_("subject (Arabic)"), max_length=300, blank=True)
    refers_to_type = models.ForeignKey(
        ContentType,
        verbose_name=_("type of the record it refers to"),
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="+",
    )
    refers_to_id = models.BigIntegerField(_("id of the record it refers to"), null=True, blank=True)
    refers_to = GenericForeignKey("refers_to_type", "refers_to_id")

    objects = PartQuerySet.as_manager()

    class Meta(OrderedPart.Meta):
        verbose_name = _("agenda item")
        verbose_name_plural = _("agenda items")
        indexes = [models.Index(fields=["refers_to_type", "refers_to_id"], name="agenda_refers_to")]
        constraints = [
            text_required("subject"),
            models.CheckConstraint(
                name="agenda_item_whole_reference",
                condition=Q(refers_to_type__isnull=True, refers_to_id__isnull=True)
                | Q(refers_to_type__isnull=False, refers_to_id__isnull=False),
                violation_error_message=_("A reference needs the record's type and the record."),
            ),
            models.UniqueConstraint(
                name="agenda_item_position",
                fields=["engagement", "position"],
                deferrable=models.Deferrable.DEFERRED,
                violation_error_message=_("Another agenda item has this position."),
            ),
        ]
        triggers = [
            *OrderedPart.Meta.triggers,
            require_record(content_type="refers_to_type", object_id="refers_to_id", field="refers_to"),
        ]

    def __str__(self) -> str:
        return in_current_language(self, "subject")


class Outcome(Part):
    """What came of an engagement, who owes it, and which initiatives and milestones it changed."""

    class Status(models.TextChoices):
        OPEN = "open", _("Open")
        DONE = "done", _("Done")
        DROPPED = "dropped", _("Dropped")

    parent_field = "engagement"

    engagement = models.ForeignKey(
        Engagement, verbose_name=_("engagement"), on_delete=models.CASCADE, related_name="outcomes"
    )
    text_en = models.TextField(_("text (English)"), blank=True)
    text_ar = models.TextField(_("text (Arabic)"), blank=True)
    owner = models.ForeignKey(
        Organization,
        verbose_name=_("owner"),
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="owed_outcomes",
    )
    due_on = models.DateField(_("due on"), null=True, blank=True)
    status = models.CharField(_("status"), max_length=8, choices=Status.choices, default=Status.OPEN)
    initiatives = models.ManyToManyField(
        Initiative, verbose_name=_("initiatives it changed"), blank=True, related_name="changed_by_outcomes"
    )
    milestones = models.ManyToManyField(
        Milestone, verbose_name=_("milestones it changed"), blank=True, related_name="changed_by_outcomes"
    )

    objects = PartQuerySet.as_manager()

    class Meta(Part.Meta):
        verbose_name = _("outcome")
        verbose_name_plural = _("outcomes")
        constraints = [text_required("text")]

    def __str__(self) -> str:
        return in_current_language(self, "text")


class Statement(Record):
    """What somebody said, in our own words, and in which mode the source reports it."""

    class Mode(models.TextChoices):
        QUOTE = "quote", _("Direct quote")
        INDIRECT = "indirect", _("Indirect speech")
        PRESENTATION = "presentation", _("Presentation")
        PRAISE = "praise", _("Praise")
        NARRATION = "narration", _("Narration")

    collection = "statements"
    label = "gist"

    engagement = models.ForeignKey(
        Engagement,
        verbose_name=_("engagement"),
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="statements",
    )
    position = models.PositiveSmallIntegerField(
        _("position"), null=True, blank=True, help_text=_("Its place in the order of the source, counted from 1.")
    )
    speaker = models.ForeignKey(
        Person,
        verbose_name=_("speaker"),
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="statements",
    )
    mode = models.CharField(_("mode"), max_length=12, choices=Mode.choices, db_index=True)
    gist_en = models.TextField(_("gist (English)"), blank=True)
    gist_ar = models.TextField(_("gist (Arabic)"), blank=True)
    about_type = models.ForeignKey(
        ContentType,
        verbose_name=_("type of the record it is about"),
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="+",
    )
    about_id = models.BigIntegerField(_("id of the record it is about"), null=True, blank=True)
    about = GenericForeignKey("about_type", "about_id")

    objects = PublicRecordQuerySet.as_manager()

    class Meta(Record.Meta):
        verbose_name = _("statement")
        verbose_name_plural = _("statements")
        indexes = [
            models.Index(fields=["about_type", "about_id"], name="statement_about"),
            SearchIndex(name="statement_search", label=both("gist"), names=("slug",)),
        ]
        constraints = [
            *Record.Meta.constraints,
            text_required("gist"),
            models.CheckConstraint(
                name="statement_has_speaker",
                condition=Q(speaker__isnull=False) | Q(mode="narration"),
                violation_error_message=_("Only narration has no speaker."),
            ),
            models.CheckConstraint(
                name="statement_whole_reference",
                condition=Q(about_type__isnull=True, about_id__isnull=True)
                | Q(about_type__isnull=False, about_id__isnull=False),
                violation_error_message=_("A reference needs the record's type and the record."),
            ),
        ]
        triggers = [
            *Record.Meta.triggers,
            require_record(content_type="about_type", object_id="about_id", field="about"),
        ]
