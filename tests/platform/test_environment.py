"""The environment configures the service: what is refused, and how clearly."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from django.core.exceptions import ImproperlyConfigured

from tracker.environment import Environment, kept_secret, read_environment

STRONG_KEY = "0123456789abcdefghijklmnopqrstuvwxyz-ABCDEFGHIJKLMNOP"
PRODUCTION = {
    "TRACKER_ENV": "production",
    "SECRET_KEY": STRONG_KEY,
    "ALLOWED_HOSTS": "registry.example, www.registry.example",
    "DATABASE_URL": "postgresql://tracker:word@db.example:5433/tracker?sslmode=require",
}
VARIABLES = (
    *PRODUCTION,
    "DEBUG",
    "PORT",
    "SECRET_KEY_FALLBACKS",
    "TRACKER_HTTPS",
    "TRACKER_BEHIND_PROXY",
    "TRACKER_CURATOR_PASSWORD",
    "TRACKER_TOKEN_PEPPER",
    "CSRF_TRUSTED_ORIGINS",
    "TRACKER_SITE_URL",
    "TRACKER_WEBHOOK_ALLOW_PRIVATE",
    "TRACKER_WEBHOOK_TIMEOUT",
    "TRACKER_WEBHOOK_PAUSE_DAYS",
    "TRACKER_WEBHOOK_LOG_DAYS",
)


@pytest.fixture
def read(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> "type[Reader]":
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)
    Reader.monkeypatch, Reader.local = monkeypatch, tmp_path / "local"
    return Reader


class Reader:
    """Reads an environment made for one test."""

    monkeypatch: pytest.MonkeyPatch
    local: Path

    @classmethod
    def of(cls, **variables: str) -> Environment:
        for name, value in variables.items():
            cls.monkeypatch.setenv(name, value)
        return read_environment(cls.local)

    @classmethod
    def refusal(cls, **variables: str) -> str:
        with pytest.raises(ImproperlyConfigured) as caught:
            cls.of(**variables)
        return str(caught.value)


def test_an_empty_environment_is_for_development(read: type[Reader]) -> None:
    found = read.of()
    assert (found.production, found.debug, found.https, found.database) == (False, True, False, None)
    assert "127.0.0.1" in found.allowed_hosts
    assert len(found.secret_key) >= 50


def test_the_generated_key_is_kept_for_its_owner_alone(read: type[Reader]) -> None:
    first = read.of().secret_key
    kept = Reader.local / "secret-key"
    assert read.of().secret_key == first
    assert kept.read_text().strip() == first
    assert kept.stat().st_mode & 0o777 == 0o600
    assert Reader.local.stat().st_mode & 0o777 == 0o700
    assert [path.name for path in Reader.local.iterdir()] == ["secret-key"]


def test_a_complete_production_environment_is_taken(read: type[Reader]) -> None:
    found = read.of(**PRODUCTION)
    assert (found.production, found.debug, found.https) == (True, False, True)
    assert found.allowed_hosts == ["registry.example", "www.registry.example"]
    assert found.database is not None
    assert found.database["HOST"] == "db.example"
    assert found.database["PORT"] == 5433
    assert found.database["OPTIONS"] == {"sslmode": "require"}
    assert not Reader.local.exists()


def test_production_names_everything_that_is_missing_at_once(read: type[Reader]) -> None:
    message = read.refusal(TRACKER_ENV="production", DEBUG="true")
    assert [line.split(":")[0].strip(" -") for line in message.splitlines()[1:]] == [
        "DEBUG",
        "SECRET_KEY",
        "ALLOWED_HOSTS",
        "DATABASE_URL",
    ]


@pytest.mark.parametrize(
    ("variable", "value", "said"),
    [
        ("DEBUG", "1", "must be off in production"),
        ("SECRET_KEY", "short", "at least 50 random characters"),
        ("SECRET_KEY", "abab" * 20, "at least 50 random characters"),
        ("SECRET_KEY", "django-insecure-" + STRONG_KEY, "weak"),
        ("ALLOWED_HOSTS", "*", "lets anybody choose the host"),
        ("ALLOWED_HOSTS", "registry.example,*", "lets anybody choose the host"),
        ("ALLOWED_HOSTS", " , ", "name the hosts"),
        ("DATABASE_URL", "", "needs a PostgreSQL server"),
    ],
)
def test_production_refuses_what_is_unsafe(read: type[Reader], variable: str, value: str, said: str) -> None:
    message = read.refusal(**PRODUCTION | {variable: value})
    assert message.count("\n") == 1
    assert f"{variable}: " in message
    assert said in message


@pytest.mark.parametrize(
    ("variable", "value", "said"),
    [
        ("TRACKER_ENV", "prod", "neither “development” nor “production”"),
        ("DEBUG", "perhaps", "Not a valid boolean"),
        ("DATABASE_URL", "sqlite:///db.sqlite3", "only PostgreSQL"),
        ("DATABASE_URL", "no address", "Not a valid database URL"),
        ("DATABASE_URL", "postgresql://tracker@localhost", "names no database"),
        ("TRACKER_SITE_URL", "registry.example", "write it as https://registry.example"),
        ("TRACKER_SITE_URL", "https://registry.example/here", "without a path"),
        ("TRACKER_WEBHOOK_TIMEOUT", "0", "1 or more"),
        ("TRACKER_WEBHOOK_PAUSE_DAYS", "many", "Not a valid integer"),
    ],
)
def test_what_cannot_be_read_is_refused_everywhere(read: type[Reader], variable: str, value: str, said: str) -> None:
    message = read.refusal(**{variable: value})
    assert f"{variable}: " in message
    assert said in message


@pytest.mark.parametrize(
    ("variables", "site"),
    [
        ({}, "http://localhost:8000"),
        ({"PORT": "8001"}, "http://localhost:8001"),
        (PRODUCTION, "https://registry.example"),
        (PRODUCTION | {"TRACKER_SITE_URL": "https://other.example:8443/"}, "https://other.example:8443"),
    ],
)
def test_the_service_knows_its_own_address(read: type[Reader], variables: dict[str, str], site: str) -> None:
    assert read.of(**variables).site_url == site


def test_webhooks_reach_the_inside_only_where_that_is_said(read: type[Reader]) -> None:
    assert read.of().webhook_allow_private is False
    assert read.of(**PRODUCTION).webhook_allow_private is False
    assert read.of(TRACKER_WEBHOOK_ALLOW_PRIVATE="true").webhook_allow_private is True


def test_a_secret_may_come_in_a_file(read: type[Reader], tmp_path: Path) -> None:
    secret = tmp_path / "key"
    secret.write_text(STRONG_KEY + "\n")
    without = {name: value for name, value in PRODUCTION.items() if name != "SECRET_KEY"}
    assert read.of(**without, SECRET_KEY_FILE=str(secret)).secret_key == STRONG_KEY


def test_a_missing_secret_file_is_named(read: type[Reader], tmp_path: Path) -> None:
    assert "SECRET_KEY_FILE" in read.refusal(SECRET_KEY_FILE=str(tmp_path / "missing"))


def test_the_first_of_two_secrets_made_at_once_holds(tmp_path: Path) -> None:
    assert kept_secret(tmp_path / "secret") == kept_secret(tmp_path / "secret")
    assert [path.name for path in tmp_path.iterdir()] == ["secret"]


def test_the_process_stops_at_once_with_the_message(tmp_path: Path) -> None:
    environment = {name: value for name, value in os.environ.items() if name not in VARIABLES}
    process = subprocess.run(
        [sys.executable, "manage.py", "check"],
        env=environment | {"TRACKER_ENV": "production", "DEBUG": "true"},
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
        check=False,
    )
    assert process.returncode != 0
    assert "ImproperlyConfigured: The environment does not configure the service:" in process.stderr
    assert "  - SECRET_KEY: production needs one that you keep." in process.stderr


def test_production_settings_pass_djangos_deployment_checks() -> None:
    environment = {name: value for name, value in os.environ.items() if name not in VARIABLES}
    process = subprocess.run(
        [sys.executable, "manage.py", "check", "--deploy", "--fail-level", "WARNING"],
        env=environment | PRODUCTION,
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
        check=False,
    )
    assert process.returncode == 0, process.stderr
