"""The environment configures the service: what is refused, and how clearly."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.utils.translation import override

from tests.platform.services import RATES
from tracker.api.rates import Rate
from tracker.environment import Environment, kept_secret, read_environment

STRONG_KEY = "0123456789abcdefghijklmnopqrstuvwxyz-ABCDEFGHIJKLMNOP"
PRODUCTION = {
    "TRACKER_ENV": "production",
    "SECRET_KEY": STRONG_KEY,
    "ALLOWED_HOSTS": "registry.example, www.registry.example",
    "DATABASE_URL": "postgresql://tracker:word@db.example:5433/tracker?sslmode=require",
}
OIDC = ("KEY", "NAME", "NAME_AR", "ISSUER", "CLIENT_ID", "CLIENT_SECRET")
PROVIDER = {
    "TRACKER_OIDC_NAME": "National identity",
    "TRACKER_OIDC_NAME_AR": "الهوية الوطنية",
    "TRACKER_OIDC_ISSUER": "https://id.example/",
    "TRACKER_OIDC_CLIENT_ID": "registry",
    "TRACKER_OIDC_CLIENT_SECRET": "a secret",
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
    "TRACKER_TIME_ZONE",
    "TRACKER_WEBHOOK_ALLOW_PRIVATE",
    "TRACKER_WEBHOOK_TIMEOUT",
    "TRACKER_WEBHOOK_PAUSE_DAYS",
    "TRACKER_WEBHOOK_LOG_DAYS",
    "TRACKER_REQUIRE_STAFF_MFA",
    "EMAIL_URL",
    "DEFAULT_FROM_EMAIL",
    *(f"TRACKER_OIDC_{number}{name}" for number in ("", "2_") for name in OIDC),
    "TRACKER_CORS_ORIGINS",
    "TRACKER_STATEMENT_TIMEOUT",
    *RATES,
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
        ("TRACKER_TIME_ZONE", "Asia/Atlantis", "there is no time zone “Asia/Atlantis”"),
        ("TRACKER_TIME_ZONE", "../../etc/passwd", "there is no time zone"),
        ("TRACKER_SITE_URL", "registry.example", "write it as https://registry.example"),
        ("TRACKER_SITE_URL", "https://registry.example/here", "without a path"),
        ("TRACKER_WEBHOOK_TIMEOUT", "0", "1 or more"),
        ("TRACKER_WEBHOOK_PAUSE_DAYS", "many", "Not a valid integer"),
        ("EMAIL_URL", "mail.example", "submission://user:password@host:587"),
        ("EMAIL_URL", "file:///tmp/mail", "submission://user:password@host:587"),
        ("TRACKER_RATE_ANONYMOUS", "often", "“often” is no rate; write it as 600/minute"),
        ("TRACKER_RATE_USER_WRITES", "0/minute", "“0/minute” is no rate"),
        ("TRACKER_RATE_TOKEN", "5/fortnight", "“5/fortnight” is no rate"),
        ("TRACKER_CORS_ORIGINS", "https://page.example,page.example", "“page.example” is neither"),
        ("TRACKER_CORS_ORIGINS", "https://page.example/", "neither * nor an origin"),
        ("TRACKER_STATEMENT_TIMEOUT", "-1", "0 (no limit) or more"),
        ("TRACKER_OIDC_ISSUER", "id.example", "write it as https://id.example"),
        ("TRACKER_OIDC_ISSUER", "id.example", "TRACKER_OIDC_CLIENT_SECRET: a provider needs its issuer"),
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


def test_curators_owe_a_second_factor_in_production_unless_that_is_said(read: type[Reader]) -> None:
    assert read.of().require_staff_mfa is False
    assert read.of(**PRODUCTION).require_staff_mfa is True
    assert read.of(TRACKER_REQUIRE_STAFF_MFA="false").require_staff_mfa is False


def test_email_goes_to_the_console_unless_a_server_is_named(read: type[Reader]) -> None:
    found = read.of()
    assert found.email["EMAIL_BACKEND"].endswith("console.EmailBackend")
    assert found.from_email == "no-reply@localhost"
    named = read.of(EMAIL_URL="submission://me%40example:w%2Ford@mail.example", DEFAULT_FROM_EMAIL="city@example.org")
    assert named.email == {
        "EMAIL_BACKEND": "django.core.mail.backends.smtp.EmailBackend",
        "EMAIL_HOST": "mail.example",
        "EMAIL_PORT": 587,
        "EMAIL_HOST_USER": "me@example",
        "EMAIL_HOST_PASSWORD": "w/ord",
        "EMAIL_USE_TLS": True,
        "EMAIL_USE_SSL": False,
    }
    assert named.from_email == "city@example.org"


def test_providers_are_read_and_called_by_their_name_in_the_readers_language(read: type[Reader]) -> None:
    second = {name.replace("OIDC_", "OIDC_2_"): value for name, value in PROVIDER.items()}
    first, other = read.of(**PRODUCTION | PROVIDER | second).oidc_providers
    assert (first.key, other.key, first.issuer) == ("oidc", "oidc-2", "https://id.example")
    name = first.app()["name"]
    with override("en"):
        assert str(name) == "National identity"
    with override("ar"):
        assert str(name) == "الهوية الوطنية"


def test_production_asks_providers_by_https_alone_and_tells_them_apart(read: type[Reader]) -> None:
    plain = PRODUCTION | PROVIDER | {"TRACKER_OIDC_ISSUER": "http://id.example"}
    assert "TRACKER_OIDC_ISSUER: write it as https://" in read.refusal(**plain)
    second = {name.replace("OIDC_", "OIDC_2_"): value for name, value in PROVIDER.items()}
    twice = PRODUCTION | PROVIDER | second | {"TRACKER_OIDC_2_KEY": "oidc"}
    assert "two providers have “oidc”" in read.refusal(**twice)


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


def test_rates_are_generous_unless_they_are_said_and_can_be_put_off(read: type[Reader]) -> None:
    found = read.of(TRACKER_RATE_USER="5 / hour", TRACKER_RATE_TOKEN="", TRACKER_RATE_ANONYMOUS_WRITES="off").rates
    assert found["user"] == Rate(5, 3_600)
    assert (found["token"], found["anonymous-writes"]) == (None, None)
    assert found["anonymous"] == Rate(3_000, 60)


def test_origins_are_read_as_a_list(read: type[Reader]) -> None:
    assert read.of().cors_origins == []
    found = read.of(TRACKER_CORS_ORIGINS="https://page.example, http://localhost:3000").cors_origins
    assert found == ["https://page.example", "http://localhost:3000"]
