"""The environment variables that configure the service, read once and refused as a whole when any is wrong.

Every variable may also be given as a file: ``SECRET_KEY_FILE=/run/secrets/key`` stands for ``SECRET_KEY``.
"""

import os
import re
import secrets
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from django.core.exceptions import ImproperlyConfigured
from environs import EnvError, EnvValidationError, FileAwareEnv

from tracker.accounts.oidc import OidcProvider, bad_providers, read_providers
from tracker.api.rates import Rate, read_rate

DEVELOPMENT_HOSTS = [".localhost", "127.0.0.1", "[::1]"]
# Django's own measure of a secret key (security.W009).
SECRET_KEY_LENGTH = 50
SECRET_KEY_VARIETY = 5
CONNECTION_SECONDS = 60
LARGEST_CACHE_MB = 100_000
# How often one may ask, by the name of the rate; nobody who works should notice.
RATES = {
    "anonymous": "3000/minute",
    "anonymous-writes": "120/minute",
    "user": "3000/minute",
    "user-writes": "600/minute",
    "token": "6000/minute",
    "token-writes": "1200/minute",
    "ratings": "60/minute",
}
SITE = re.compile(r"https?://[A-Za-z0-9.-]+(:[0-9]{1,5})?")
MAIL_SCHEMES = ("console", "smtp", "submission")
CONSOLE = {
    "EMAIL_BACKEND": "django.core.mail.backends.console.EmailBackend",
    "EMAIL_HOST": "",
    "EMAIL_PORT": 25,
    "EMAIL_HOST_USER": "",
    "EMAIL_HOST_PASSWORD": "",
    "EMAIL_USE_TLS": False,
    "EMAIL_USE_SSL": False,
}


@dataclass(frozen=True)
class Environment:
    """What the environment asks for, after every check."""

    production: bool
    debug: bool
    secret_key: str
    secret_key_fallbacks: list[str]
    token_pepper: str
    allowed_hosts: list[str]
    csrf_trusted_origins: list[str]
    https: bool
    behind_proxy: bool
    curator_password: str
    require_if_match: bool
    site_url: str
    time_zone: str
    webhook_allow_private: bool
    webhook_timeout: int
    webhook_pause_days: int
    webhook_log_days: int
    response_cache_mb: int
    cache_url: str
    require_staff_mfa: bool
    oidc_providers: list[OidcProvider]
    email: dict[str, Any]
    from_email: str
    rates: dict[str, Rate | None]
    cors_origins: list[str]
    statement_timeout: int
    database: dict[str, Any] | None


def read_environment(local: Path) -> Environment:
    """Read and check every variable; a development key that nobody set is generated into the folder `local`."""
    env = FileAwareEnv(eager=False, strip_whitespace=True)
    faults: list[str] = []
    try:
        kind = env.str("TRACKER_ENV", "") or "development"
        production = kind == "production"
        found = Environment(
            production=production,
            debug=env.bool("DEBUG", not production),
            secret_key=env.str("SECRET_KEY", ""),
            secret_key_fallbacks=_words(env.list("SECRET_KEY_FALLBACKS", [])),
            token_pepper=env.str("TRACKER_TOKEN_PEPPER", ""),
            allowed_hosts=_words(env.list("ALLOWED_HOSTS", [])) or ([] if production else DEVELOPMENT_HOSTS),
            csrf_trusted_origins=_words(env.list("CSRF_TRUSTED_ORIGINS", [])),
            https=env.bool("TRACKER_HTTPS", production),
            behind_proxy=env.bool("TRACKER_BEHIND_PROXY", False),
            curator_password=env.str("TRACKER_CURATOR_PASSWORD", ""),
            require_if_match=env.bool("TRACKER_REQUIRE_IF_MATCH", False),
            site_url=env.str("TRACKER_SITE_URL", "").rstrip("/"),
            time_zone=env.str("TRACKER_TIME_ZONE", "") or "Asia/Dubai",
            webhook_allow_private=env.bool("TRACKER_WEBHOOK_ALLOW_PRIVATE", False),
            webhook_timeout=env.int("TRACKER_WEBHOOK_TIMEOUT", 10),
            webhook_pause_days=env.int("TRACKER_WEBHOOK_PAUSE_DAYS", 5),
            webhook_log_days=env.int("TRACKER_WEBHOOK_LOG_DAYS", 30),
            response_cache_mb=env.int("TRACKER_RESPONSE_CACHE_MB", 32),
            cache_url=env.str("CACHE_URL", ""),
            require_staff_mfa=env.bool("TRACKER_REQUIRE_STAFF_MFA", production),
            oidc_providers=read_providers(env),
            email=_email(env),
            from_email=env.str("DEFAULT_FROM_EMAIL", ""),
            rates=_rates(env, faults),
            cors_origins=_words(env.list("TRACKER_CORS_ORIGINS", [])),
            statement_timeout=env.int("TRACKER_STATEMENT_TIMEOUT", 10),
            database=_database(env),
        )
        env.seal()
    except EnvValidationError as error:
        messages = error.error_messages if isinstance(error.error_messages, dict) else {"": error.error_messages}
        faults += [f"{name}: {' '.join(map(str, texts))}" for name, texts in messages.items()]
    except (EnvError, ValueError) as error:
        faults.append(str(error))
    if not faults:
        faults = _unknown_kind(kind) + _bad_database(found) + _bad_delivery(found) + _bad_cache(found)
        faults += bad_providers(found.oidc_providers, secure=production)
        faults += _bad_time_zone(found.time_zone)
        faults += _bad_limits(found)
        faults += _unsafe(found) if production else []
    if faults:
        raise ImproperlyConfigured("The environment does not configure the service:\n  - " + "\n  - ".join(faults))
    found = found if found.site_url else replace(found, site_url=_supposed_site(found))
    found = found if found.from_email else replace(found, from_email=f"no-reply@{urlsplit(found.site_url).hostname}")
    return found if found.secret_key else replace(found, secret_key=kept_secret(local / "secret-key"))


def _words(values: list[str] | None) -> list[str]:
    return [value.strip() for value in values or [] if value.strip()]


def _database(env: FileAwareEnv) -> dict[str, Any] | None:
    if not env.str("DATABASE_URL", ""):
        return None
    parsed = env.dj_db_url("DATABASE_URL", conn_max_age=CONNECTION_SECONDS, conn_health_checks=True)
    return dict(parsed) if parsed else None


def _email(env: FileAwareEnv) -> dict[str, Any]:
    """How e-mail is sent, as Django's settings have it; to the console where nobody says how."""
    if not env.str("EMAIL_URL", ""):
        return CONSOLE
    if urlsplit(env.str("EMAIL_URL")).scheme not in MAIL_SCHEMES:
        raise ValueError("EMAIL_URL: write it as submission://user:password@host:587, smtp://host:25 or console:.")
    parsed = dict(env.dj_email_url("EMAIL_URL") or {})
    return {name: parsed[name] or unset for name, unset in CONSOLE.items()}


def _rates(env: FileAwareEnv, faults: list[str]) -> dict[str, Rate | None]:
    """How often one may ask; what cannot be read is among the faults."""
    found = {}
    for name, usual in RATES.items():
        variable = f"TRACKER_RATE_{name.replace('-', '_').upper()}"
        text = env.str(variable, usual)
        try:
            found[name] = read_rate(text)
        except ValueError as error:
            faults.append(f"{variable}: “{text}” is no rate; {error}")
    return found


def _unknown_kind(kind: str) -> list[str]:
    if kind in ("development", "production"):
        return []
    return [f"TRACKER_ENV: “{kind}” is neither “development” nor “production”."]


def _bad_database(found: Environment) -> list[str]:
    if found.database is None:
        return []
    if found.database["ENGINE"] != "django.db.backends.postgresql":
        return ["DATABASE_URL: only PostgreSQL will do, as postgresql://user:password@host:5432/name."]
    if not found.database["NAME"]:
        return ["DATABASE_URL: it names no database; write postgresql://user:password@host:5432/name."]
    return []


def _bad_delivery(found: Environment) -> list[str]:
    """What the delivery of webhooks could not work with."""
    faults = []
    if found.site_url and not SITE.fullmatch(found.site_url):
        faults.append("TRACKER_SITE_URL: write it as https://registry.example, without a path.")
    numbers = ("webhook_timeout", "webhook_pause_days", "webhook_log_days")
    return faults + [f"TRACKER_{name.upper()}: it must be 1 or more." for name in numbers if getattr(found, name) < 1]


def _bad_cache(found: Environment) -> list[str]:
    faults = []
    if not 0 <= found.response_cache_mb <= LARGEST_CACHE_MB:
        faults.append(f"TRACKER_RESPONSE_CACHE_MB: it must be 0 (nothing is kept) to {LARGEST_CACHE_MB}.")
    if found.cache_url and not found.cache_url.startswith(("redis://", "rediss://", "unix://")):
        faults.append("CACHE_URL: only Redis will do, as redis://user:password@host:6379/0.")
    return faults


def _bad_time_zone(name: str) -> list[str]:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return [f"TRACKER_TIME_ZONE: there is no time zone “{name}”; write it as Asia/Dubai."]
    return []


def _bad_limits(found: Environment) -> list[str]:
    faults = []
    if found.statement_timeout < 0:
        faults.append("TRACKER_STATEMENT_TIMEOUT: it must be 0 (no limit) or more seconds.")
    wrong = [origin for origin in found.cors_origins if origin != "*" and not SITE.fullmatch(origin)]
    if wrong:
        faults.append(f"TRACKER_CORS_ORIGINS: “{wrong[0]}” is neither * nor an origin such as https://page.example.")
    return faults


def _unsafe(found: Environment) -> list[str]:
    """Everything that production must not run with."""
    faults = []
    if found.debug:
        faults.append("DEBUG: it must be off in production, because its error pages show the inside of the service.")
    if not found.secret_key:
        faults.append("SECRET_KEY: production needs one that you keep.")
    elif _weak(found.secret_key):
        faults.append(
            f"SECRET_KEY: it is weak; give at least {SECRET_KEY_LENGTH} random characters, "
            f"of which {SECRET_KEY_VARIETY} or more differ."
        )
    if not found.allowed_hosts:
        faults.append("ALLOWED_HOSTS: name the hosts that this service answers for, separated by commas.")
    if any(host in ("*", ".") for host in found.allowed_hosts):
        faults.append("ALLOWED_HOSTS: “*” lets anybody choose the host; name the hosts instead.")
    if found.database is None:
        faults.append(
            "DATABASE_URL: production needs a PostgreSQL server, as postgresql://user:password@host:5432/name."
        )
    return faults


def _weak(key: str) -> bool:
    return len(key) < SECRET_KEY_LENGTH or len(set(key)) < SECRET_KEY_VARIETY or key.startswith("django-insecure-")


def _supposed_site(found: Environment) -> str:
    """The address by which the service calls itself where nobody says it."""
    if not found.production:
        # Whoever serves refuses a PORT that is none.
        return f"http://localhost:{os.environ.get('PORT') or 8000}"
    return f"{'https' if found.https else 'http'}://{found.allowed_hosts[0].lstrip('.')}"


def kept_secret(path: Path, length: int = SECRET_KEY_LENGTH) -> str:
    """The secret in a file that only its owner reads; the first caller makes it."""
    path.parent.mkdir(mode=0o700, exist_ok=True)
    draft = path.with_name(f"{path.name}.{secrets.token_hex(8)}")
    draft.touch(mode=0o600)
    draft.write_text(secrets.token_urlsafe(length) + "\n")
    try:
        # A link fails where the file is: of two processes that start at once, both go on with the first one's secret.
        path.hardlink_to(draft)
    except FileExistsError:
        pass
    finally:
        draft.unlink()
    return path.read_text().strip()
