"""Deleting an account: what goes with it, and what forbids it."""

from __future__ import annotations

from typing import Any

from django.contrib.admin.models import LogEntry
from django.db import transaction
from django.db.models import ProtectedError, RestrictedError
from django.utils.translation import gettext as _


def obstacle(user: Any) -> str | None:
    """Why a person may not delete their account by themselves, or None."""
    if user.is_staff or user.is_superuser:
        return _("This account edits the registry. Another curator takes that from it first.")
    if LogEntry.objects.filter(user=user).exists():
        # It goes with the account, and alone says who gave whom which authority.
        return _("The log of the curators' desk names this account. Ask a curator to close it.")
    return None


def delete_account(user: Any) -> bool:
    """Delete an account with everything that is only its person's; False where somebody else's records need it.

    History keeps the name of who wrote as a text, so what they wrote for the registry stays and stays attributed.
    """
    try:
        with transaction.atomic():
            user.delete()
    except (ProtectedError, RestrictedError):
        return False
    return True
