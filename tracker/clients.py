"""Where a request comes from: the address that the connection has, or that a proxy of ours has told."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from ipaddress import IPv6Address, IPv6Network, ip_address
from typing import Any

from django.conf import settings

# What one subscriber is given at the least (RFC 6177): whoever has one address of it has them all.
SUBSCRIBER_BITS = 64


def address_of(environ: Mapping[str, Any]) -> str:
    """The client's address, empty where it is not known; a header is believed only if a proxy of ours has set it."""
    return _address(_told(environ), environ.get("REMOTE_ADDR"))


def client_of(environ: Mapping[str, Any]) -> str:
    """Who counts as one client: an IPv4 address, or the network of an IPv6 address."""
    return _client(_told(environ), environ.get("REMOTE_ADDR"))


def _told(environ: Mapping[str, Any]) -> str | None:
    return environ.get("HTTP_X_FORWARDED_FOR") if settings.TRACKER_BEHIND_PROXY else None


def _address(told: str | None, connected: str | None) -> str:
    # What comes before the last comma, the client may have made up.
    return _read((told or "").rpartition(",")[2].strip()) or _read(connected or "")


@lru_cache(maxsize=10_000)
def _client(told: str | None, connected: str | None) -> str:
    return _network(_address(told, connected))


def _read(text: str) -> str:
    try:
        found = ip_address(text.strip("[]"))
    except ValueError:
        return ""
    mapped = found.ipv4_mapped if isinstance(found, IPv6Address) else None
    return str(mapped or found)


def _network(address: str) -> str:
    if ":" not in address:
        return address
    return str(IPv6Network((address.partition("%")[0], SUBSCRIBER_BITS), strict=False))
