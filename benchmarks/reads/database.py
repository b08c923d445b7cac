"""The benchmark's own PostgreSQL, and in it one database for each size of the synthetic city, kept between runs."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql

from tracker.database.cluster import Cluster, cluster_in
from tracker.environment import RATES

CHECKOUT = Path(__file__).resolve().parent.parent.parent
FOLDER = CHECKOUT / ".pgdata" / "bench"
SEED = 1
USER = "curator"
# Of this benchmark only: it signs nothing that anybody else would take.
KEY = "benchmark-0123456789-abcdefghijklmnopqrstuvwxyz-ABCDEFGHIJ"
COMPARISON = "benchmarks.comparison.settings"
CACHE_SETTING = "TRACKER_RESPONSE_CACHE_MB"
UNCACHED = {CACHE_SETTING: "0"}
DEFAULT_CACHE_MB = 32


class Databases:
    """The databases by their number of initiatives."""

    def __init__(self, cache_mb: int = DEFAULT_CACHE_MB) -> None:
        self.cache_mb = cache_mb
        self.cluster: Cluster = cluster_in(FOLDER)
        self.cluster.options["max_connections"] = "300"
        FOLDER.mkdir(parents=True, exist_ok=True)
        self.host = self.cluster.acquire()

    def release(self) -> None:
        self.cluster.release()

    def process(self) -> int:
        """The number of the server's first process, whose children answer."""
        return int((self.cluster.data / "postmaster.pid").read_text().split()[0])

    def url(self, size: int) -> str:
        return f"postgresql://postgres@{self.host.replace('/', '%2F')}:{self.cluster.port}/{name(size)}"

    def environment(self, size: int) -> dict[str, str]:
        """What the service is told in production, on one machine and without TLS."""
        return os.environ | {
            "DJANGO_SETTINGS_MODULE": "tracker.settings",
            "TRACKER_ENV": "production",
            "TRACKER_HTTPS": "false",
            "SECRET_KEY": KEY,
            "ALLOWED_HOSTS": "127.0.0.1",
            "DATABASE_URL": self.url(size),
            CACHE_SETTING: str(self.cache_mb),
            # Every request is counted, and none is too many.
            **{f"TRACKER_RATE_{name.upper().replace('-', '_')}": "999999999/minute" for name in RATES},
            "TRACKER_CURATOR_PASSWORD": KEY,
            "PYTHONPATH": str(CHECKOUT),
        }

    def manage(self, size: int, *command: str, settings: str = "tracker.settings") -> str:
        """Run a management command on a database; what it printed."""
        ran = subprocess.run(
            [sys.executable, "manage.py", *command],
            cwd=CHECKOUT,
            env=self.environment(size) | {"DJANGO_SETTINGS_MODULE": settings},
            capture_output=True,
            text=True,
            check=False,
        )
        if ran.returncode:
            raise RuntimeError(f"manage.py {' '.join(command)} on {name(size)}: {ran.stderr or ran.stdout}")
        return ran.stdout.strip()

    def prepare(self, sizes: list[int]) -> dict[int, float]:
        """Make the databases that are missing, each from the one before; how many seconds each city took to grow."""
        seconds = {}
        before = None
        for size in sorted(sizes):
            if not self._is_there(size):
                self._create(size, before)
                begin = time.monotonic()
                self.manage(size, "prepare")
                self.manage(size, "generate_city", "--initiatives", str(size), "--seed", str(SEED))
                seconds[size] = round(time.monotonic() - begin, 1)
                self._mark(size)
            self.manage(size, "prepare")
            self.manage(size, "migrate", "--verbosity", "0", settings=COMPARISON)
            self._execute(size, "VACUUM (ANALYZE)")
            before = size
        return seconds

    def tokens(self, size: int) -> tuple[str, str]:
        """A token of the curator for the service, and one for the comparisons."""
        own = self.manage(size, "create_token", "--user", USER, "--name", "benchmark", "--expires-in", "1")
        stock = self.manage(size, "drf_create_token", USER, settings=COMPARISON)
        return own, stock.split()[2]

    def forget_posted(self, size: int) -> None:
        """Delete what the benchmark has posted."""
        self._execute(size, "DELETE FROM initiatives_initiative WHERE slug LIKE 'bench-%'")
        self._execute(size, "VACUUM (ANALYZE) initiatives_initiative")

    def rows(self, size: int, query: str) -> list[Any]:
        with psycopg.connect(self.url(size), autocommit=True) as connection:
            return connection.execute(query.encode()).fetchall()

    def _is_there(self, size: int) -> bool:
        found = self._execute(
            "postgres", f"SELECT shobj_description(oid, 'pg_database') FROM pg_database WHERE datname = '{name(size)}'"
        )
        return bool(found) and found[0][0] == fingerprint(size)

    def _create(self, size: int, template: int | None) -> None:
        print(f"Growing a city of {size:,} initiatives …", flush=True)
        self._execute("postgres", f"DROP DATABASE IF EXISTS {name(size)} WITH (FORCE)")
        # A city may grow from one of whole thousands only.
        source = name(template) if template and template % 1_000 == 0 else "template1"
        self._execute("postgres", f"CREATE DATABASE {name(size)} TEMPLATE {source}")

    def _mark(self, size: int) -> None:
        self._execute("postgres", f"COMMENT ON DATABASE {name(size)} IS '{fingerprint(size)}'")

    def _execute(self, size: int | str, statement: str) -> list[Any]:
        database = size if isinstance(size, str) else name(size)
        with psycopg.connect(
            host=self.host, port=self.cluster.port, user="postgres", dbname=database, autocommit=True
        ) as connection:
            cursor = connection.execute(sql.SQL(statement))  # type: ignore[arg-type]
            return cursor.fetchall() if cursor.description else []


def name(size: int) -> str:
    return f"bench_{size}"


def fingerprint(size: int) -> str:
    """Says by which words and rules a city was made: when these change, it is made anew."""
    digest = hashlib.sha256(f"{size}/{SEED}".encode())
    for file in sorted((CHECKOUT / "initiatives" / "city").glob("*.py")):
        digest.update(file.read_bytes())
    return digest.hexdigest()
