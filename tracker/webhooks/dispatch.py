"""The delivery process: wakes when a revision is committed, and gives every subscription that is due its turn.

Turns run in threads, so that a receiver who takes their time delays nobody else. Whatever becomes of the database,
the process waits for it and goes on.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from threading import Event as Flag
from typing import Any, cast

import psycopg
from django.apps import apps
from django.db import DatabaseError, connection
from django.db.utils import InterfaceError

from tracker.history.time_travel import current_revision
from tracker.webhooks.delivery import take_turn
from tracker.webhooks.models import Attempt, Subscription

CHANNEL = "history_revision"
THREADS = 8
# How long a change may go unnoticed at most, where no notice of it arrives; also how soon the process stops.
TICK_SECONDS = 1.0
# Revisions that are committed together wake it once.
GATHER_SECONDS = 0.02
RECONNECT_SECONDS = 1.0
PURGE_SECONDS = 3_600.0
PURGED_AT_ONCE = 1_000
AWAY = (DatabaseError, InterfaceError, psycopg.Error)

logger = logging.getLogger(__name__)

Key = tuple[type[Subscription], int]


class Dispatcher:
    """Hands out turns until it is told to stop."""

    def __init__(self) -> None:
        self.stopping = Flag()
        self.turns: dict[Key, Future[bool]] = {}
        # Until when those are left alone that another process is at: it is woken as this one is.
        self.left_until: dict[Key, float] = {}
        self.purged_at = float("-inf")

    def stop(self) -> None:
        """Let what is being sent come to its end, and begin nothing new."""
        self.stopping.set()

    def run(self) -> None:
        """Deliver until told to stop."""
        with ThreadPoolExecutor(THREADS) as pool:
            while not self.stopping.is_set():
                try:
                    self._follow(pool)
                except AWAY as error:
                    logger.warning("The database is away: %s", str(error).strip())
                    connection.close()
                    self.stopping.wait(RECONNECT_SECONDS)

    def run_once(self) -> None:
        """Deliver until nothing is due: each receiver has everything, or has refused it for now."""
        with ThreadPoolExecutor(THREADS) as pool:
            while due := list(self._due()):
                turns = [pool.submit(take_turn, *key, self.stopping) for key in due]
                taken = [turn.result() for turn in turns]
                if not all(taken):
                    # Another process is at it.
                    time.sleep(GATHER_SECONDS)
        self._purge()

    def _follow(self, pool: ThreadPoolExecutor) -> None:
        with connection.cursor() as cursor:
            cursor.execute(f"LISTEN {CHANNEL}")
        while not self.stopping.is_set():
            self._give_turns(pool)
            self._purge()
            raw = cast("psycopg.Connection[Any]", connection.connection)
            # However many come at once: to wait for each would hold back all deliveries while many commit.
            if list(raw.notifies(timeout=TICK_SECONDS, stop_after=1)):
                self.stopping.wait(GATHER_SECONDS)

    def _give_turns(self, pool: ThreadPoolExecutor) -> None:
        for key, turn in list(self.turns.items()):
            if turn.done():
                del self.turns[key]
                self._note(key, turn)
        now = time.monotonic()
        for key in self._due():
            if key not in self.turns and self.left_until.get(key, now) <= now:
                self.turns[key] = pool.submit(take_turn, *key, self.stopping)

    def _note(self, key: Key, turn: Future[bool]) -> None:
        self.left_until.pop(key, None)
        error = turn.exception()
        if error is None and not turn.result():
            self.left_until[key] = time.monotonic() + TICK_SECONDS
        elif isinstance(error, AWAY):
            logger.warning("Webhook %d: the database is away: %s", key[1], str(error).strip())
        elif error is not None:
            logger.error("Webhook %d: the delivery failed.", key[1], exc_info=error)

    def _due(self) -> Iterator[Key]:
        last = current_revision()
        for model in _models(Subscription):
            for pk in model._default_manager.due(last).order_by("cursor", "pk").values_list("pk", flat=True):
                yield model, pk

    def _purge(self) -> None:
        if time.monotonic() < self.purged_at + PURGE_SECONDS:
            return
        for model in _models(Attempt):
            while model._default_manager.sweep(PURGED_AT_ONCE):
                pass
        self.purged_at = time.monotonic()


def _models(base: type[Any]) -> list[Any]:
    """The domain's models of this kind."""
    return [model for model in apps.get_models() if issubclass(model, base)]
