"""The keys from which the service derives what it never stores, one for each purpose."""

import hashlib
from collections.abc import Iterator

from django.conf import settings


def peppers(purpose: str) -> Iterator[bytes]:
    """The key for what is made now, then those with which older ones may have been made."""
    own = getattr(settings, "TRACKER_TOKEN_PEPPER", "")
    for key in [own] if own else [settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS]:
        yield hashlib.sha256(f"{purpose}:{key}".encode()).digest()
