"""How many rows a list has, counted once for each revision: the pages of a long list all tell it."""

from __future__ import annotations

from hashlib import blake2b
from typing import Any

from django.core.cache import caches
from django.db import connection, models

from tracker.history.newest import newest_for

KEPT_SECONDS = 24 * 60 * 60


def count(rows: models.QuerySet[Any], request: Any) -> int:
    """The number of rows, as it was at the newest revision when the request came in, or is now."""
    if connection.in_atomic_block:
        # The past, or what is not committed yet: no newest revision tells of either.
        return rows.count()
    key = _key(rows, request)
    known: int | None = caches["counts"].get(key)
    if known is not None:
        return known
    found = rows.count()
    caches["counts"].set(key, found, KEPT_SECONDS)
    return found


def _key(rows: models.QuerySet[Any], request: Any) -> str:
    sql, parameters = rows.order_by().values("pk").query.sql_with_params()
    on = (newest_for(request), sql, parameters)
    return "count:" + blake2b(repr(on).encode("utf-8", "replace"), digest_size=20).hexdigest()
