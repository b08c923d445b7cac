"""Updates that are owed: shown to members of the organization that owes them, and told by e-mail once they are due."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from operator import attrgetter
from typing import Any

from django.conf import settings
from django.contrib.auth import get_user_model
from django.contrib.contenttypes.models import ContentType
from django.core.mail import EmailMultiAlternatives
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext, override

from initiatives.models import Indicator, Initiative, Reminder
from initiatives.models.initiatives import Status
from initiatives.models.memberships import Role, reached_by
from initiatives.two_part_mail import two_part_mail
from tracker.accounts.addresses import address_of
from tracker.accounts.models import Profile
from tracker.database.session_locks import alone

PROGRESS_UPDATE, OBSERVATION = "progress_update", "observation"
KINDS = {PROGRESS_UPDATE: _("Progress update"), OBSERVATION: _("Observation")}
OVER = (Status.COMPLETED, Status.CANCELLED)
OWNERS_OF_INDICATORS = ("organization", "initiative__lead", "smart_service__provider", "goal__owner")

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Owed:
    """An update of a record, and the day by which it is due."""

    kind: str
    record: Any
    due_on: date


@dataclass
class Run:
    """What came of one run."""

    sent: int = 0
    failed: int = 0


def owed_by(user: Any, until: date) -> list[Owed]:
    """The updates due until a day that the organizations owe for which the user works, the longest overdue first."""
    return _owed(reached_by(user, Role.CONTRIBUTOR), until)


def owed_by_own(user: Any, until: date) -> list[Owed]:
    """The same of the organizations that the user is a member of, without those under them, who have members."""
    return _owed(user.memberships.values("organization"), until)


def _owed(organizations: Any, until: date) -> list[Owed]:
    initiatives = Initiative.objects.published().current().with_next_update().filter(next_update_on__lte=until)
    goes_on = Q(status__isnull=True) | ~Q(status__in=OVER)
    reporting = initiatives.filter(goes_on, lead__in=organizations)
    theirs = Q()
    for path in OWNERS_OF_INDICATORS:
        theirs |= Q(**{f"{path}__in": organizations})
    measured = Indicator.objects.current().with_latest().filter(theirs, next_update_on__lte=until)
    found = [Owed(PROGRESS_UPDATE, row, row.next_update_on) for row in reporting]
    found += [Owed(OBSERVATION, row, row.next_update_on) for row in measured]
    return sorted(found, key=attrgetter("due_on"))


# Reminding -----------------------------------------------------------------------------------------------------------


def send_reminders(today: date) -> Run:
    """Remind every member of the updates that are due by today, each update once."""
    run = Run()
    members = get_user_model().objects.filter(is_active=True, memberships__isnull=False).distinct().order_by("pk")
    for user in members:
        with alone(f"reminder:{user.pk}") as is_alone:
            address = address_of(user) if is_alone else ""
            due = _not_reminded(user, owed_by_own(user, today)) if address else []
            if due:
                _send(user, address, due, run)
    return run


def _not_reminded(user: Any, owed: Iterable[Owed]) -> list[Owed]:
    told = set(Reminder.objects.filter(user=user).values_list("content_type_id", "object_id", "due_on"))
    return [each for each in owed if (_type_of(each).pk, each.record.pk, each.due_on) not in told]


def _type_of(owed: Owed) -> ContentType:
    return ContentType.objects.get_for_model(type(owed.record))


def _send(user: Any, address: str, due: list[Owed], run: Run) -> None:
    language = Profile.objects.language_of(user) or settings.LANGUAGE_CODE
    with override(language):
        mail = _mail(address, due, language)
        try:
            mail.send()
        except OSError as error:
            # Of the mail server: the next run tries again.
            logger.warning("The reminder of user %d was not taken: %s", user.pk, error)
            run.failed += 1
            return
    Reminder.objects.bulk_create(
        [Reminder(user=user, content_type=_type_of(each), object_id=each.record.pk, due_on=each.due_on) for each in due]
    )
    run.sent += 1


def _mail(address: str, due: list[Owed], language: str) -> EmailMultiAlternatives:
    site = settings.TRACKER_SITE_URL
    context = {
        "entries": [
            {
                "kind": KINDS[each.kind],
                "name": str(each.record),
                "due_on": each.due_on,
                "url": f"{site}{each.record.get_absolute_url()}",
            }
            for each in due
        ],
        "language": language,
        "direction": "rtl" if language == "ar" else "ltr",
    }
    subject = ngettext("%(count)d update is due", "%(count)d updates are due", len(due)) % {"count": len(due)}
    return two_part_mail("reminders", subject, address, context)
