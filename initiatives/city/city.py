"""A whole city, borough by borough: each in a transaction, and so a revision, of its own.

One revision of a large city would be more than a follower of the change feed could take at once, since revisions are
always told whole. What was interrupted goes on with the first borough that is missing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from random import Random

from django.db import connection, transaction
from django.utils.translation import gettext as _

from initiatives.models import Initiative
from tracker.api.viewsets import check_deferred_constraints
from tracker.history.attribution import SET_CONTEXT, Attribution

from .borough import Borough, Centre
from .centre import make_centre, read_centre
from .engagements import make_engagements
from .indicators import make_indicators
from .initiatives import make_initiatives
from .organizations import make_organizations, make_people, make_sources
from .smart_services import make_datasets, make_smart_services
from .words import CITIES, Text

BOROUGH = 1_000
ACTOR = "generate_city"
# In this order: each may refer to what those before it have made.
MAKERS: tuple[Callable[[Borough], None], ...] = (
    make_organizations,
    make_people,
    make_sources,
    make_initiatives,
    make_indicators,
    make_smart_services,
    make_datasets,
    make_engagements,
)


class OtherCityError(Exception):
    """The registry has a city of this seed that is not a beginning of the one asked for."""


@dataclass(frozen=True)
class City:
    """A city by its seed and its number of initiatives."""

    seed: int
    initiatives: int

    @property
    def prefix(self) -> str:
        """What every slug of the city begins with; no other city's does."""
        return f"city{self.seed}"

    @property
    def name(self) -> Text:
        return CITIES[self.seed % len(CITIES)]

    def existing(self) -> int:
        """How many of its initiatives there are; raises OtherCityError if one cannot go on from there."""
        there = Initiative.objects.filter(slug__startswith=f"{self.prefix}-").count()
        if there == self.initiatives or (there < self.initiatives and there % BOROUGH == 0):
            return there
        raise OtherCityError(
            _(
                "There is already a city of seed %(seed)d, with %(there)d initiatives. It can only grow, and only from "
                "a multiple of %(borough)d. Choose another seed."
            )
            % {"seed": self.seed, "there": there, "borough": BOROUGH}
        )

    def build(self) -> Iterator[int]:
        """Make what is missing; yields the number of rows of each borough once it is there."""
        for first in range(self.existing(), self.initiatives, BOROUGH):
            yield self._build_borough(first // BOROUGH, min(BOROUGH, self.initiatives - first))
        with connection.cursor() as cursor:
            # Until it knows how many rows there are now, PostgreSQL plans as for the small tables of before.
            cursor.execute("ANALYZE")

    @transaction.atomic
    def _build_borough(self, number: int, size: int) -> int:
        reason = _("Synthetic city of seed %(seed)d, borough %(number)d") % {"seed": self.seed, "number": number + 1}
        with connection.cursor() as cursor:
            # COPY passes by the place where Django would tell PostgreSQL who writes.
            cursor.execute(SET_CONTEXT, Attribution(actor=ACTOR, reason=reason).parameters())
        count = self._build_centre() if number == 0 else 0
        borough = self._borough(f"{number}", number, size, read_centre(self.prefix, self.name))
        for make in MAKERS:
            make(borough)
        count += borough.rows.write()
        check_deferred_constraints()
        return count

    def _build_centre(self) -> int:
        centre = self._borough("centre", 0, 0, Centre(self.name, None, [], [], [], []))
        make_centre(centre, self.name)
        return centre.rows.write()

    def _borough(self, dice: str, number: int, size: int, centre: Centre) -> Borough:
        return Borough(self.prefix, number, size, Random(f"{self.seed}/{dice}"), centre)  # noqa: S311  (not a secret)
