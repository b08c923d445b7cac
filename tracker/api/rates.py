"""How often one may ask: `600/minute`, as it is written in the environment."""

from __future__ import annotations

import re
from typing import NamedTuple

NO_LIMIT = ("", "off")
SECONDS = {"second": 1, "minute": 60, "hour": 3_600, "day": 86_400}
WRITTEN = re.compile(r"([0-9]{1,9})\s*/\s*(second|minute|hour|day)")


class Rate(NamedTuple):
    """So many requests in so many seconds."""

    requests: int
    seconds: int


def read_rate(text: str) -> Rate | None:
    """The rate that a text says; None where it is empty or says “off”. Raises ValueError."""
    if text.strip() in NO_LIMIT:
        return None
    written = WRITTEN.fullmatch(text.strip())
    if written is None or not int(written[1]):
        raise ValueError("write it as 600/minute (or second, hour, day), or “off”.")
    return Rate(int(written[1]), SECONDS[written[2]])
