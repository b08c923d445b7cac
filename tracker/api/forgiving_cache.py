"""The cache of answers, without which everything still works: when its server fails, it is left alone for a while."""

from __future__ import annotations

import logging
import time
from typing import Any

from django.core.cache import caches

from tracker.api.memory_cache import MemoryCache

# As long as a server that is away may cost one request in so many seconds.
LEFT_ALONE_SECONDS = 5.0
ANSWERS = "answers"

logger = logging.getLogger(__name__)


class ForgivingCache:
    """Remembers what it can and forgets the rest; it never raises."""

    def __init__(self) -> None:
        self.failed_at = float("-inf")

    @property
    def is_at_hand(self) -> bool:
        """Whether it is in this process, so that nobody waits for it."""
        return isinstance(caches[ANSWERS], MemoryCache)

    def get(self, key: str) -> Any:
        """What was put in under a key, or None."""
        return self._attempt(lambda: caches[ANSWERS].get(key))

    def set(self, key: str, value: Any, seconds: float) -> None:
        """Keep a value, which is not changed any more, for at most so long."""
        self._attempt(lambda: caches[ANSWERS].set(key, value, seconds))

    def _attempt(self, ask: Any) -> Any:
        if time.monotonic() - self.failed_at < LEFT_ALONE_SECONDS:
            return None
        try:
            return ask()
        # A cache server's client has exceptions of its own, sockets and pickles have theirs.
        except Exception:
            self.failed_at = time.monotonic()
            logger.warning(
                "The cache does not answer; going on without it for %d s.", LEFT_ALONE_SECONDS, exc_info=True
            )
            return None


forgiving = ForgivingCache()
