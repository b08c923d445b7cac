"""manage.py send_reminders: mails members which updates their organization owes, each once."""

from __future__ import annotations

from initiatives.management.daily import DailyCommand
from initiatives.owed import send_reminders


class Command(DailyCommand):
    help = "Remind members of the updates that are due by today (UTC) and that they have not been told of."

    send = staticmethod(send_reminders)
