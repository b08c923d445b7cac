"""The e-mail addresses that a person has shown to be their own."""

from __future__ import annotations

from typing import Any

from allauth.account.models import EmailAddress


def confirmed_addresses(user: Any) -> list[str]:
    """All of them, in lower case."""
    confirmed = EmailAddress.objects.filter(user=user.pk, verified=True)
    return [address.lower() for address in confirmed.values_list("email", flat=True)]


def address_of(user: Any) -> str:
    """The one to which a person is written; empty where none is confirmed."""
    confirmed = EmailAddress.objects.filter(user=user.pk, verified=True).order_by("-primary", "pk")
    return str(confirmed.values_list("email", flat=True).first() or "")
