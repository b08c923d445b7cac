"""manage.py generate_city --initiatives N --seed S: a synthetic city beside what the registry holds."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils.translation import gettext as _

from initiatives.city.city import City, OtherCityError


class Command(BaseCommand):
    help = (
        "Make a synthetic city for trials and measurements: the same rows for the same seed. It stands beside all "
        "other records. Running it again changes nothing, and goes on where it was interrupted."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--initiatives", type=int, default=1_000, help="how many initiatives the city has")
        parser.add_argument("--seed", type=int, default=1, help="which city it is: 0 or a positive number")

    def handle(self, *args: Any, initiatives: int, seed: int, verbosity: int, **options: Any) -> None:
        if initiatives < 1:
            raise CommandError(_("--initiatives is %(number)d; it must be 1 or more.") % {"number": initiatives})
        if seed < 0:
            raise CommandError(_("--seed is %(number)d; it must be 0 or more.") % {"number": seed})
        city = City(seed, initiatives)
        rows = 0
        try:
            for count in city.build():
                rows += count
                if verbosity > 1:
                    self.stdout.write(_("%(count)d rows") % {"count": rows})
        except OtherCityError as refused:
            raise CommandError(str(refused)) from None
        self.stdout.write(_("%(count)d rows written.") % {"count": rows})
