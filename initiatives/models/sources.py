"""Sources, and citations: which place in which source supports or disputes which fields of which record."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self

from django.apps import apps
from django.contrib.contenttypes.fields import GenericForeignKey
from django.contrib.contenttypes.models import ContentType
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from tracker.content_types import TypeId
from tracker.search import SearchIndex, both

from .integrity import require_record
from .publication import is_curator
from .records import Part, PublicRecordQuerySet, Record, RecordQuerySet, text_required

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser, User


class Source(Record):
    """A document that says something: an article, a page, a law, a report."""

    class Kind(models.TextChoices):
        ARTICLE = "article", _("News article")
        PAGE = "page", _("Web page")
        LAW = "law", _("Law or resolution")
        REPORT = "report", _("Report")
        DATASET = "dataset", _("Dataset")

    collection = "sources"
    label = "title"

    kind = models.CharField(_("kind"), max_length=10, choices=Kind.choices, default=Kind.PAGE, db_index=True)
    title_en = models.CharField(_("title (English)"), max_length=300, blank=True)
    title_ar = models.CharField(_("title (Arabic)"), max_length=300, blank=True)
    publisher_en = models.CharField(_("publisher (English)"), max_length=200, blank=True)
    publisher_ar = models.CharField(_("publisher (Arabic)"), max_length=200, blank=True)
    link = models.URLField(_("web address"), max_length=500, blank=True)
    language = models.CharField(
        _("language"), max_length=10, blank=True, db_index=True, help_text=_("BCP 47, for example “ar” or “en”.")
    )
    published_on = models.DateField(_("published on"), null=True, blank=True, db_index=True)
    checksum = models.CharField(
        _("checksum"), max_length=64, blank=True, help_text=_("SHA-256 of the text that was read, in hexadecimal.")
    )

    objects = PublicRecordQuerySet.as_manager()

    class Meta(Record.Meta):
        verbose_name = _("source")
        verbose_name_plural = _("sources")
        indexes = [SearchIndex(name="source_search", label=both("title"), names=("slug",), notes=both("publisher"))]
        constraints = [*Record.Meta.constraints, text_required("title")]


class CitationQuerySet(RecordQuerySet):
    """Citations; the public sees those of the records that it sees."""

    def visible_to(self, user: User | AnonymousUser) -> Self:
        if is_curator(user):
            return self.all()
        visible = Q()
        for model in apps.get_app_config(self.model._meta.app_label).get_models():
            rows: Any = model._default_manager.get_queryset()
            if issubclass(model, (Record, Part)) and model is not self.model:
                of_type = Q(content_type=TypeId(model))
                visible |= of_type if rows.everybody_sees_all else of_type & Q(object_id__in=rows.visible_to(user))
        return self.filter(visible)


class Citation(Record):
    """One place in one source that supports or disputes what a record says.

    Two sources may disagree; both citations stand side by side, each with the value its source gives.
    """

    class Stance(models.TextChoices):
        SUPPORTS = "supports", _("Supports")
        DISPUTES = "disputes", _("Disputes")

    collection = "citations"
    label = None

    source = models.ForeignKey(Source, verbose_name=_("source"), on_delete=models.PROTECT, related_name="cited_in")
    locator = models.CharField(
        _("locator"), max_length=100, blank=True, help_text=_("Where in the source, for example “L7” for line 7.")
    )
    content_type = models.ForeignKey(ContentType, verbose_name=_("record type"), on_delete=models.PROTECT)
    object_id = models.BigIntegerField(_("record id"))
    record = GenericForeignKey("content_type", "object_id")
    fields = ArrayField(
        models.CharField(max_length=60),
        verbose_name=_("fields"),
        default=list,
        blank=True,
        help_text=_("The fields that this place speaks of; none means the record as a whole."),
    )
    stance = models.CharField(
        _("stance"), max_length=10, choices=Stance.choices, default=Stance.SUPPORTS, db_index=True
    )
    claimed_value = models.CharField(
        _("claimed value"),
        max_length=200,
        blank=True,
        help_text=_("The value as this source gives it, where sources differ or the record leaves it open."),
    )
    note_en = models.TextField(_("note (English)"), blank=True)
    note_ar = models.TextField(_("note (Arabic)"), blank=True)

    objects = CitationQuerySet.as_manager()

    class Meta(Record.Meta):
        verbose_name = _("citation")
        verbose_name_plural = _("citations")
        indexes = [
            models.Index(fields=["content_type", "object_id"], name="citation_record"),
            SearchIndex(name="citation_search", names=("slug",), notes=("claimed_value",), texts=both("note")),
        ]
        triggers = [
            *Record.Meta.triggers,
            require_record(content_type="content_type", object_id="object_id", field="record"),
        ]

    def slug_texts(self) -> list[str]:
        record = self.record
        parent = getattr(record, getattr(record, "parent_field", ""), record)
        return [getattr(parent, "slug", ""), self.source.slug, self.locator]

    def __str__(self) -> str:
        return f"{self.source} {self.locator}".strip()
