"""What Django and allauth say on the account pages and their Arabic does not: named here for our catalogue to keep."""

from __future__ import annotations

from django.utils.translation import ngettext_lazy

WORDS = (
    ngettext_lazy(
        "This password is too short. It must contain at least %d character.",
        "This password is too short. It must contain at least %d characters.",
    ),
)
