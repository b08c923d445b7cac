"""Who writes, why, and within which request: told to PostgreSQL inside each transaction, for its triggers to record."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from django.db import DEFAULT_DB_ALIAS, connections, transaction
from psycopg import sql

SET_CONTEXT = (
    "SELECT set_config('history.actor_id', %s, true), set_config('history.actor', %s, true), "
    "set_config('history.reason', %s, true), set_config('history.request_id', %s, true)"
)
LONGEST_REASON = 1_000
WRITING = re.compile(r"(?:\s|--[^\n]*\n|/\*.*?\*/)*+(?:INSERT|UPDATE|DELETE|MERGE|WITH)\b", re.IGNORECASE | re.DOTALL)


@dataclass
class Attribution:
    """What a revision says of itself besides its changes."""

    actor_id: int | None = None
    actor: str = ""
    reason: str = ""
    request_id: str = ""

    def parameters(self) -> list[str]:
        return [str(self.actor_id or ""), self.actor[:200], self.reason[:LONGEST_REASON], self.request_id[:64]]

    def to(self, user: Any) -> None:
        """Name the user as who writes from now on."""
        if getattr(user, "is_authenticated", False):
            self.actor_id, self.actor = user.pk, user.get_username()


@contextmanager
def attributed(attribution: Attribution, using: str = DEFAULT_DB_ALIAS) -> Iterator[Attribution]:
    """Record what is written inside as ``attribution`` says, which may still change on the way."""
    connection = connections[using]
    try:
        with connection.execute_wrapper(_Teller(attribution)):
            yield attribution
    finally:
        # PostgreSQL still has these words; whoever is around this block has to say theirs again.
        for teller in connection.execute_wrappers:
            if isinstance(teller, _Teller):
                teller.told = []


class _Teller:
    """Tells PostgreSQL before the first writing statement of each transaction, and again when the words change."""

    def __init__(self, attribution: Attribution) -> None:
        self.attribution = attribution
        self.told: list[str] = []
        # Django forgets it exactly when PostgreSQL forgets what it was told: at the end of the transaction, and when
        # the savepoint is rolled back in which it was told.
        self.mark: Callable[[], None] = lambda: None

    def __call__(self, execute: Callable[..., Any], statement: Any, params: Any, many: bool, context: Any) -> Any:
        if not _writes(statement):
            return execute(statement, params, many, context)
        connection = context["connection"]
        if connection.in_atomic_block:
            self._tell(connection)
            return execute(statement, params, many, context)
        with transaction.atomic(using=connection.alias):
            self._tell(connection)
            return execute(statement, params, many, context)

    def _tell(self, connection: Any) -> None:
        words = self.attribution.parameters()
        is_marked = any(function is self.mark for _savepoints, function, _robust in connection.run_on_commit)
        if not is_marked or self.told != words:
            with connection.cursor() as cursor:
                cursor.cursor.execute(SET_CONTEXT, words)
            self.told = words
            transaction.on_commit(self.mark, using=connection.alias)


def _writes(statement: Any) -> bool:
    if isinstance(statement, sql.Composable):
        statement = statement.as_string(None)
    return WRITING.match(statement) is not None
