"""Reading the registry as it was: within the block, every query sees the tables as one revision left them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, time

from django.db import connection, transaction
from django.utils import timezone
from django.utils.dateparse import parse_date, parse_datetime
from django.utils.translation import gettext as _

from tracker.history.models import Revision
from tracker.history.newest import newest_revision

END_OF_DAY = time(23, 59, 59, 999_999)


class UnknownMomentError(ValueError):
    """There is no such revision, or the moment is before the first or in the future."""


def current_revision() -> int:
    """The number of the last committed revision; 0 before the first."""
    return newest_revision().number


def revision_at(moment: str) -> int:
    """The number of the revision that ``moment`` names, or that was the last at that time (ISO 8601, UTC by default).

    Raises UnknownMomentError.
    """
    last = current_revision()
    if moment.isascii() and moment.isdigit():
        number = int(moment) if len(moment) < 19 else last + 1
        if not 1 <= number <= last:
            raise UnknownMomentError(
                _("There is no revision %(number)s; the last is %(last)d.") % {"number": moment[:20], "last": last}
            )
        return number
    numbers = Revision.objects.numbered().filter(at__lte=_time(moment)).values_list("number", flat=True)
    found = numbers.reverse().first()
    if found is None:
        raise UnknownMomentError(_("The registry has no revision as old as “%(moment)s”.") % {"moment": moment[:40]})
    return found


def _time(moment: str) -> datetime:
    """The time that a reader means; a day means its end, or now while it still goes on."""
    now = timezone.now()
    try:
        day = parse_date(moment)
        found = None if day else parse_datetime(moment)
    except ValueError:
        found = day = None
    if day is not None:
        found = now if day == now.date() else datetime.combine(day, END_OF_DAY, UTC)
    if found is None:
        example = "2017-04-16T08:00:00Z"
        message = _("Expected a revision number or a time such as %(example)s, not “%(moment)s”.")
        raise UnknownMomentError(message % {"example": example, "moment": moment[:40]})
    aware = found if timezone.is_aware(found) else found.replace(tzinfo=UTC)
    if aware > now:
        raise UnknownMomentError(_("“%(moment)s” is in the future.") % {"moment": moment[:40]})
    return aware


def moment() -> int | None:
    """The revision at which the registry is being read; None in the present."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT nullif(current_setting('history.as_of', true), '')::bigint")
        found: int | None = cursor.fetchone()[0]
        return found


@contextmanager
def as_of(number: int, *, unrestricted: bool) -> Iterator[None]:
    """Every query inside sees the registry as revision ``number`` left it; nothing can be written.

    The present decides who may see the past: unless ``unrestricted``, what is deleted or hidden now is not there.
    """
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT set_config('search_path', 'asof, public', true), set_config('history.as_of', %s, true), "
                "set_config('history.unrestricted', %s, true), set_config('transaction_read_only', 'on', true)",
                [str(number), "on" if unrestricted else "off"],
            )
        yield
        # Takes the settings back also where this is a savepoint of a longer transaction.
        transaction.set_rollback(True)
