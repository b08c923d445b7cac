"""How data that are not open come to others: asked for, approved, limited or refused, and each access on record."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from initiatives.models import Dataset, DatasetAccess, SharingAgreement
from initiatives.models.memberships import Role, reached_by
from initiatives.permissions import Standing, may_decide, standing
from tracker.api.problem_types import Conflict

Status = SharingAgreement.Status


@transaction.atomic
def decide(*, agreement: SharingAgreement, approves: bool, values: Mapping[str, Any], by: Any) -> None:
    """Approve a request, as it is or within limits (terms, dates); or refuse it, which owes a reason."""
    _must_decide(agreement, by)
    _must_be(agreement, Status.REQUESTED)
    if not approves:
        _owe_reason(values)
    _end_in(agreement, Status.APPROVED if approves else Status.REFUSED, values)


@transaction.atomic
def revoke(*, agreement: SharingAgreement, values: Mapping[str, Any], by: Any) -> None:
    """End an agreement before its time, for a reason."""
    _must_decide(agreement, by)
    _must_be(agreement, Status.APPROVED, Status.ACTIVE)
    _owe_reason(values)
    _end_in(agreement, Status.REVOKED, values)


@transaction.atomic
def take_access(*, dataset: Dataset, by: Any) -> list[Any]:
    """Where a dataset is to be had; of one that is not open, under an agreement, and on record for the provider."""
    distributions = list(dataset.distributions.all())
    if dataset.classification == Dataset.Classification.OPEN:
        return distributions
    if standing(by, dataset.publisher_id) >= Standing.CONTRIBUTOR:
        return distributions
    agreement = _agreement_of(dataset, by)
    if agreement is None:
        raise PermissionDenied(
            _("Where this is to be had is told to members of organizations that have an agreement in force.")
        )
    DatasetAccess.objects.create(agreement=agreement, user=by, username=by.get_username())
    return distributions


def _agreement_of(dataset: Dataset, user: Any) -> SharingAgreement | None:
    if not user.is_active:
        return None
    received = SharingAgreement.objects.in_force().filter(dataset=dataset, replaced_by__isnull=True)
    return received.filter(recipient__in=reached_by(user, Role.CONTRIBUTOR)).order_by("pk").first()


def _must_decide(agreement: SharingAgreement, user: Any) -> None:
    if not may_decide(user, agreement.provider_id):
        raise PermissionDenied(_("This takes a publisher of the organization that provides the data."))


def _must_be(agreement: SharingAgreement, *statuses: str) -> None:
    if agreement.status not in statuses:
        raise Conflict(_("The agreement is %(status)s.") % {"status": agreement.get_status_display()})


def _owe_reason(values: Mapping[str, Any]) -> None:
    if not (values.get("decision_en") or values.get("decision_ar")):
        raise ValidationError({"decision": ValidationError(_("Say why."), code="required")})


def _end_in(agreement: SharingAgreement, status: str, values: Mapping[str, Any]) -> None:
    agreement.status = status
    for name, value in values.items():
        setattr(agreement, name, value)
    agreement.save(update_fields=["status", *values, "updated_at"])
