"""A borough: the part of a city that is made, and comes into history, at one time."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, timedelta
from random import Random
from typing import Any, NamedTuple, TypeVar

from django.db import models
from django.utils.text import slugify

from initiatives.models.publication import PublicationState

from .rows import Rows
from .words import DIRECTIONS, NAMES, PLACES, SECTORS, Text, phrase

# The day on which the city is looked at: what is late or done is so on this day, whenever it is generated.
TODAY = date(2026, 10, 1)
LONGEST_TITLE = 80
Thing = TypeVar("Thing")


class Named(NamedTuple):
    """A record to which others of the city refer."""

    pk: int
    slug: str
    name: Text


@dataclass
class Centre:
    """What all boroughs share."""

    name: Text
    executive: Named | None
    organizations: list[Named]
    pillars: list[Named]
    goals: list[Named]
    platforms: list[Named]


@dataclass
class Borough:
    """A borough in the making: its dice, its rows, and what it has that others of its records refer to."""

    prefix: str
    number: int
    size: int
    random: Random
    centre: Centre
    rows: Rows = field(default_factory=Rows)
    council: list[Named] = field(default_factory=list)
    offices: list[Named] = field(default_factory=list)
    companies: list[Named] = field(default_factory=list)
    people: list[Named] = field(default_factory=list)
    sources: list[Named] = field(default_factory=list)
    smart_services: list[Named] = field(default_factory=list)
    initiatives: list[Named] = field(default_factory=list)

    @property
    def name(self) -> Text:
        """Each borough has another name as long as there are names."""
        name, direction = NAMES[self.number % len(NAMES)], DIRECTIONS[self.number // len(NAMES) % len(DIRECTIONS)]
        return phrase("{direction} {name}", "{name} {direction}", name=name, direction=direction)

    def share(self, of: int) -> int:
        """How many there are where there is one for so many initiatives; one at least."""
        return max(1, self.size // of)

    def one_of(self, things: Any) -> Any:
        return things[self.random.randrange(len(things))]

    def some_of(self, things: list[Thing], count: int) -> list[Thing]:
        return self.random.sample(things, min(count, len(things)))

    def happens(self, chance: float) -> bool:
        return self.random.random() < chance

    def day(self, first: date, last: date) -> date:
        return first + timedelta(days=self.random.randint(0, max((last - first).days, 0)))

    def place(self) -> Text:
        pattern = self.one_of(PLACES)
        return phrase(pattern.en, pattern.ar, name=self.one_of(NAMES))

    def subject(self) -> tuple[Text, Text]:
        """A sector, and something of it that an initiative may be about."""
        sector = self.one_of(list(SECTORS))
        return sector, self.one_of(SECTORS[sector])

    def state(self, number: int) -> str:
        """Most of what there is is published, and the first of its type always."""
        states = (PublicationState.DRAFT, PublicationState.IN_REVIEW, PublicationState.WITHDRAWN)
        return self.one_of(states).value if number and self.happens(0.06) else PublicationState.PUBLISHED.value

    def slug(self, name: Text | str, number: Any = None) -> str:
        """A slug of its own: the number is unique among the borough's records of the type."""
        words = slugify(name if isinstance(name, str) else name.en)[:LONGEST_TITLE].strip("-")
        return "-".join(str(part) for part in (self.prefix, words, self.number, number) if part is not None)

    def add(
        self, model: type[models.Model], name: Text, number: Any, *, label: str = "name", written: date, **values: Any
    ) -> Named:
        """Add a record under a name and a slug of its own."""
        slug = self.slug(name, number)
        return Named(self.rows.add(model, written, slug=slug, **{label: name}, **values), slug, name)
