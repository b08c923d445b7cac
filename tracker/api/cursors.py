"""Cursors: a place in a list as one word of an address, which only this service can have written."""

from __future__ import annotations

from typing import Any

from django.core.signing import BadSignature, Signer

from tracker.api.keysets import Place

SALT = "tracker.api.cursors"


class DamagedCursorError(ValueError):
    """This service did not write the cursor, or not like this."""


class ForeignCursorError(ValueError):
    """The cursor is a place in another order or another collection."""


def write_cursor(place: Place, fingerprint: str) -> str:
    """A place in the order of that fingerprint."""
    return _signer().sign_object([fingerprint, int(place.backward), int(place.inclusive), *place.keys], compress=True)


def read_cursor(cursor: str, fingerprint: str) -> Place:
    """The place in the order of that fingerprint; raises DamagedCursorError or ForeignCursorError."""
    try:
        found: list[Any] = _signer().unsign_object(cursor)
    except BadSignature as error:
        raise DamagedCursorError from error
    written_for, backward, inclusive, *keys = found
    if written_for != fingerprint:
        raise ForeignCursorError
    return Place(tuple(keys), backward=bool(backward), inclusive=bool(inclusive))


def _signer() -> Signer:
    # The point, unlike Django's colon, needs no escaping in an address.
    return Signer(salt=SALT, sep=".")
