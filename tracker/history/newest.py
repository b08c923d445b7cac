"""The newest revision, which is asked for with every request: as cheaply as a question to the database can be."""

from __future__ import annotations

import ctypes
import select
from typing import Any, NamedTuple

from django.db import DEFAULT_DB_ALIAS, connections
from django.db.utils import OperationalError
from psycopg import pq

STATEMENT = b"newest_revision"
QUESTION = "SELECT number, at::text FROM public.history_revision WHERE number IS NOT NULL ORDER BY number DESC LIMIT 1"
NOT_PREPARED = b"26000"
# The answer comes sooner than another thread would wake up; one that does not is waited for as anything else.
PROMPT_MILLISECONDS = 2


class Newest(NamedTuple):
    """A revision by its number and its time, which tells it from one of the same number in a restored registry."""

    number: int
    at: str


NONE_YET = Newest(0, "")


def newest_revision() -> Newest:
    """The last committed revision; number 0 before the first. Raises django.db.DatabaseError."""
    # The wrapper itself: each look through Django's proxy costs as much as all the rest of these lines.
    database = connections[DEFAULT_DB_ALIAS]
    session: Any = database.connection
    if session is None or session.closed or database.in_atomic_block:
        with database.cursor() as cursor:
            cursor.execute(QUESTION)
            row = cursor.fetchone()
            return Newest(*row) if row else NONE_YET
    # Past Django's cursor, which would first ask whether the session is alive: this very question tells. And past
    # psycopg's, which costs more than the question itself.
    try:
        return _asked(session.pgconn)
    except Exception as error:
        database.close()
        raise OperationalError("The database does not answer.") from error


def _asked(session: pq.abc.PGconn) -> Newest:
    result = _executed(session)
    if result.error_field(pq.DiagnosticField.SQLSTATE) == NOT_PREPARED:
        # The first time in this session, or since psycopg has forgotten all statements after a rollback.
        prepare(session)
        result = _executed(session)
    return told_by(result)


def _executed(session: pq.abc.PGconn) -> pq.abc.PGresult:
    ask(session)
    if not is_readable(session, PROMPT_MILLISECONDS):
        patient = select.poll()
        patient.register(session.socket, select.POLLIN)
        patient.poll()
    return taken_from(session)


def prepare(session: pq.abc.PGconn) -> None:
    """Have PostgreSQL understand the question once for a session."""
    session.prepare(STATEMENT, QUESTION.encode())


def ask(session: pq.abc.PGconn) -> None:
    """Send the question, and wait for nothing."""
    session.send_query_prepared(STATEMENT, [])


class _Awaited(ctypes.Structure):
    """What poll(2) is told to wait for."""

    _fields_ = (("file", ctypes.c_int), ("events", ctypes.c_short), ("found", ctypes.c_short))


# Unlike Python's own, this keeps the interpreter's lock while it waits: to give it up and to get it back among busy
# threads costs many times what the database takes to answer.
_poll = ctypes.PyDLL(None).poll


def is_readable(session: pq.abc.PGconn, milliseconds: int) -> bool:
    """Whether something comes in within so long, for which all other threads stand still."""
    awaited = _Awaited(session.socket, select.POLLIN, 0)
    found: int = _poll(ctypes.byref(awaited), 1, milliseconds)
    return found != 0


def taken_from(session: pq.abc.PGconn) -> pq.abc.PGresult:
    """The result that comes in, and nothing left behind it."""
    result = session.get_result()
    while session.get_result() is not None:
        pass
    if result is None:
        raise RuntimeError("The question had no answer.")
    return result


def told_by(result: pq.abc.PGresult) -> Newest:
    """The revision that a result tells. Raises RuntimeError where it tells of an error."""
    if result.status != pq.ExecStatus.TUPLES_OK:
        raise RuntimeError(result.error_message.decode("utf-8", "replace"))
    if not result.ntuples:
        return NONE_YET
    number, at = (result.get_value(0, column) or b"" for column in (0, 1))
    return Newest(int(number), at.decode())


def newest_for(request: Any) -> Newest:
    """The revision that was the newest when a request came in, or is now if nobody has asked yet."""
    found = getattr(request, "newest_revision", None)
    return found if isinstance(found, Newest) else newest_revision()
