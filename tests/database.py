"""The database of a test run: migrated once, copied for each worker, emptied quickly after tests that commit.

Without a DATABASE_URL the server is an embedded one of the tests' own; runs at the same time share it.
"""

import os
import secrets
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest
from django.conf import settings
from django.db import DEFAULT_DB_ALIAS, connection, connections
from django.db.utils import ProgrammingError
from django.test import TransactionTestCase
from pytest_django import DjangoDbBlocker
from pytest_django.plugin import blocking_manager_key

from tracker.database.cluster import cluster_in

CLUSTER = Path(__file__).resolve().parent.parent / ".pgdata" / "tests"
# No test outlives the machine, so nothing need reach the disk; and fifty threads at once are a test here. Tables grow
# and empty in seconds, and who plans by what was there before is hundreds of times as slow.
OPTIONS = {"fsync": "off", "full_page_writes": "off", "max_connections": "300", "autovacuum_naptime": "5s"}
# Begins the name of every test database, then comes the process that runs the tests.
PREFIX = "test_tracker"
RUN = f"{PREFIX}_{os.getpid()}_{secrets.token_hex(3)}"

# So many deleted rows make the next tests slower than it takes to clear them away.
MANY = 1_000

TEMPLATE = pytest.StashKey[str]()


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    """Migrate once, in the process that hands out the tests; tell each worker what to copy before it starts."""
    if TEMPLATE not in node.config.stash:
        node.config.stash[TEMPLATE] = template = f"{RUN}_template"
        with node.config.stash[blocking_manager_key].unblock():
            _create_migrated(template)
            # A database with visitors cannot be copied.
            connections.close_all()
    node.workerinput["template_database"] = node.config.stash[TEMPLATE]


def pytest_unconfigure(config: pytest.Config) -> None:
    """Remove the template once the workers are gone."""
    if TEMPLATE in config.stash:
        with config.stash[blocking_manager_key].unblock():
            _drop(config.stash[TEMPLATE])
            connections.close_all()


def pytest_configure(config: pytest.Config) -> None:
    """Choose the server before anything connects."""
    database = settings.DATABASES[DEFAULT_DB_ALIAS]
    if "CLUSTER" in database:
        database["CLUSTER"] = CLUSTER
        cluster_in(CLUSTER).options.update(OPTIONS)


@pytest.fixture(scope="session")
def django_db_setup(
    request: pytest.FixtureRequest, django_test_environment: None, django_db_blocker: DjangoDbBlocker
) -> Iterator[None]:
    """Give this process a migrated database of its own; in place of pytest-django's, which migrates in each worker."""
    template = getattr(request.config, "workerinput", {}).get("template_database")
    with django_db_blocker.unblock():
        if template:
            _use(RUN)
            _as_administrator(f'CREATE DATABASE "{RUN}" TEMPLATE "{template}"')
        else:
            _create_migrated(RUN)
        Rows.remember()
    yield
    with django_db_blocker.unblock():
        connections.close_all()
        _drop(RUN)


@pytest.fixture(scope="session", autouse=True)
def _quick_emptying() -> None:
    """After a test that commits, Django flushes every table and makes permissions anew; here only what it filled."""
    TransactionTestCase._fixture_teardown = lambda _case: Rows.forget_all_new()  # type: ignore[attr-defined]


class Rows:
    """What the migrations left in the tables; everything else was written by a test."""

    last: dict[str, int] = {}

    @classmethod
    def remember(cls) -> None:
        """Note the last row of every table that the migrations filled."""
        with connection.cursor() as cursor:
            for table in _filled_tables():
                cursor.execute(f'SELECT max(id) FROM "{table}"')
                cls.last[table] = cursor.fetchone()[0]

    @classmethod
    def forget_all_new(cls) -> None:
        """Delete what a test committed."""
        connection.rollback()
        with connection.cursor() as cursor:
            tables = _filled_tables()
            cursor.execute("BEGIN")
            try:
                # Neither foreign keys nor triggers have a say while everything goes.
                cursor.execute("SET LOCAL session_replication_role = replica")
            except ProgrammingError:
                cursor.execute("ROLLBACK")
                emptied = ", ".join(f'"{table}"' for table in tables if table not in cls.last)
                if emptied:
                    cursor.execute(f"TRUNCATE {emptied} CASCADE")
                cursor.execute("BEGIN")
                tables = list(cls.last)
            left_behind = []
            for table in tables:
                kept = cls.last.get(table)
                cursor.execute(f'DELETE FROM "{table}"' + (f" WHERE id > {kept}" if kept is not None else ""))
                if cursor.rowcount > MANY:
                    left_behind.append(table)
            cursor.execute("COMMIT")
            # What was deleted is still in the way of every look at an index: of the one for the newest revision, say.
            for table in left_behind:
                cursor.execute(f'VACUUM "{table}"')


def _filled_tables() -> list[str]:
    with connection.cursor() as cursor:
        tables = connection.introspection.table_names(cursor)
        probes = (f"SELECT '{table}' WHERE EXISTS (SELECT FROM \"{table}\")" for table in tables)
        cursor.execute(" UNION ALL ".join(probes))
        return [row[0] for row in cursor.fetchall()]


def _create_migrated(name: str) -> None:
    _sweep()
    connection.settings_dict["TEST"]["NAME"] = name
    connection.creation.create_test_db(verbosity=0, autoclobber=True, serialize=False)


def _use(name: str) -> None:
    connections.close_all()
    connection.settings_dict["NAME"] = name


def _drop(name: str) -> None:
    _as_administrator(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')


def _as_administrator(statement: str) -> list[Any]:
    with connection._nodb_cursor() as cursor:
        cursor.execute(statement)
        return cursor.fetchall() if cursor.description else []


def _sweep() -> None:
    """Drop what killed runs left; on a server of others one cannot tell whose runs still go on."""
    if "CLUSTER" not in connection.settings_dict:
        return
    for (name,) in _as_administrator(f"SELECT datname FROM pg_database WHERE datname LIKE '{PREFIX}%'"):
        if not psutil.pid_exists(int(name.removeprefix(PREFIX).split("_")[1])):
            _drop(name)
