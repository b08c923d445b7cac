"""Where a webhook may post to: public addresses only, so that nobody reaches the inside of the network through us.

An address is written in one way only, and read once; its host is resolved once, all that it resolves to must be
public, and the connection goes to exactly what was checked. A name that resolves otherwise a moment later gains
nothing.
"""

from __future__ import annotations

import ipaddress
import re
import socket
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, IPv6Network
from urllib.parse import urlsplit

from django.conf import settings
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

LONGEST = 500
# Visible ASCII; a backslash is a slash to some readers of addresses and not to others.
WRITTEN = re.compile(r"[\x21-\x5b\x5d-\x7e]+")
NAME = re.compile(r"(?!-)[a-z0-9_-]{1,63}(?<!-)(\.(?!-)[a-z0-9_-]{1,63}(?<!-))*")
# What many programs take for a number of an IPv4 address, be it decimal, octal or hexadecimal.
NUMBER = re.compile(r"[0-9]+|0x[0-9a-f]*")
BRACKETED = re.compile(r"\[[0-9A-Fa-f:.]+\](:[0-9]*)?")
PORTS = {"https": 443, "http": 80}
LARGEST_PORT = 65_535
UNICAST = IPv6Network("2000::/3")
# Public by their looks; but each leads to an IPv4 address, or to nothing.
TRANSLATED = (IPv6Network("2001::/32"), IPv6Network("2002::/16"), IPv6Network("3fff::/20"))


class RefusedTargetError(ValidationError):
    """The address is none to which we post; the message says why."""

    def __init__(self, message: str, code: str) -> None:
        super().__init__(message, code=code)
        self.text = message


@dataclass(frozen=True)
class Target:
    """An address, taken apart once."""

    scheme: str
    host: str
    port: int
    path: str

    @property
    def authority(self) -> str:
        """The host and the port as a request names them."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == PORTS[self.scheme] else f"{host}:{self.port}"


def check_target(link: str) -> None:
    """Raise a ValidationError unless one may post there, as its host resolves now; a validator of fields."""
    addresses_of(parse_target(link))


def parse_target(link: str) -> Target:
    """The address in its parts; raises RefusedTargetError."""
    if not WRITTEN.fullmatch(link):
        raise RefusedTargetError(_("Write the address in ASCII, all else percent-encoded."), "invalid_address")
    try:
        parts = urlsplit(link)
        port = parts.port
    except ValueError:
        raise RefusedTargetError(_("This is not an address of the web."), "invalid_address") from None
    scheme = parts.scheme.lower()
    if scheme not in PORTS or (scheme == "http" and not settings.TRACKER_WEBHOOK_ALLOW_PRIVATE):
        raise RefusedTargetError(_("The address begins with https://."), "scheme_refused")
    if "@" in parts.netloc:
        raise RefusedTargetError(_("The address holds no name or password."), "userinfo_refused")
    if "#" in link:
        raise RefusedTargetError(_("The address has no fragment (#)."), "fragment_refused")
    if port == 0:
        raise RefusedTargetError(_("This is not an address of the web."), "invalid_address")
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    return Target(scheme, _host(parts.netloc, parts.hostname or ""), port or PORTS[scheme], path)


def _host(netloc: str, host: str) -> str:
    host = host.lower()
    if netloc.startswith("["):
        try:
            if not BRACKETED.fullmatch(netloc):
                raise ValueError(netloc)
            return IPv6Address(host).compressed
        except ValueError:
            raise RefusedTargetError(_("This is not an address of the web."), "invalid_address") from None
    name = host.removesuffix(".")
    if not NAME.fullmatch(name):
        message = _("The address names no host; one with other letters is written as xn--….")
        raise RefusedTargetError(message, "invalid_address")
    if NUMBER.fullmatch(name.rpartition(".")[2]):
        try:
            return str(IPv4Address(name))
        except ValueError:
            message = _("An IPv4 address is written as four decimal numbers, such as 192.0.2.1.")
            raise RefusedTargetError(message, "invalid_address") from None
    return name


def addresses_of(target: Target) -> list[str]:
    """All the addresses that the host has now; raises RefusedTargetError unless each may be posted to."""
    try:
        found = socket.getaddrinfo(target.host, target.port, type=socket.SOCK_STREAM, proto=socket.IPPROTO_TCP)
    except (OSError, UnicodeError):
        found = []
    addresses = list(dict.fromkeys(str(entry[4][0]) for entry in found))
    if not addresses:
        raise RefusedTargetError(_("The host “%(host)s” has no address.") % {"host": target.host}, "unknown_host")
    for address in addresses:
        if not is_allowed(address):
            message = _("“%(host)s” leads to %(address)s, which is not a public address.")
            raise RefusedTargetError(message % {"host": target.host, "address": address}, "address_refused")
    return addresses


def is_allowed(address: str) -> bool:
    """Whether we connect to this address."""
    found = ipaddress.ip_address(address)
    if found.is_multicast or found.is_unspecified or address == "255.255.255.255":
        return False
    return bool(settings.TRACKER_WEBHOOK_ALLOW_PRIVATE) or _is_public(found)


def _is_public(found: IPv4Address | IPv6Address) -> bool:
    if found.is_private or found.is_reserved or found.is_loopback or found.is_link_local or not found.is_global:
        return False
    if isinstance(found, IPv6Address):
        # Everything else in IPv6 is for some special use, NAT64 and what holds an IPv4 address among it.
        return found in UNICAST and not any(found in network for network in TRANSLATED)
    return True
