"""manage.py send_digests: mails what became of what people follow, to those who want that once a day."""

from __future__ import annotations

from initiatives.digests import send_digests
from initiatives.management.daily import DailyCommand


class Command(DailyCommand):
    help = "Mail the digests of today (UTC) that have not been mailed yet."

    send = staticmethod(send_digests)
