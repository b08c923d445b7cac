"""Days as the city counts them, whatever zone the server keeps."""

from __future__ import annotations

from datetime import date, datetime, time
from zoneinfo import ZoneInfo

from django.conf import settings
from django.utils import timezone


def city_day(moment: datetime | None = None) -> date:
    """The city's day at a moment, or now."""
    return (moment or timezone.now()).astimezone(_zone()).date()


def beginning_of(day: date) -> datetime:
    """The moment at which a day of the city begins."""
    return datetime.combine(day, time.min, tzinfo=_zone())


def _zone() -> ZoneInfo:
    return ZoneInfo(settings.TRACKER_TIME_ZONE)
