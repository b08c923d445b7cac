"""The system account that runs the embedded server: PostgreSQL refuses to run as root."""

import os
import pwd
import shutil
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from django.db.utils import OperationalError

# Accounts that any Linux has, one of them at least; none is made for this.
CANDIDATES = ("postgres", "nobody")


@dataclass(frozen=True)
class Account:
    """Who runs the server: the present user, or as root an account without privileges."""

    uid: int
    gid: int

    @classmethod
    def for_data(cls, data: Path) -> Self:
        """The present user; for root the account that owns the data, or may come to own it."""
        if os.geteuid() != 0:
            return cls(os.geteuid(), os.getegid())
        if data.exists() and data.stat().st_uid != 0:
            return cls(data.stat().st_uid, data.stat().st_gid)
        for name in CANDIDATES:
            try:
                entry = pwd.getpwnam(name)
            except KeyError:
                continue
            return cls(entry.pw_uid, entry.pw_gid)
        raise OperationalError(
            f"PostgreSQL does not run as root, and this machine has no account {' or '.join(CANDIDATES)}. "
            "Run as an ordinary user, or set DATABASE_URL."
        )

    @property
    def is_other(self) -> bool:
        """Whether the server runs as somebody else than the present user."""
        return self.uid != os.geteuid()

    def give(self, folder: Path) -> None:
        """Hand a folder that we made to the account."""
        if self.is_other:
            os.chown(folder, self.uid, self.gid)

    def process(self, program: list[str], data: Path) -> dict[str, Any]:
        """Arguments for subprocess that run the program as this account, which may have no way to it or to the data.

        The folders above a checkout of root's are often closed to others. Their modes are not ours to change, so the
        program is let through by a capability instead.
        """
        if not self.is_other:
            return {"args": program}
        if _passable(Path(program[0])) and Path(program[0]).stat().st_mode & stat.S_IXOTH and _passable(data):
            return {"args": program, "user": self.uid, "group": self.gid, "extra_groups": []}
        setpriv = shutil.which("setpriv")
        if setpriv is None:
            raise OperationalError(
                f"The account that runs PostgreSQL has no way to {data} or to {program[0]}. "
                "Move the checkout to a folder that others may enter, run as an ordinary user, or set DATABASE_URL."
            )
        identity = [f"--reuid={self.uid}", f"--regid={self.gid}", "--clear-groups"]
        passage = ["--inh-caps=+dac_override", "--ambient-caps=+dac_override"]
        return {"args": [setpriv, *identity, *passage, *program]}


def _passable(path: Path) -> bool:
    """Whether anybody may go through every folder above."""
    return all(folder.stat().st_mode & stat.S_IXOTH for folder in path.resolve().parents)
