"""A cache in the memory of the process, bounded by bytes; what was not asked for longest goes first."""

from __future__ import annotations

import sys
import time
from collections import OrderedDict, defaultdict
from threading import Lock
from typing import Any

from django.core.cache.backends.base import DEFAULT_TIMEOUT, BaseCache

# What an entry costs besides its value: its key, its place in the order, its objects.
OVERHEAD = 600


class Store:
    """What all threads of the process share."""

    def __init__(self) -> None:
        self.entries: OrderedDict[str, tuple[Any, int, float | None]] = OrderedDict()
        self.size = 0
        self.lock = Lock()


stores: defaultdict[str, Store] = defaultdict(Store)


class MemoryCache(BaseCache):
    """Django's cache interface over one dictionary; ``OPTIONS: {"MAX_BYTES": …}`` bounds it.

    Values are handed out as they were put in, not copied: they are bytes, numbers, texts and tuples of such.
    """

    def __init__(self, name: str, params: dict[str, Any]) -> None:
        super().__init__(params)
        self.most = int(params.get("OPTIONS", {}).get("MAX_BYTES", 0))
        # Django makes a cache for each thread.
        self.store = stores[name]

    def get(self, key: str, default: Any = None, version: int | None = None) -> Any:
        name = self.make_key(key, version)
        with self.store.lock:
            entry = self.store.entries.get(name)
            if entry is None:
                return default
            value, _size, until = entry
            if until is not None and until <= time.monotonic():
                self._drop(name)
                return default
            self.store.entries.move_to_end(name)
            return value

    def set(self, key: str, value: Any, timeout: Any = DEFAULT_TIMEOUT, version: int | None = None) -> None:
        name = self.make_key(key, version)
        size = size_of(value) + OVERHEAD
        with self.store.lock:
            self._drop(name)
            if size > self.most:
                return
            self.store.entries[name] = (value, size, self._until(timeout))
            self.store.size += size
            while self.store.size > self.most:
                self._drop(next(iter(self.store.entries)))

    def add(self, key: str, value: Any, timeout: Any = DEFAULT_TIMEOUT, version: int | None = None) -> bool:
        if self.get(key, version=version) is not None:
            return False
        self.set(key, value, timeout, version)
        return True

    def touch(self, key: str, timeout: Any = DEFAULT_TIMEOUT, version: int | None = None) -> bool:
        value = self.get(key, version=version)
        if value is None:
            return False
        self.set(key, value, timeout, version)
        return True

    def delete(self, key: str, version: int | None = None) -> bool:
        with self.store.lock:
            return self._drop(self.make_key(key, version))

    def clear(self) -> None:
        with self.store.lock:
            self.store.entries.clear()
            self.store.size = 0

    def _drop(self, name: str) -> bool:
        entry = self.store.entries.pop(name, None)
        if entry is None:
            return False
        self.store.size -= entry[1]
        return True

    def _until(self, timeout: Any) -> float | None:
        seconds = self.default_timeout if timeout is DEFAULT_TIMEOUT else timeout
        return None if seconds is None else time.monotonic() + float(seconds)


def size_of(value: Any) -> int:
    """The bytes that a value takes, with what it holds."""
    inside = value.values() if isinstance(value, dict) else value if isinstance(value, (tuple, list)) else ()
    return sys.getsizeof(value) + sum(size_of(each) for each in inside)
