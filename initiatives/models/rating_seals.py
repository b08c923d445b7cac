"""Who has rated which service today: seals that tell one client from another, and nothing once the day is over.

A seal is a keyed hash of a client and a service. Key and seals are of one day of the city; as the next begins, both are
truncated, and nobody can make the seals again, whichever client they guess. Their tables are no models, so that no
page, export or ``dumpdata`` has them, and are unlogged, so that no archive, replica or crash keeps them.
"""

from __future__ import annotations

import hmac
import secrets
from datetime import date, timedelta

from django.db import connection, transaction

KEY_LENGTH = 32
LATEST_KEY = "SELECT max(day) FROM public.initiatives_ratingkey"
KEY_OF = "SELECT key FROM public.initiatives_ratingkey WHERE day = %s"
FORGET = "TRUNCATE public.initiatives_ratingkey, public.initiatives_ratingseal"
NEW_KEY = "INSERT INTO public.initiatives_ratingkey (day, key) VALUES (%s, %s)"
SET = "INSERT INTO public.initiatives_ratingseal (seal) VALUES (%s) ON CONFLICT DO NOTHING"
ONE_AT_A_TIME = "SELECT pg_advisory_xact_lock(hashtextextended('initiatives_ratingkey', 0))"


class DayIsOverError(Exception):
    """The key of the day has been forgotten meanwhile."""


def day_in_force(today: date) -> date | None:
    """The day whose key there is, unless it is over.

    That is ``today``, or tomorrow where the clock of another server has got there already: days do not go back.
    """
    with connection.cursor() as cursor:
        cursor.execute(LATEST_KEY)
        latest: date | None = cursor.fetchone()[0]
    return latest if latest in (today, today + timedelta(days=1)) else None


@transaction.atomic
def turn_to(today: date) -> date:
    """Forget key and seals of earlier days, and have a key; the day in force."""
    with connection.cursor() as cursor:
        cursor.execute(ONE_AT_A_TIME)
        in_force = day_in_force(today)
        if in_force is None:
            cursor.execute(FORGET)
            cursor.execute(NEW_KEY, [today, secrets.token_bytes(KEY_LENGTH)])
        return in_force or today


def set_seal(*, client: str, service: int, day: date) -> bool:
    """Note that the client has rated the service on the day in force; False if it had before.

    Of several at once, the others wait for the first one's transaction. Raises DayIsOverError.
    """
    with connection.cursor() as cursor:
        cursor.execute(KEY_OF, [day])
        found = cursor.fetchone()
        if found is None:
            raise DayIsOverError
        seal = hmac.digest(bytes(found[0]), f"{service}\n{client}".encode("utf-8", "replace"), "sha256")
        cursor.execute(SET, [seal])
        return bool(cursor.rowcount)
