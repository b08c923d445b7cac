"""Datasets, where they are to be had, and agreements under which they are shared.

What is open everybody sees whole. Of what is not, one sees the metadata as far as its classification allows: of
confidential data everybody, of sensitive data members of any organization, of secret data those of the publisher and
of recipients while their agreement is in force. Where it is to be had, only the publisher's members see; recipients ask
for that, and each such access is on record.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, Self

from django.conf import settings
from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import ArrayField, RangeOperators
from django.db import models
from django.db.models import Case, Exists, F, Q, Value, When
from django.db.models.functions import Now, TruncDate
from django.utils.translation import gettext_lazy as _

from tracker.search import SearchIndex, both

from .memberships import Membership, Role, reached_by
from .organizations import Organization
from .publication import Publishable, PublishableQuerySet, is_curator, owned_by_theirs
from .ranges import date_span, same_number
from .records import Part, PartQuerySet, Record, RecordQuerySet, in_order, text_required

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser, User

# Of data with these classifications everybody may know.
LISTED = ("open", "confidential")
# The states of an agreement that was made, whatever became of it.
MADE = ("approved", "active", "expired", "revoked")


def in_force() -> Q:
    """The condition that an agreement holds today; it ends by itself."""
    today = TruncDate(Now())
    begun = Q(valid_from__isnull=True) | Q(valid_from__lte=today)
    lasts = Q(valid_until__isnull=True) | Q(valid_until__gte=today)
    return Q(status__in=["approved", "active"]) & begun & lasts


class DatasetQuerySet(PublishableQuerySet):
    """Datasets, as far as their classification lets somebody know of them."""

    def visible_to(self, user: User | AnonymousUser) -> Self:
        seen = super().visible_to(user)
        if is_curator(user):
            return seen
        known = Q(classification__in=LISTED)
        if user.is_active:
            known |= owned_by_theirs(self.model, user) | Q(pk__in=shared_with(user))
            known |= Q(Exists(Membership.objects.filter(user=user.pk)), classification="sensitive")
        return seen.filter(known)


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
    public_when: ClassVar[dict[str, Any]] = {**Publishable.public_when, "classification": LISTED}

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

    objects = DatasetQuerySet.as_manager()

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


class DistributionQuerySet(PartQuerySet):
    """Where datasets are to be had: of open ones for everybody, of all others for those who publish them."""

    def visible_to(self, user: User | AnonymousUser) -> Self:
        if is_curator(user):
            return self.all()
        seen = super().visible_to(user)
        free = Q(dataset__classification="open")
        if user.is_active:
            free |= Q(dataset__publisher__in=reached_by(user, Role.CONTRIBUTOR))
        return seen.filter(free)


class Distribution(Part):
    """A form in which a dataset is to be had (DCAT: Distribution)."""

    parent_field = "dataset"
    public_within: ClassVar[dict[str, str]] = {"classification": "open"}

    dataset = models.ForeignKey(
        Dataset, verbose_name=_("dataset"), on_delete=models.CASCADE, related_name="distributions"
    )
    format = models.CharField(_("format"), max_length=40, help_text=_("For example “CSV”."))
    media_type = models.CharField(_("media type"), max_length=100, blank=True)
    access_url = models.URLField(_("access address"), max_length=500, blank=True)
    download_url = models.URLField(_("download address"), max_length=500, blank=True)
    byte_size = models.PositiveBigIntegerField(_("size in bytes"), null=True, blank=True)
    checksum = models.CharField(_("checksum"), max_length=64, blank=True, help_text=_("SHA-256, in hexadecimal."))

    objects = DistributionQuerySet.as_manager()

    class Meta(Part.Meta):
        verbose_name = _("distribution")
        verbose_name_plural = _("distributions")

    def __str__(self) -> str:
        return self.format


class SharingAgreementQuerySet(RecordQuerySet):
    """Agreements; the public sees those that were made on the datasets that it sees, the parties all of theirs."""

    def visible_to(self, user: User | AnonymousUser) -> Self:
        if is_curator(user):
            return self.all()
        made = Q(status__in=MADE, dataset__in=Dataset.objects.visible_to(user))
        if not user.is_active:
            return self.filter(made)
        theirs = reached_by(user, Role.CONTRIBUTOR)
        return self.filter(made | Q(provider__in=theirs) | Q(recipient__in=theirs))

    def in_force(self) -> Self:
        return self.filter(in_force())

    def with_computed(self) -> Self:
        """Annotate ``in_force``: whether it holds today."""
        return self.annotate(in_force=Case(When(in_force(), then=Value(True)), default=Value(False)))


def shared_with(user: User | AnonymousUser) -> models.QuerySet[Any, Any]:
    """The ids of the datasets that an organization of the user's has an agreement on today."""
    received = SharingAgreement.objects.in_force().filter(recipient__in=reached_by(user, Role.CONTRIBUTOR))
    return received.values("dataset")


class SharingAgreement(Record):
    """The terms on which a provider shares a dataset with a recipient for a time."""

    class Status(models.TextChoices):
        REQUESTED = "requested", _("Requested")
        APPROVED = "approved", _("Approved")
        ACTIVE = "active", _("Active")
        EXPIRED = "expired", _("Expired")
        REVOKED = "revoked", _("Revoked")
        REFUSED = "refused", _("Refused")

    collection = "agreements"
    label = None
    public_with = ("dataset",)
    public_when: ClassVar[dict[str, tuple[str, ...]]] = {"status": MADE}

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
    decision_en = models.TextField(_("reason of the decision (English)"), blank=True, default="", db_default="")
    decision_ar = models.TextField(_("reason of the decision (Arabic)"), blank=True, default="", db_default="")
    valid_from = models.DateField(_("valid from"), null=True, blank=True, db_index=True)
    valid_until = models.DateField(_("valid until"), null=True, blank=True, db_index=True)

    objects = SharingAgreementQuerySet.as_manager()

    class Meta(Record.Meta):
        verbose_name = _("sharing agreement")
        verbose_name_plural = _("sharing agreements")
        indexes = [
            SearchIndex(name="sharingagreement_search", names=("slug",), texts=both("purpose", "terms", "decision"))
        ]
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

    def save(self, *args: Any, **kwargs: Any) -> None:
        if not self.provider_id:
            self.provider = self.dataset.publisher
        super().save(*args, **kwargs)

    def slug_texts(self) -> list[str]:
        return [self.dataset.slug, self.recipient.slug]

    def __str__(self) -> str:
        return f"{self.dataset} → {self.recipient}"


class DatasetAccessQuerySet(models.QuerySet["DatasetAccess"]):
    """Accesses; those who publish the dataset see who had it."""

    def visible_to(self, user: User | AnonymousUser) -> Self:
        if is_curator(user):
            return self.all()
        if not user.is_active:
            return self.none()
        return self.filter(agreement__provider__in=reached_by(user, Role.CONTRIBUTOR))


class DatasetAccess(models.Model):
    """That somebody was shown, under an agreement, where a dataset is to be had."""

    versioned: ClassVar[bool] = False

    agreement = models.ForeignKey(
        SharingAgreement, verbose_name=_("sharing agreement"), on_delete=models.CASCADE, related_name="accesses"
    )
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, verbose_name=_("user"), null=True, on_delete=models.SET_NULL, related_name="+"
    )
    username = models.CharField(_("user name"), max_length=150)
    at = models.DateTimeField(_("at"), auto_now_add=True)

    objects = DatasetAccessQuerySet.as_manager()

    class Meta:
        verbose_name = _("dataset access")
        verbose_name_plural = _("dataset accesses")
        ordering = ("-at", "-id")
        indexes = [models.Index(fields=["agreement", "-at"], name="dataset_access_log")]

    def __str__(self) -> str:
        return f"{self.agreement}: {self.username}"
