"""The newest revision, which is asked for with every request: as cheaply as a question to the database can be."""

from __future__ import annotations

from datetime import datetime
from typing import Any, NamedTuple

import psycopg
from django.db import connection

QUESTION = "SELECT number, at FROM public.history_revision WHERE number IS NOT NULL ORDER BY number DESC LIMIT 1"


class Newest(NamedTuple):
    """A revision by its number and its time, which tells it from one of the same number in a restored registry."""

    number: int
    at: datetime | None


def newest_revision() -> Newest:
    """The last committed revision; number 0 before the first."""
    session: Any = connection.connection
    if session is None or session.closed or connection.in_atomic_block:
        with connection.cursor() as cursor:
            cursor.execute(QUESTION)
            return Newest(*(cursor.fetchone() or (0, None)))
    # Past Django's cursor, which would ask first whether the session is alive: this very question tells.
    try:
        with connection.wrap_database_errors:
            row = psycopg.Cursor(session).execute(QUESTION).fetchone()
    except Exception:
        connection.close()
        raise
    return Newest(*(row or (0, None)))


def newest_for(request: Any) -> Newest:
    """The revision that was the newest when a request came in, or is now if nobody has asked yet."""
    found = getattr(request, "newest_revision", None)
    return found if isinstance(found, Newest) else newest_revision()
