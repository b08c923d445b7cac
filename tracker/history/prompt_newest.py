"""The newest revision, for a thread that must never stand still: known at once, or not at all."""

from __future__ import annotations

import logging
import threading
import time
from typing import Any

from django.db import DEFAULT_DB_ALIAS, connections

from tracker.history.newest import PROMPT_MILLISECONDS, Newest, ask, is_readable, prepare, taken_from, told_by

# How long a question may stay unanswered before its session is given up for lost.
LOST_SECONDS = 5.0
# How long a database that could not be reached is left alone.
LEFT_ALONE_SECONDS = 1.0

logger = logging.getLogger(__name__)


class PromptNewest:
    """Asks once for all requests that came in before the question, in a session of its own.

    For one thread. Where the database is slow or away nothing is known, and others, who may wait, have to ask.
    """

    def __init__(self) -> None:
        self.is_asked = False
        self.found: Newest | None = None
        self.session: Any = None
        # When a question was sent whose answer has not come; None if there is none.
        self.owed_since: float | None = None
        self.opening: threading.Thread | None = None
        self.opened_at = float("-inf")

    def look_anew(self) -> None:
        """Forget what is known: there may be a later revision now."""
        self.is_asked = False

    def newest(self) -> Newest | None:
        """The newest revision at a time after the last ``look_anew``; None where that takes too long."""
        if not self.is_asked:
            self.is_asked = True
            self.found = self._asked()
        return self.found

    def _asked(self) -> Newest | None:
        if self.session is None:
            self._open()
            return None
        try:
            return self._ask(self.session.pgconn)
        # libpq and psycopg have exceptions of their own; the session is of no use after any.
        except Exception:
            logger.info("The session that asks for the newest revision is lost.", exc_info=True)
            self._drop()
            return None

    def _ask(self, session: Any) -> Newest | None:
        if self.owed_since is not None and not self._is_settled(session):
            return None
        ask(session)
        self.owed_since = time.monotonic()
        return self._answer(session, PROMPT_MILLISECONDS)

    def _answer(self, session: Any, milliseconds: int) -> Newest | None:
        """What is answered within so long."""
        if not is_readable(session, milliseconds):
            return None
        session.consume_input()
        if session.is_busy():
            return None
        self.owed_since = None
        return told_by(taken_from(session))

    def _is_settled(self, session: Any) -> bool:
        """Whether an earlier question, whose answer is not good enough any more, has been answered meanwhile."""
        if self._answer(session, 0) is None and time.monotonic() - (self.owed_since or 0) > LOST_SECONDS:
            raise TimeoutError("The database does not answer.")
        return self.owed_since is None

    def _open(self) -> None:
        """Have a session opened, which takes a while, by a thread that may wait."""
        now = time.monotonic()
        if (self.opening is None or not self.opening.is_alive()) and now - self.opened_at > LEFT_ALONE_SECONDS:
            self.opened_at = now
            self.opening = threading.Thread(target=self._opened, name="opens a session", daemon=True)
            self.opening.start()

    def _opened(self) -> None:
        database = connections.create_connection(DEFAULT_DB_ALIAS)
        try:
            database.connect()
            session: Any = database.connection
            prepare(session.pgconn)
        except Exception:
            logger.info("No session for the newest revision could be opened.", exc_info=True)
            return
        self.session = session

    def _drop(self) -> None:
        session, self.session, self.owed_since = self.session, None, None
        if session is not None:
            session.close()
