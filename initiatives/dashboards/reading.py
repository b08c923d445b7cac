"""Reading the widgets of a dashboard, each by itself: one that fails says why and takes no other down."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.db import connection, transaction
from django.utils.translation import gettext as _
from psycopg.pq import TransactionStatus
from rest_framework.request import Request

from tracker.api.problem_types import Problem
from tracker.api.problems import to_problem

from .displays import Data, read
from .queries import QueryRefusedError

# How long one statement of a widget may take, and all widgets of a dashboard together.
STATEMENT_SECONDS = 3.0
WHOLE_SECONDS = 12.0
LEAST_MILLISECONDS = 50

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Shown:
    """What a widget shows, or the problem document that says why it shows nothing."""

    data: Data | None = None
    error: dict[str, Any] | None = None


def read_widgets(request: Request, widgets: Iterable[Any]) -> list[Shown]:
    """What each widget shows to whoever sent the request."""
    ends = time_for_widgets()
    with transaction.atomic():
        before = _limit()
        shown = [_read_by_itself(request, widget, ends - time.monotonic()) for widget in widgets]
        _limit_statements(before)
    return shown


def time_for_widgets() -> float:
    """Until when the widgets of a dashboard may be read together, by the clock that only goes on."""
    return time.monotonic() + WHOLE_SECONDS


def try_widget(request: Request, widget: Any, until: float) -> None:
    """Read a widget as whoever sent the request, and show nothing; raises QueryRefusedError, or Problem."""
    left = until - time.monotonic()
    if left <= 0:
        raise _too_long()
    with transaction.atomic():
        before = _limit()
        _limit_statements(_milliseconds(min(left, STATEMENT_SECONDS)))
        read(request, widget)
        _limit_statements(before)


def _read_by_itself(request: Request, widget: Any, left: float) -> Shown:
    if left <= 0:
        return Shown(error=_too_long().document())
    with transaction.atomic():
        _limit_statements(_milliseconds(min(left, STATEMENT_SECONDS)))
        try:
            return Shown(data=read(request, widget))
        except Exception as error:  # noqa: BLE001  (whatever it is, the other widgets are shown)
            # To roll back where nothing is broken would make the session forget its plans.
            if _is_broken():
                transaction.set_rollback(True)
            return Shown(error=_explained(error, widget))


def _is_broken() -> bool:
    """Whether PostgreSQL takes no further statement of the transaction."""
    session: Any = connection.connection
    return bool(session.info.transaction_status == TransactionStatus.INERROR)


def _explained(error: Exception, widget: Any) -> dict[str, Any]:
    """The problem document that says why a widget shows nothing."""
    if isinstance(error, QueryRefusedError):
        return Problem(error.detail, "invalid").document()
    problem = to_problem(error)
    if problem is None:
        logger.error("Widget %d could not be read.", widget.pk, exc_info=error)
        problem = Problem(_("The server failed. The failure was recorded."), "server_error")
    return problem.document()


def _too_long() -> Problem:
    return Problem(_("The dashboard's widgets take too long together."), "unavailable")


def _milliseconds(seconds: float) -> str:
    return str(max(int(seconds * 1_000), LEAST_MILLISECONDS))


def _limit() -> str:
    """How long a statement of the transaction may take as it is."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_setting('statement_timeout')")
        before: str = cursor.fetchone()[0]
        return before


def _limit_statements(limit: str) -> None:
    """Let no statement take longer until the transaction ends; in milliseconds, or as PostgreSQL writes it."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT set_config('statement_timeout', %s, true)", [limit])
