"""What some initiatives are measured by, week by week for a year.

Weekly, because daily values would be three of four rows of the city, and no council counts its projects every day.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any, NamedTuple

from initiatives.models import Indicator, Observation, Target
from initiatives.models.indicators import Meaning

from .borough import TODAY, Borough, Named
from .words import Text, phrase

# One initiative of so many is measured.
MEASURED = 10
WEEKS = 52


class Measure(NamedTuple):
    """A thing to count."""

    title: Text
    unit: Text
    meaning: Meaning
    direction: str = "increase"


MEASURES = (
    Measure(Text("Users a week", "المستخدمون أسبوعياً"), Text("people", "شخص"), Meaning.POINT),
    Measure(Text("Users since the launch", "المستخدمون منذ الإطلاق"), Text("people", "شخص"), Meaning.CUMULATIVE),
    Measure(Text("Waiting time", "وقت الانتظار"), Text("minutes", "دقيقة"), Meaning.POINT, "decrease"),
    Measure(Text("Content users", "المستخدمون الراضون"), Text("per cent", "بالمئة"), Meaning.RATIO),
)


def make_indicators(borough: Borough) -> None:
    """Every tenth initiative has an indicator."""
    for number, initiative in enumerate(borough.initiatives[::MEASURED]):
        _indicator(borough, initiative, number)


def _indicator(borough: Borough, initiative: Named, number: int) -> None:
    measure: Measure = borough.one_of(MEASURES)
    title = phrase("{measure}: {of}", "{measure}: {of}", measure=measure.title, of=initiative.name)
    first = TODAY - timedelta(weeks=WEEKS)
    indicator = borough.add(
        Indicator,
        title,
        number,
        label="title",
        written=first,
        code=f"{borough.prefix}-{borough.number}-{number}",
        unit=measure.unit,
        meaning=measure.meaning.value,
        direction=measure.direction,
        initiative_id=initiative.pk,
        update_frequency="weekly",
        update_begin=first,
    )
    borough.rows.add(Target, first, indicator_id=indicator.pk, on=TODAY, value=borough.random.randint(50, 90))
    level = borough.random.randint(200, 2_000)
    for week in range(WEEKS):
        day = first + timedelta(weeks=week)
        growth = borough.random.randint(-level // 40, level // 20)
        level += abs(growth) if measure.meaning == Meaning.CUMULATIVE else growth
        borough.rows.add(
            Observation,
            day,
            slug=f"{indicator.slug}-{day}",
            indicator_id=indicator.pk,
            on=day,
            source_id=borough.one_of(borough.sources).pk,
            **_value(borough, measure, level),
        )


def _value(borough: Borough, measure: Measure, level: int) -> dict[str, Any]:
    if measure.meaning == Meaning.RATIO:
        return {"numerator": level - borough.random.randint(0, level // 3), "denominator": level}
    return {"stated_value": level}
