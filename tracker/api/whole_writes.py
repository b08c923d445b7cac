"""Writes as wholes: run again when another transaction got in the way, and once only for each Idempotency-Key."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from functools import partial
from typing import Any, ClassVar

from django.db import DatabaseError, connection
from django.http.response import HttpResponseBase
from rest_framework.permissions import SAFE_METHODS
from rest_framework.request import Request
from rest_framework.views import APIView

from tracker.api.idempotency import answered_once, key_of

# Serialization failure and deadlock: PostgreSQL took all of it back, and it may well succeed a moment later.
COLLISIONS = ("40001", "40P01")
ATTEMPTS = 6
FIRST_PAUSE = 0.01


class WholeWrites(APIView):
    """Carries out each writing method of a view, actions too, as one whole."""

    answers_with_secret: ClassVar[frozenset[str]] = frozenset()
    """The actions, or methods of a plain view in lower case, whose answers hold a secret and so are never kept."""

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        super().initial(request, *args, **kwargs)
        name = (request.method or "").lower()
        handler = getattr(self, name, None)
        if request.method not in SAFE_METHODS and handler is not None:
            # Where DRF looks for it, and where its viewsets put it: on the instance, which serves one request.
            setattr(self, name, partial(self._write, handler))

    def _write(
        self, handler: Callable[..., HttpResponseBase], request: Request, *args: Any, **kwargs: Any
    ) -> HttpResponseBase:
        write = partial(handler, request, *args, **kwargs)
        key = key_of(request)
        if key is None:
            return retried(write)
        action = getattr(self, "action", None) or (request.method or "").lower()
        holds_secret = action in self.answers_with_secret
        return retried(partial(answered_once, request, key, write, holds_secret=holds_secret))


def retried(write: Callable[[], HttpResponseBase]) -> HttpResponseBase:
    """What ``write``, which is a transaction, comes to, tried again a few times if it collides with others."""
    for attempt in range(ATTEMPTS - 1):
        try:
            return write()
        except DatabaseError as error:
            if connection.in_atomic_block or not _is_collision(error):
                raise
            # At random, or those who collided would meet again.
            time.sleep(random.uniform(0, FIRST_PAUSE * 2**attempt))  # noqa: S311
    return write()


def _is_collision(error: DatabaseError) -> bool:
    return getattr(error.__cause__, "sqlstate", None) in COLLISIONS
