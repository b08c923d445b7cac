"""Content codings (RFC 9110, 8.4.1): which one a client takes, and bodies in it."""

from __future__ import annotations

import gzip
import sys
from collections.abc import Callable
from functools import lru_cache

from django.http import HttpRequest
from django.http.response import HttpResponseBase

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

IDENTITY = "identity"
# Below this, a compressed body fits into as many packets as it did before.
SHORTEST = 1_000


def _zstd(body: bytes) -> bytes:
    return bytes(zstd.compress(body, level=3))


def _gzip(body: bytes) -> bytes:
    return gzip.compress(body, compresslevel=6, mtime=0)


# In the order of our preference.
CODINGS: dict[str, Callable[[bytes], bytes]] = {"zstd": _zstd, "gzip": _gzip}


def coding_of(request: HttpRequest) -> str:
    """The coding that the answer to a request is sent in, if it is long enough."""
    return preferred(request.META.get("HTTP_ACCEPT_ENCODING", ""))


@lru_cache(maxsize=1_000)
def preferred(accepted: str) -> str:
    """Of our codings, the first among those that an ``Accept-Encoding`` likes best; else none (identity)."""
    weights = {}
    for item in accepted.lower().split(","):
        name, _semicolon, parameters = item.partition(";")
        weights[name.strip()] = _weight(parameters)
    others = weights.get("*", 0.0)
    liked = {name: weights.get(name, others) for name in CODINGS}
    best = max(liked.values())
    return next(name for name in CODINGS if liked[name] == best) if best > 0 else IDENTITY


def _weight(parameters: str) -> float:
    name, _equals, value = parameters.strip().partition("=")
    if name.strip() != "q":
        return 1.0
    try:
        return float(value)
    except ValueError:
        return 0.0


def encode(response: HttpResponseBase, coding: str) -> None:
    """Compress the body of a response, unless it is short, or comes in pieces, or is compressed already."""
    body = getattr(response, "content", b"")
    if coding == IDENTITY or len(body) < SHORTEST or response.has_header("Content-Encoding"):
        return
    response.content = CODINGS[coding](body)  # type: ignore[attr-defined]
    response["Content-Encoding"] = coding
    if response.has_header("Content-Length"):
        response["Content-Length"] = str(len(response.content))  # type: ignore[attr-defined]
