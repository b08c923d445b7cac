"""Rating a service: once for each client, service and day, of which nothing is left but the rating itself."""

from __future__ import annotations

from datetime import date

from django.db import transaction

from initiatives.models import Rating, SmartService
from initiatives.models.days import city_day
from initiatives.models.rating_partitions import make_partitions
from initiatives.models.rating_seals import DayIsOverError, day_in_force, set_seal, turn_to


class AlreadyRatedError(Exception):
    """The client has rated this service on the day in force."""

    def __init__(self, day: date) -> None:
        super().__init__(day)
        self.day = day


def rate(*, smart_service: SmartService, client: str, score: str, channel: str, comment: str = "") -> Rating:
    """Take a client's rating of a published service; raises AlreadyRatedError for a second one on a day.

    ``client`` is whatever tells the client from others. It is not kept.
    """
    day = begin_day()
    try:
        with transaction.atomic():
            if not set_seal(client=client, service=smart_service.pk, day=day):
                raise AlreadyRatedError(day)
            return Rating.objects.create(
                smart_service=smart_service, score=score, channel=channel, comment=comment, day=day
            )
    except DayIsOverError:
        # Midnight came in between.
        return rate(smart_service=smart_service, client=client, score=score, channel=channel, comment=comment)


def begin_day() -> date:
    """The day in force; the first to ask on a day makes it have what it needs, and forgets the day before."""
    today = city_day()
    in_force = day_in_force(today)
    if in_force is None:
        in_force = turn_to(today)
        make_partitions(in_force)
    return in_force
