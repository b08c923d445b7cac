"""Secrets and signatures after Standard Webhooks (https://www.standardwebhooks.com/).

A secret is nowhere kept: it follows from the service's pepper, the subscription and a random salt, so that a copy of
the database alone signs nothing. ``docs/webhooks.md`` tells receivers how to verify.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
from collections.abc import Iterable
from datetime import datetime

from standardwebhooks import Webhook as Signer

from tracker.peppers import peppers

PURPOSE = "tracker.webhooks"
PREFIX = "whsec_"
SALT_BYTES = 16
SALT_LENGTH = 2 * SALT_BYTES


def new_salt() -> str:
    """What makes a secret unlike every other."""
    return secrets.token_hex(SALT_BYTES)


def derived_secrets(subject: str, salt: str) -> list[str]:
    """The secret of a subject; then as it was under earlier peppers, which its receiver may still have."""
    text = f"{subject}:{salt}".encode()
    digests = (hmac.new(pepper, text, hashlib.sha256).digest() for pepper in peppers(PURPOSE))
    return [PREFIX + base64.b64encode(digest).decode() for digest in digests]


def signed_headers(message_id: str, at: datetime, body: str, keys: Iterable[str]) -> dict[str, str]:
    """The headers by which a receiver knows who sent a body; one signature for each secret that holds."""
    signatures = [Signer(key).sign(message_id, at, body) for key in keys]
    return {
        "webhook-id": message_id,
        "webhook-timestamp": str(int(at.timestamp())),
        "webhook-signature": " ".join(signatures),
    }
