"""Providers of OpenID Connect that people may sign in with, as the environment names them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from django.utils.functional import lazystr
from django.utils.translation import get_language
from environs import FileAwareEnv

# The first provider's variables have no number: TRACKER_OIDC_ISSUER, TRACKER_OIDC_2_ISSUER, TRACKER_OIDC_3_ISSUER …
MOST_PROVIDERS = 9
KEY = re.compile(r"[a-z][a-z0-9-]{0,29}")


@dataclass(frozen=True)
class OidcProvider:
    """One provider; accounts stay connected to it by its key."""

    prefix: str
    key: str
    name: str
    name_ar: str
    issuer: str
    client_id: str
    client_secret: str

    def app(self) -> dict[str, Any]:
        """The provider as allauth's settings have it."""
        return {
            "provider_id": self.key,
            "name": lazystr(_Name(self.name, self.name_ar)),
            "client_id": self.client_id,
            "secret": self.client_secret,
            "settings": {"server_url": self.issuer},
        }


@dataclass(frozen=True)
class _Name:
    en: str
    ar: str

    def __str__(self) -> str:
        return self.ar if self.ar and get_language() == "ar" else self.en


def read_providers(env: FileAwareEnv) -> list[OidcProvider]:
    """Every provider of which the environment says anything."""
    prefixes = ["TRACKER_OIDC_", *(f"TRACKER_OIDC_{number}_" for number in range(2, MOST_PROVIDERS + 1))]
    found = [_read(env, prefix) for prefix in prefixes]
    return [each for each in found if each.issuer or each.client_id or each.client_secret]


def _read(env: FileAwareEnv, prefix: str) -> OidcProvider:
    number = prefix.removeprefix("TRACKER_OIDC_").strip("_")
    name = env.str(f"{prefix}NAME", "") or "OpenID Connect"
    return OidcProvider(
        prefix=prefix,
        key=env.str(f"{prefix}KEY", "") or (f"oidc-{number}" if number else "oidc"),
        name=name,
        name_ar=env.str(f"{prefix}NAME_AR", ""),
        issuer=env.str(f"{prefix}ISSUER", "").rstrip("/"),
        client_id=env.str(f"{prefix}CLIENT_ID", ""),
        client_secret=env.str(f"{prefix}CLIENT_SECRET", ""),
    )


def bad_providers(providers: list[OidcProvider], *, secure: bool) -> list[str]:
    """What keeps the providers from being used; those that are `secure` must be asked by HTTPS."""
    keys = [each.key for each in providers]
    twice = [f"TRACKER_OIDC_KEY: two providers have “{key}”." for key in sorted({*keys}) if keys.count(key) > 1]
    return [fault for each in providers for fault in _faults_of(each, secure)] + twice


def _faults_of(provider: OidcProvider, secure: bool) -> list[str]:
    needed = ("issuer", "client_id", "client_secret")
    faults = [
        f"{provider.prefix}{name.upper()}: a provider needs its issuer, a client id and a secret."
        for name in needed
        if not getattr(provider, name)
    ]
    if not KEY.fullmatch(provider.key):
        faults.append(f"{provider.prefix}KEY: use lower-case letters, digits and hyphens, 30 at most.")
    if provider.issuer and not provider.issuer.startswith("https://" if secure else ("https://", "http://")):
        faults.append(f"{provider.prefix}ISSUER: write it as https://id.example, the address that the provider names.")
    return faults
