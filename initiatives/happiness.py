"""The happiness index of services, entities, pillars and the city, by day, week and month.

All of it is summed from counts of fives (``models.happiness``): what is small is not there yet, rather than hidden
here, so sums are exact and tell nothing of fewer than five people. Services count while the public sees them.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from django.db import connection, models
from django.db.models.expressions import RawSQL
from django.utils.translation import gettext_lazy as _

from initiatives.models import HappinessCount, Organization, Pillar, SmartService
from initiatives.models.days import city_day
from initiatives.models.publication import PublicationState

Period = HappinessCount.Period

MOST_CELLS = 120
DEFAULT_CELLS = {Period.DAY: 30, Period.WEEK: 12, Period.MONTH: 12}
# Far enough from the ends of the calendar that any period around a day has a beginning and an end.
FIRST_DAY, LAST_DAY = date(1900, 1, 1), date(2999, 12, 31)
CITY = 0
"""Stands for the city where others have the id of a record."""


class HappinessBy(models.TextChoices):
    SERVICE = "service", _("Service")
    ENTITY = "entity", _("Entity")
    PILLAR = "pillar", _("Pillar")
    CITY = "city", _("City")


@dataclass(frozen=True)
class Tally:
    """How many ratings of each score."""

    happy: int = 0
    neutral: int = 0
    unhappy: int = 0

    def __add__(self, other: Tally) -> Tally:
        return Tally(self.happy + other.happy, self.neutral + other.neutral, self.unhappy + other.unhappy)

    @property
    def ratings(self) -> int:
        return self.happy + self.neutral + self.unhappy

    @property
    def suppressed(self) -> bool:
        """Whether there are too few ratings to be shown, or none."""
        return not self.ratings

    @property
    def index(self) -> Decimal | None:
        """From 0, where all are unhappy, to 100, where all are happy; to one decimal place."""
        if self.suppressed:
            return None
        return (Decimal(100 * self.happy + 50 * self.neutral) / self.ratings).quantize(Decimal("0.1"))


Sums = dict[tuple[int, date], Tally]
"""Tallies by the id of a record and the first day of a period."""


@dataclass(frozen=True)
class Span:
    """Consecutive days, weeks or months."""

    period: HappinessCount.Period
    starts: tuple[date, ...]

    @property
    def first(self) -> date:
        return self.starts[0]

    @property
    def last(self) -> date:
        return self.end_of(self.starts[-1])

    def end_of(self, start: date) -> date:
        """The last day of the period that begins on ``start``."""
        return _next(self.period, start) - timedelta(days=1)


@dataclass(frozen=True)
class Cells:
    """The tallies of one service, entity or pillar, or of the city, for each period of a span."""

    span: Span
    tallies: tuple[Tally, ...]

    @property
    def total(self) -> Tally:
        return sum(self.tallies, Tally())

    def __iter__(self) -> Iterator[tuple[date, date, Tally]]:
        """First day, last day and tally of each period."""
        for start, tally in zip(self.span.starts, self.tallies, strict=True):
            yield start, self.span.end_of(start), tally


class SpanError(ValueError):
    """No such span can be told: which parameter is wrong, and why."""

    def __init__(self, name: str, code: str, reason: str) -> None:
        super().__init__(reason)
        self.name = name
        self.code = code


# Spans ---------------------------------------------------------------------------------------------------------------


def span_of(period: HappinessCount.Period, since: date | None = None, until: date | None = None) -> Span:
    """The periods from that in which ``since`` lies to that of ``until``: by default the last ones, up to today."""
    last = _start(period, _within("until", until or city_day()))
    if since is None:
        starts = _before(period, last, DEFAULT_CELLS[period])
    else:
        starts = _between(period, _start(period, _within("from", since)), last)
    return Span(period, tuple(starts))


def _between(period: HappinessCount.Period, first: date, last: date) -> list[date]:
    if first > last:
        raise SpanError("from", "after_until", str(_("“from” is after “until”.")))
    starts = [first]
    while starts[-1] < last:
        if len(starts) == MOST_CELLS:
            reason = _("From “from” to “until” there are more than %(most)d periods; ask for fewer.")
            raise SpanError("from", "too_many_periods", reason % {"most": MOST_CELLS})
        starts.append(_next(period, starts[-1]))
    return starts


def _before(period: HappinessCount.Period, last: date, many: int) -> list[date]:
    starts = [last]
    while len(starts) < many:
        starts.insert(0, _start(period, starts[0] - timedelta(days=1)))
    return starts


def _within(name: str, day: date) -> date:
    if not FIRST_DAY <= day <= LAST_DAY:
        reason = _("Name a day from %(first)s to %(last)s.")
        raise SpanError(name, "out_of_range", reason % {"first": FIRST_DAY, "last": LAST_DAY})
    return day


def _start(period: HappinessCount.Period, day: date) -> date:
    """The first day of the period that a day lies in."""
    if period == Period.MONTH:
        return day.replace(day=1)
    return day - timedelta(days=day.weekday()) if period == Period.WEEK else day


def _next(period: HappinessCount.Period, start: date) -> date:
    days = {Period.DAY: 1, Period.WEEK: 7, Period.MONTH: 31}[period]
    return _start(period, start + timedelta(days=days))


# Reading -------------------------------------------------------------------------------------------------------------

# Which service counts for which record; a duplicate that was merged counts for the service that it leads to.
IS_SEEN = f"seen.state = '{PublicationState.PUBLISHED.value}' AND seen.replaced_by_id IS NULL"
SEEN = f"""
    SELECT seen.id AS service_id, seen.id AS seen_id, seen.provider_id, seen.pillar_id
    FROM public.initiatives_smartservice seen WHERE {IS_SEEN}
    UNION ALL
    SELECT merged.id, seen.id, seen.provider_id, seen.pillar_id
    FROM public.initiatives_smartservice merged
    JOIN public.initiatives_smartservice seen ON seen.id = merged.replaced_by_id WHERE {IS_SEEN}
"""
MEMBERS = {
    HappinessBy.SERVICE: f"SELECT seen_id AS of_id, service_id FROM ({SEEN}) seen WHERE seen_id = ANY(%(ids)s)",
    HappinessBy.PILLAR: f"SELECT pillar_id AS of_id, service_id FROM ({SEEN}) seen WHERE pillar_id = ANY(%(ids)s)",
    HappinessBy.CITY: f"SELECT {CITY} AS of_id, service_id FROM ({SEEN}) seen",
    # UNION ends the walk where somebody drew a circle.
    HappinessBy.ENTITY: f"""
        WITH RECURSIVE under(of_id, id) AS (
            SELECT id, id FROM public.initiatives_organization WHERE id = ANY(%(ids)s)
            UNION
            SELECT under.of_id, below.id
            FROM under JOIN public.initiatives_organization below ON below.parent_id = under.id
        )
        SELECT under.of_id, seen.service_id FROM under JOIN ({SEEN}) seen ON seen.provider_id = under.id
    """,
}
SUMS = """
SELECT {of_id} AS of_id, counted.start,
    sum(counted.happy) AS happy, sum(counted.neutral) AS neutral, sum(counted.unhappy) AS unhappy
FROM {counted} WHERE counted.period = %(period)s AND counted.start BETWEEN %(first)s AND %(last)s {only}
GROUP BY 1, 2
"""
COUNTED = "public.initiatives_happinesscount counted"
BY_RECORD = SUMS.format(
    of_id="member.of_id",
    counted=f"unnest(%(of_ids)s::bigint[], %(services)s::bigint[]) member(of_id, service_id) "
    f"JOIN {COUNTED} ON counted.smart_service_id = member.service_id",
    only="",
)
OF_ALL = SUMS.format(of_id="%(of_id)s::bigint", counted=COUNTED, only="")
OF_SOME = SUMS.format(
    of_id="%(of_id)s::bigint", counted=COUNTED, only="AND counted.smart_service_id = ANY(%(services)s)"
)
# In one statement, so that both are read at one moment.
OF_ALL_BUT_SOME = f"""
SELECT of_id, start, sum(happy), sum(neutral), sum(unhappy) FROM (
    {OF_ALL} UNION ALL SELECT of_id, start, -happy, -neutral, -unhappy FROM ({OF_SOME}) theirs
) added GROUP BY of_id, start
"""
OTHERS = "SELECT id FROM public.initiatives_smartservice WHERE NOT id = ANY(%(services)s)"
ENTITIES = f"""
WITH RECURSIVE above(id) AS (
    SELECT provider_id FROM public.initiatives_smartservice seen WHERE {IS_SEEN}
    UNION
    SELECT organization.parent_id FROM above
    JOIN public.initiatives_organization organization ON organization.id = above.id
    WHERE organization.parent_id IS NOT NULL
)
SELECT id FROM above
"""


def happiness_by(by: HappinessBy, span: Span, ids: Collection[int] = ()) -> dict[int, Cells]:
    """The cells of some records of one kind, by their ids; those of the city under ``CITY``."""
    wanted = [CITY] if by == HappinessBy.CITY else list(ids)
    members = _rows(MEMBERS[by], {"ids": wanted})
    found = _of_one(wanted[0], members, span) if len(wanted) == 1 else _of_several(members, span)
    nothing = Tally()
    return {of: Cells(span, tuple(found.get((of, start), nothing) for start in span.starts)) for of in wanted}


def _of_several(members: list[Any], span: Span) -> Sums:
    pairs = {"of_ids": [of_id for of_id, _service in members], "services": [service for _of_id, service in members]}
    return _sums(BY_RECORD, span, pairs)


def _of_one(of_id: int, members: list[Any], span: Span) -> Sums:
    """The sums of one record. Where most services are its own, what the others have is taken from the sums of all."""
    services = [service for _of_id, service in members]
    others = [service for (service,) in _rows(OTHERS, {"services": services})]
    if len(services) <= len(others):
        return _sums(OF_SOME, span, {"of_id": of_id, "services": services})
    return _sums(OF_ALL_BUT_SOME, span, {"of_id": of_id, "services": others})


def _sums(statement: str, span: Span, parameters: dict[str, Any]) -> Sums:
    bounds = {"period": span.period.value, "first": span.first, "last": span.last}
    return {
        (of_id, start): Tally(int(happy), int(neutral), int(unhappy))
        for of_id, start, happy, neutral, unhappy in _rows(statement, {**bounds, **parameters})
    }


def _rows(statement: str, parameters: dict[str, Any]) -> list[Any]:
    with connection.cursor() as cursor:
        cursor.execute(statement, parameters)
        return list(cursor.fetchall())


def happiness_of(record: SmartService | Organization | Pillar | None, span: Span) -> Cells:
    """The cells of a service, of an entity with those under it, of a pillar, or of the city (None)."""
    if record is None:
        return happiness_by(HappinessBy.CITY, span)[CITY]
    return happiness_by(BY_MODEL[type(record)], span, [record.pk])[record.pk]


BY_MODEL: dict[type[models.Model], HappinessBy] = {
    SmartService: HappinessBy.SERVICE,
    Organization: HappinessBy.ENTITY,
    Pillar: HappinessBy.PILLAR,
}


def records_by(by: HappinessBy) -> models.QuerySet[Any]:
    """The services, entities or pillars that have an index, or will have one, by slug; ``by`` is not the city."""
    services = SmartService.objects.published().current()
    if by == HappinessBy.SERVICE:
        return services.order_by("slug")
    if by == HappinessBy.PILLAR:
        return Pillar.objects.current().filter(pk__in=services.values("pillar")).order_by("slug")
    return Organization.objects.current().filter(pk__in=RawSQL(ENTITIES, ())).order_by("slug")  # noqa: S611
