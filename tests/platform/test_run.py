"""`make run`, as a newcomer types it: from nothing to a served registry, and back."""

import dataclasses
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import urllib.parse
import urllib.request
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import psutil
import pytest
from django.contrib.auth.models import User
from pytest_django import Settings

from initiatives.management.commands.prepare import CURATOR, ensure_curator, known_password
from tests.platform.services import Service, copy_checkout, free_port, get, surroundings, wait_until
from tracker.database.cluster import Cluster


@pytest.fixture(scope="module")
def checkout() -> Iterator[Path]:
    top = Path(tempfile.mkdtemp(prefix="run-"))
    (top / "home").mkdir()
    yield copy_checkout(top / "سجل المدينة")
    shutil.rmtree(top)


@pytest.fixture
def environment(checkout: Path) -> dict[str, str]:
    return surroundings(HOME=str(checkout.parent / "home"), PORT=str(free_port()))


def run(checkout: Path, environment: dict[str, str]) -> Service:
    """Type `make run` and wait until it says where it serves."""
    service = Service(["make", "run"], checkout, environment)
    try:
        service.wait_for("Ctrl-C stops")
    except AssertionError:
        service.end(signal.SIGKILL)
        raise
    return service


def said(service: Service, label: str) -> str:
    """What the service printed behind a label."""
    found = re.search(rf"^ *{label} +(\S.*)$", service.said, re.MULTILINE)
    assert found, service.said
    return found[1]


def deliveries(service: Service) -> list[psutil.Process]:
    """The processes below the service that deliver webhooks."""
    found = []
    for each in psutil.Process(service.process.pid).children(recursive=True):
        # One that has just ended has no command line.
        with suppress(psutil.Error):
            found += [each] if "deliver_webhooks" in each.cmdline() else []
    return found


def delivery(service: Service) -> psutil.Process:
    wait_until(lambda: len(deliveries(service)) == 1)
    return deliveries(service)[0]


class Browser:
    """Enough of a browser to sign in to the admin."""

    def __init__(self, port: str) -> None:
        self.port = port
        self.opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor())

    def read(self, path: str, **form: str) -> str:
        data = urllib.parse.urlencode(form).encode() if form else None
        with self.opener.open(f"http://127.0.0.1:{self.port}{path}", data, timeout=30) as answer:
            return str(answer.read().decode())

    def sign_in(self, name: str, password: str) -> None:
        page = self.read("/admin/")
        token = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', page)
        assert token
        self.read("/account/login/", csrfmiddlewaretoken=token[1], login=name, password=password, next="/admin/")

    def is_signed_in(self) -> bool:
        return "/admin/logout/" in self.read("/admin/")


def test_it_serves_the_registry_and_loses_nothing(checkout: Path, environment: dict[str, str]) -> None:
    cluster = Cluster(checkout / ".pgdata" / "registry")
    port = environment["PORT"]

    first = run(checkout, environment)
    assert "Loading the registry" in first.said
    assert said(first, "JSON") == f"http://localhost:{port}/api/v1/"
    assert said(first, "Name") == "curator"
    password = said(first, "Password")
    status, organizations = get(int(port), "/api/v1/organizations/?limit=1000")
    assert status == 200
    assert "smart-dubai-office" in organizations
    assert get(int(port), "/static/admin/css/base.css")[0] == 200
    browser = Browser(port)
    browser.sign_in("curator", password)
    assert browser.is_signed_in()
    killed = delivery(first)
    killed.kill()
    wait_until(lambda: len(deliveries(first)) == 1 and delivery(first).pid != killed.pid)
    last = delivery(first)
    first.end(signal.SIGINT)
    assert "Traceback" not in first.said
    assert not last.is_running()
    assert not cluster.is_running()

    second = run(checkout, environment)
    assert "Loading" not in second.said
    assert said(second, "Password") == password
    assert get(int(port), "/api/v1/organizations/?limit=1000")[1] == organizations
    assert browser.is_signed_in()
    second.end(signal.SIGKILL)

    third = run(checkout, environment | {"TRACKER_CURATOR_PASSWORD": "another-password-of-mine"})
    assert said(third, "Password") == "another-password-of-mine"
    assert get(int(port), "/api/v1/organizations/?limit=1000")[1] == organizations
    third.end(signal.SIGTERM)
    assert not cluster.is_running()

    kept = checkout / ".local" / "curator-password"
    assert (kept.read_text().strip(), kept.stat().st_mode & 0o777) == (password, 0o600)
    assert list((checkout.parent / "home").iterdir()) == []


@pytest.mark.parametrize(("port", "words"), [("taken", "is taken"), ("http", "must be a number"), ("0", "from 1 to")])
def test_a_port_that_cannot_be_had_is_said_at_once(
    checkout: Path, environment: dict[str, str], port: str, words: str
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        chosen = str(other.getsockname()[1]) if port == "taken" else port
        process = subprocess.run(
            [sys.executable, "manage.py", "run_tracker"],
            cwd=checkout,
            env=environment | {"PORT": chosen},
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )
    assert process.returncode == 1
    assert process.stderr.startswith("CommandError: P")
    assert words in process.stderr
    assert process.stdout == ""


def test_a_database_that_cannot_be_reached_is_said_in_one_line(checkout: Path, environment: dict[str, str]) -> None:
    process = subprocess.run(
        [sys.executable, "manage.py", "run_tracker"],
        cwd=checkout,
        env=environment | {"DATABASE_URL": f"postgresql://tracker@127.0.0.1:{free_port()}/tracker"},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert process.returncode == 1
    assert process.stderr.startswith("CommandError: The database cannot be reached")


@pytest.fixture
def passwords(settings: Settings, tmp_path: Path) -> Settings:
    """Settings whose folder for generated passwords is the test's own."""
    settings.LOCAL_DIR = tmp_path
    settings.ENVIRONMENT = dataclasses.replace(settings.ENVIRONMENT, curator_password="")
    return settings


@pytest.mark.django_db
def test_the_curator_is_a_superuser_with_the_kept_password(passwords: Settings) -> None:
    ensure_curator()
    curator = User.objects.get(username=CURATOR)
    assert curator.is_superuser
    assert known_password() == (passwords.LOCAL_DIR / "curator-password").read_text().strip()


@pytest.mark.django_db
def test_a_password_that_the_curator_chose_in_admin_is_left_alone(passwords: Settings) -> None:
    ensure_curator()
    curator = User.objects.get(username=CURATOR)
    curator.set_password("chosen-in-admin")
    curator.save()
    ensure_curator()
    assert known_password() is None
    assert User.objects.get(username=CURATOR).check_password("chosen-in-admin")


@pytest.mark.django_db
def test_a_password_of_the_environment_holds_and_is_not_kept(passwords: Settings) -> None:
    ensure_curator()
    passwords.ENVIRONMENT = dataclasses.replace(passwords.ENVIRONMENT, curator_password="of-the-environment")
    ensure_curator()
    assert known_password() == "of-the-environment"
    assert "of-the-environment" not in (passwords.LOCAL_DIR / "curator-password").read_text()
