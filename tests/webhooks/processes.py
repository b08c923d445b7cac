"""Delivery processes that a test starts, kills and starts again: real ones, on the database of the test.

They are forked from a server of processes that has Django loaded and nothing running, so that each begins at once.
"""

from __future__ import annotations

import multiprocessing
import os
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing.process import BaseProcess
from typing import Any

import django
from django.apps import apps
from django.conf import settings
from django.core.management import call_command
from django.db import connection

SETTINGS = {
    "TRACKER_WEBHOOK_ALLOW_PRIVATE": "true",
    "TRACKER_SITE_URL": "https://registry.example",
    "DJANGO_SETTINGS_MODULE": "tracker.settings",
}

if not apps.ready:
    django.setup()


def environment() -> dict[str, str]:
    """The environment by which a process uses the database of the test."""
    options = connection.get_connection_params()
    host, name = options["host"], options["dbname"]
    port, user = options.get("port", ""), options.get("user", "postgres")
    password = f":{options['password']}" if options.get("password") else ""
    address = f"postgresql://{user}{password}@/{name}?host={host}&port={port}"
    return {**SETTINGS, "DATABASE_URL": address, "SECRET_KEY": settings.SECRET_KEY}


def deliver() -> None:
    """What a delivery process does, from its command on."""
    call_command("deliver_webhooks")


@contextmanager
def process_server() -> Iterator[Any]:
    """Starts delivery processes that use the database of the test: ``start()``, then ``kill()`` or ``terminate()``."""
    before = {name: os.environ.get(name) for name in environment()}
    os.environ.update(environment())
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["tests.webhooks.processes"])
    started: list[BaseProcess] = []

    def start() -> BaseProcess:
        process = context.Process(target=deliver)
        process.start()
        started.append(process)
        return process

    try:
        yield start
    finally:
        for process in started:
            process.kill()
            process.join()
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value
