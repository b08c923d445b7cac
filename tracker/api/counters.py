"""Counts of requests that all workers of a machine share, exact to the last one (docs/decisions/throttles.md).

A table in memory that is made before the server forks its workers, so that each of them has it, with locks that they
have in common. A lock that a worker left when it was killed is taken over by whoever waits for it.
"""

from __future__ import annotations

import mmap
import multiprocessing
import struct
import threading
import time
from functools import lru_cache
from hashlib import blake2b
from typing import Any

WAYS = 8
KEY_BYTES = 16
# When a client's window ends, by the machine's steady clock, and how many requests it has had in it.
ENTRY = struct.Struct("<dI4x")
KEYS_BYTES = WAYS * KEY_BYTES
BUCKET_BYTES = WAYS * (KEY_BYTES + ENTRY.size)
# Some 65,000 clients in 2 MB, of which the machine gives what is used.
BUCKETS = 8_192
LOCKS = 64
# Whoever has a lock has it for a microsecond; after so long nobody has it any more.
PATIENCE_SECONDS = 1.0
MOST = 2**32 - 1


class Counters:
    """How many requests each client has had in its window, which begins with the first of them."""

    def __init__(self, buckets: int = BUCKETS) -> None:
        self.buckets = buckets
        self.table = mmap.mmap(-1, buckets * BUCKET_BYTES)
        self.locks = [_shared_lock() for _each in range(LOCKS)]

    def count(self, client: str, seconds: float) -> tuple[int, float]:
        """Count a request: how many the client has had in its window, with this one, and the seconds that are left.

        Raises ValueError where the table is gone.
        """
        key, number = _place(client)
        bucket = number % self.buckets
        lock = self.locks[bucket % LOCKS]
        lock.acquire(True, PATIENCE_SECONDS)
        try:
            return self._counted(key, bucket * BUCKET_BYTES, seconds)
        finally:
            _release(lock)

    def clear(self) -> None:
        """Forget everybody."""
        self.table[:] = bytes(len(self.table))

    def _counted(self, key: bytes, bucket: int, seconds: float) -> tuple[int, float]:
        now = time.monotonic()
        found = self.table.find(key, bucket, bucket + KEYS_BYTES)
        if found >= 0 and not (found - bucket) % KEY_BYTES:
            place = bucket + KEYS_BYTES + (found - bucket) // KEY_BYTES * ENTRY.size
            end, used = ENTRY.unpack_from(self.table, place)
            if now < end:
                used = min(used + 1, MOST)
                ENTRY.pack_into(self.table, place, end, used)
                return used, end - now
        else:
            way = self._way_to_give(bucket, now)
            self.table[bucket + way * KEY_BYTES : bucket + (way + 1) * KEY_BYTES] = key
            place = bucket + KEYS_BYTES + way * ENTRY.size
        ENTRY.pack_into(self.table, place, now + seconds, 1)
        return 1, seconds

    def _way_to_give(self, bucket: int, now: float) -> int:
        """The place of a client whose window is over, or else of the one that has asked least."""
        entries = list(ENTRY.iter_unpack(self.table[bucket + KEYS_BYTES : bucket + BUCKET_BYTES]))
        return min(range(WAYS), key=lambda way: (now < entries[way][0], entries[way][1]))


@lru_cache(maxsize=10_000)
def _place(client: str) -> tuple[bytes, int]:
    digest = blake2b(client.encode("utf-8", "replace"), digest_size=KEY_BYTES + 8).digest()
    return digest[:KEY_BYTES], int.from_bytes(digest[KEY_BYTES:])


def _release(lock: Any) -> None:
    try:
        lock.release()
    except (ValueError, RuntimeError):
        # Two had taken it over, and the other one was faster.
        return


def _shared_lock() -> Any:
    """A lock that threads and forked processes share; one of this process where the system has no shared ones."""
    try:
        return multiprocessing.get_context("fork").Lock()
    except (OSError, ImportError):
        return threading.Lock()


counters = Counters()
