"""The service starts in a process of its own, in whatever order its parts are imported."""

from __future__ import annotations

import subprocess
import sys

import pytest


@pytest.mark.parametrize("first", ["tracker.wsgi", "tracker.urls", "tracker.api.problems", "tracker.api.middleware"])
def test_it_starts_whichever_part_is_imported_first(first: str) -> None:
    code = f"import django; django.setup(); import {first}" if first != "tracker.wsgi" else f"import {first}"
    environment = {"DJANGO_SETTINGS_MODULE": "tracker.settings", "PATH": "/usr/bin:/bin"}
    started = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=environment, check=False)
    assert started.returncode == 0, started.stderr
