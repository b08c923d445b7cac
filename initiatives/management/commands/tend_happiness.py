"""manage.py tend_happiness: what a new day and a new month need of the ratings, before the first one comes."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand
from django.db import connection

from initiatives.models.days import city_day
from initiatives.models.rating_partitions import DEFAULT, make_partitions
from initiatives.models.rating_seals import turn_to


class Command(BaseCommand):
    """For a daily timer, soon after the city's midnight. The day's first rating does the same, whenever it comes."""

    help = "Forget by what yesterday's raters were told apart, and make the partitions of the months to come."

    def handle(self, *args: Any, **options: Any) -> None:
        day = turn_to(city_day())
        made = make_partitions(day)
        self.stdout.write(f"Nothing is kept of who rated before {day}. New partitions: {', '.join(made) or 'none'}.")
        with connection.cursor() as cursor:
            cursor.execute(f"SELECT count(*) FROM public.{DEFAULT}")
            (astray,) = cursor.fetchone()
        if astray:
            self.stdout.write(f"{astray} ratings are of months without a partition; they lie in {DEFAULT}.")
