"""Datasets, where they are to be had, and agreements under which they are shared."""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import ArrayField, RangeOperators
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from tracker.search import SearchIndex, both

from .organizations import Organization
from .publication import Publishable, PublishableQuerySet
from .ranges import date_span, same_number
from .records import Part, PartQuerySet, Record, RecordQuerySet, in_order, text_required

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser, User


class Dataset(Publishable, Record):
    """A body of data that an organization publishes or shares (DCAT: Dataset)."""

    class Classification(models.TextChoices):
        OPEN = "open", _("Open")
        CONFIDENTIAL = "confidential", _("Confidential")
        SENSITIVE = "sensitive", _("Sensitive")
        SECRET = "secret", _("Secret")

    collection = "datasets"
    label = "title"
    owned_by = ("publisher",)

    title_en = models.CharField(_("title (English)"), max_length=200, blank=True)
    title_ar = models.CharField(_("title (Arabic)"), max_length=200, blank=True)
    description_en = models.TextField(_("description (English)"), blank=True)
    description_ar = models.TextField(_("description (Arabic)"), blank=True)
    publisher = models.ForeignKey(
        Organization, verbose_name=_("publisher"), on_delete=models.PROTECT, related_name="datasets"
    )
    classification = models.CharField(_("classification"), max_length=12, choices=Classification.choices, db_index=True)
    license = models.URLField(_("license"), max_length=300, blank=True)
    themes = ArrayField(models.CharField(max_length=60), verbose_name=_("themes"), default=list, blank=True)
    keywords_en = ArrayField(
        models.CharField(max_length=60), verbose_name=_("keywords (English)"), default=list, blank=True
    )
    keywords_ar = ArrayField(
        models.CharField(max_length=60), verbose_name=_("keywords (Arabic)"), default=list, blank=True
    )
    update_frequency = models.CharField(
        _("update frequency"), max_length=40, blank=True, db_index=True, help_text=_("For example “monthly”.")
    )
    covers_from = models.DateField(_("covers from"), null=True, blank=True, db_index=True)
    covers_until = models.DateField(_("covers until"), null=True, blank=True, db_index=True)
    spatial_coverage_en = models.CharField(_("area covered (English)"), max_length=200, blank=True)
    spatial_coverage_ar = models.CharField(_("area covered (Arabic)"), max_length=200, blank=True)
    contact_email = models.EmailField(_("contact e-mail"), blank=True)

    objects = PublishableQuerySet.as_manager()

    class Meta(Record.Meta):
        verbose_name = _("dataset")
        verbose_name_plural = _("datasets")
        indexes = [
            SearchIndex(
                name="dataset_search",
                label=both("title"),
                names=("slug", *both("keywords")),
                notes=both("spatial_coverage"),
                texts=both("description"),
            )
        ]
        constraints = [*Record.Meta.constraints, text_required("title"), in_order("covers_from", "covers_until")]


class Distribution(Part):
    """A form in which a dataset is to be had (DCAT: Distribution)."""

    parent_field = "dataset"

    dataset = models.ForeignKey(
        Dataset, verbose_name=_("dataset"), on_delete=models.CASCADE, related_name="distributions"
    )
    format = models.CharField(_("format"), max_length=40, help_text=_("For example “CSV”."))
    media_type = models.CharField(_("media type"), max_length=100, blank=True)
    access_url = models.URLField(_("access address"), max_length=500, blank=True)
    download_url = models.URLField(_("download address"), max_length=500, blank=True)
    byte_size = models.PositiveBigIntegerField(_("size in bytes"), null=True, blank=True)
    checksum = models.CharField(_("checksum"), max_length=64, blank=True, help_text=_("SHA-256, in hexadecimal."))

    objects = PartQuerySet.as_manager()

    class Meta(Part.Meta):
        verbose_name = _("distribution")
        verbose_name_plural = _("distributions")

    def __str__(self) -> str:
        return self.format


class SharingAgreementQuerySet(RecordQuerySet):
    """Agreements; the public sees those on the datasets that it sees."""

    def visible_to(self, user: User | AnonymousUser) -> Self:
        return self.filter(dataset__in=Dataset.objects.visible_to(user))


class SharingAgreement(Record):
    """The terms on which a provider shares a dataset with a recipient for a time."""

    class Status(models.TextChoices):
        REQUESTED = "requested", _("Requested")
        APPROVED = "approved", _("Approved")
        ACTIVE = "active", _("Active")
        EXPIRED = "expired", _("Expired")
        REVOKED = "revoked", _("Revoked")

    collection = "agreements"
    label = None
    public_with = ("dataset",)

    dataset = models.ForeignKey(Dataset, verbose_name=_("dataset"), on_delete=models.PROTECT, related_name="agreements")
    provider = models.ForeignKey(
        Organization, verbose_name=_("provider"), on_delete=models.PROTECT, related_name="agreements_given"
    )
    recipient = models.ForeignKey(
        Organization, verbose_name=_("recipient"), on_delete=models.PROTECT, related_name="agreements_received"
    )
    purpose_en = models.TextField(_("purpose (English)"), blank=True)
    purpose_ar = models.TextField(_("purpose (Arabic)"), blank=True)
    terms_en = models.TextField(_("terms (English)"), blank=True)
    terms_ar = models.TextField(_("terms (Arabic)"), blank=True)
    status = models.CharField(
        _("status"), max_length=10, choices=Status.choices, default=Status.REQUESTED, db_index=True
    )
    valid_from = models.DateField(_("valid from"), null=True, blank=True, db_index=True)
    valid_until = models.DateField(_("valid until"), null=True, blank=True, db_index=True)

    objects = SharingAgreementQuerySet.as_manager()

    class Meta(Record.Meta):
        verbose_name = _("sharing agreement")
        verbose_name_plural = _("sharing agreements")
        indexes = [SearchIndex(name="sharingagreement_search", names=("slug",), texts=both("purpose", "terms"))]
        constraints = [
            *Record.Meta.constraints,
            text_required("purpose"),
            in_order("valid_from", "valid_until"),
            models.CheckConstraint(
                name="agreement_two_organizations",
                condition=~Q(provider=F("recipient")),
                violation_error_message=_("Provider and recipient are two organizations."),
            ),
            ExclusionConstraint(
                name="agreement_overlap",
                expressions=[
                    (same_number("dataset"), RangeOperators.OVERLAPS),
                    (same_number("recipient"), RangeOperators.OVERLAPS),
                    (date_span("valid_from", "valid_until"), RangeOperators.OVERLAPS),
                ],
                condition=Q(status__in=["approved", "active"]),
                violation_error_message=_(
                    "This recipient already has an agreement on this dataset for some of this time."
                ),
            ),
        ]

    def slug_texts(self) -> list[str]:
        return [self.dataset.slug, self.recipient.slug]

    def __str__(self) -> str:
        return f"{self.dataset} → {self.recipient}"
