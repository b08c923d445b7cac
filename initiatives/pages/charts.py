"""Charts drawn on the server: positions for SVG, so that a page needs neither a script nor a style of its own."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from math import floor, log10
from typing import Any

from tracker.history.api.atom import in_language

WIDTH, HEIGHT = 400, 220
LEFT, RIGHT, TOP, BOTTOM = 56, 12, 12, 28
TICKS = 4


@dataclass(frozen=True)
class Bar:
    """One group: how many, and how long its bar is, in per cent of the longest."""

    label: str
    count: int
    length: float


@dataclass(frozen=True)
class Point:
    """A value and where it stands."""

    x: float
    y: float
    on: date
    value: str


@dataclass(frozen=True)
class Line:
    """A series; ``number`` chooses its colour and its marks."""

    number: int
    label: str
    unit: str
    points: Sequence[Point]

    @property
    def path(self) -> str:
        return " ".join(f"{point.x},{point.y}" for point in self.points)


@dataclass(frozen=True)
class Tick:
    """A value or a day on an axis."""

    at: float
    text: Any


@dataclass(frozen=True)
class LineChart:
    """Series over time."""

    lines: Sequence[Line]
    values: Sequence[Tick]
    days: Sequence[Tick]
    width: int = WIDTH
    height: int = HEIGHT
    left: int = LEFT
    right: int = WIDTH - RIGHT
    bottom: int = HEIGHT - BOTTOM


def bars_of(groups: Sequence[tuple[str, int]]) -> list[Bar]:
    """A bar for each group."""
    longest = max((count for _label, count in groups), default=0) or 1
    return [Bar(label, count, round(100 * count / longest, 1)) for label, count in groups]


def lines_of(series: Sequence[Mapping[str, Any]]) -> LineChart | None:
    """A line for each series; None where there is nothing to draw."""
    points = [
        (date.fromisoformat(each["on"]), float(each["value"]))
        for line in series
        for each in line["points"]
        if each["value"] is not None
    ]
    if not points:
        return None
    ticks = _round_values(min(value for _on, value in points), max(value for _on, value in points))
    across = _Axis(min(on for on, _value in points).toordinal(), max(on for on, _value in points).toordinal())
    up = _Axis(ticks[0], ticks[-1])
    lines = [
        Line(number, in_language(line["label"]), in_language(line["unit"]), list(_points(line["points"], across, up)))
        for number, line in enumerate(series, start=1)
    ]
    return LineChart(lines, [Tick(_y(up.share(each)), _plain(each)) for each in ticks], list(_days(across)))


@dataclass(frozen=True)
class _Axis:
    lowest: float
    highest: float

    def share(self, value: float) -> float:
        """How far along the axis a value is; one alone stands in the middle."""
        span = self.highest - self.lowest
        return (value - self.lowest) / span if span else 0.5


def _points(given: Sequence[Mapping[str, Any]], across: _Axis, up: _Axis) -> Iterator[Point]:
    for each in given:
        if each["value"] is not None:
            on, value = date.fromisoformat(each["on"]), float(each["value"])
            yield Point(_x(across.share(on.toordinal())), _y(up.share(value)), on, _plain(value))


def _x(share: float) -> float:
    return round(LEFT + share * (WIDTH - LEFT - RIGHT), 1)


def _y(share: float) -> float:
    return round(HEIGHT - BOTTOM - share * (HEIGHT - TOP - BOTTOM), 1)


def _round_values(lowest: float, highest: float) -> list[float]:
    """Round numbers from at or below the lowest to at or above the highest; zero is among them if it is near."""
    if lowest >= 0 and lowest < highest / 2:
        lowest = 0.0
    span = (highest - lowest) or abs(highest) or 1.0
    rough = span / TICKS
    unit = 10.0 ** floor(log10(rough))
    step = next(unit * times for times in (1, 2, 2.5, 5, 10) if unit * times >= rough)
    first = floor(lowest / step)
    found = [first * step]
    while found[-1] < highest:
        found.append((first + len(found)) * step)
    return found if len(found) > 1 else [found[0], found[0] + step]


def _days(across: _Axis) -> Iterator[Tick]:
    first, last = int(across.lowest), int(across.highest)
    for ordinal in sorted({first, (first + last) // 2, last}):
        yield Tick(_x(across.share(ordinal)), date.fromordinal(ordinal))


def _plain(value: float) -> str:
    """A number as people write it; the axis and the table need no more digits than these."""
    return f"{value:,.2f}".rstrip("0").rstrip(".")
