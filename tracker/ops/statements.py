"""No question of a client keeps the database busy for long: a limit for the sessions of those who serve.

Commands, migrations and the delivery of webhooks take the time that they need.
"""

from __future__ import annotations

from django.conf import settings
from django.db import DEFAULT_DB_ALIAS, connections

# A whole list takes longer than a page of it, and its reader waits for that.
TIMES_FOR_EXPORTS = 30


def limit_statements() -> None:
    """Have PostgreSQL end each statement of this process's sessions that takes too long; before the first of them."""
    if not settings.TRACKER_STATEMENT_TIMEOUT:
        return
    options = connections.settings[DEFAULT_DB_ALIAS]["OPTIONS"]
    limit = f"-c statement_timeout={settings.TRACKER_STATEMENT_TIMEOUT * 1000}"
    if limit not in options["options"]:
        options["options"] = f"{options['options']} {limit}"


def export_timeout() -> str:
    """The statement that gives the transaction of an export its time."""
    return f"SET LOCAL statement_timeout = {settings.TRACKER_STATEMENT_TIMEOUT * 1000 * TIMES_FOR_EXPORTS}"
