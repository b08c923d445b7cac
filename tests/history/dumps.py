"""Copies of the tests' database by pg_dump and psql, as an administrator makes them."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from django.db import connection, connections

from tracker.database.cluster import PROGRAMS


def dump(path: Path, *options: str) -> None:
    """Write the database that Django uses to a file of SQL."""
    _run("pg_dump", connection.get_connection_params(), f"--file={path}", "--no-owner", *options)


def restore(path: Path, **where: Any) -> None:
    """Carry out a dump in an empty database; any error at all is an error."""
    settings = ["--no-psqlrc", "--quiet", "--set=ON_ERROR_STOP=1", "--single-transaction", "--output=/dev/null"]
    _run("psql", connection.get_connection_params() | where, *settings, f"--file={path}")


def _run(program: str, where: dict[str, Any], *options: str) -> None:
    named = {"host": "--host", "port": "--port", "user": "--username", "dbname": "--dbname"}
    address = [f"{option}={where[name]}" for name, option in named.items() if where.get(name)]
    environment = os.environ | {"PGPASSWORD": where.get("password") or "", "PGCLIENTENCODING": "UTF8"}
    done = subprocess.run(
        [PROGRAMS / program, *address, *options], env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


@contextmanager
def empty_database(template: str = "template0") -> Iterator[str]:
    """The name of a new database with nothing in it, or with what is in another."""
    name = f"{connection.settings_dict['NAME']}_copy"
    with connection.cursor() as cursor:
        # A database with visitors cannot be copied; threads of earlier tests may have left some.
        cursor.execute(
            "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity "
            "WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
        cursor.execute(f'DROP DATABASE IF EXISTS "{name}"')
        cursor.execute(f'CREATE DATABASE "{name}" TEMPLATE "{template}"')
    yield name
    with connection.cursor() as cursor:
        cursor.execute(f'DROP DATABASE "{name}" WITH (FORCE)')


@contextmanager
def working_in(name: str) -> Iterator[None]:
    """Django works in the database of this name meanwhile."""
    settings = connection.settings_dict
    usual = settings["NAME"]
    connections.close_all()
    settings["NAME"] = name
    try:
        yield
    finally:
        connections.close_all()
        settings["NAME"] = usual
