"""Django's settings. What differs between machines comes from the environment (see tracker/environment.py)."""

from pathlib import Path
from typing import Any

from csp.constants import NONE, SELF
from django.utils.translation import gettext_lazy as _

from tracker.environment import read_environment

BASE_DIR = Path(__file__).resolve().parent.parent
# What a checkout keeps for itself: the generated key of a development machine, the curator's password.
LOCAL_DIR = BASE_DIR / ".local"
ENVIRONMENT = read_environment(LOCAL_DIR)

DEBUG = ENVIRONMENT.debug
SECRET_KEY = ENVIRONMENT.secret_key
SECRET_KEY_FALLBACKS = ENVIRONMENT.secret_key_fallbacks
ALLOWED_HOSTS = ENVIRONMENT.allowed_hosts
CSRF_TRUSTED_ORIGINS = ENVIRONMENT.csrf_trusted_origins
TRACKER_TOKEN_PEPPER = ENVIRONMENT.token_pepper
TRACKER_REQUIRE_IF_MATCH = ENVIRONMENT.require_if_match
TRACKER_SITE_URL = ENVIRONMENT.site_url
TRACKER_TIME_ZONE = ENVIRONMENT.time_zone
TRACKER_WEBHOOK_ALLOW_PRIVATE = ENVIRONMENT.webhook_allow_private
TRACKER_WEBHOOK_TIMEOUT = ENVIRONMENT.webhook_timeout
TRACKER_WEBHOOK_PAUSE_DAYS = ENVIRONMENT.webhook_pause_days
TRACKER_WEBHOOK_LOG_DAYS = ENVIRONMENT.webhook_log_days
TRACKER_BEHIND_PROXY = ENVIRONMENT.behind_proxy
TRACKER_RATES = ENVIRONMENT.rates
TRACKER_STATEMENT_TIMEOUT = ENVIRONMENT.statement_timeout

INSTALLED_APPS = [
    # Before the admin: some of its templates are the registry's own.
    "initiatives",
    "initiatives.apps.CuratorsDeskConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.postgres",
    "rest_framework",
    "django_filters",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "corsheaders",
    "csp",
    "pgtrigger",
    "tracker.history",
    "tracker.api",
    "tracker.webhooks",
    # Before allauth: its pages have the registry's look.
    "tracker.accounts",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "allauth.socialaccount",
    "allauth.socialaccount.providers.openid_connect",
    "allauth.usersessions",
    "django.contrib.humanize",
]

MIDDLEWARE = [
    "tracker.ops.health.HealthProbes",
    "tracker.history.middleware.RequestIds",
    "tracker.ops.security_log.SecurityLog",
    "corsheaders.middleware.CorsMiddleware",
    "tracker.api.too_many_requests.Throttles",
    # What is kept of an answer is everybody's: how a client stands and which page it comes from is added around it.
    "tracker.api.response_cache.ResponseCache",
    "csp.middleware.CSPMiddleware",
    "tracker.ops.security_headers.SecurityHeaders",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "tracker.api.middleware.RequestGuard",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "tracker.history.middleware.AttributionMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "tracker.accounts.middleware.AccountPages",
]

ROOT_URLCONF = "tracker.urls"
WSGI_APPLICATION = "tracker.wsgi.application"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "tracker" / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.template.context_processors.i18n",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ],
        },
    },
]

EMBEDDED_DATABASE: dict[str, Any] = {
    "ENGINE": "tracker.database",
    "CLUSTER": BASE_DIR / ".pgdata" / "registry",
    "NAME": "tracker",
    "USER": "postgres",
    "PORT": "5432",
    "CONN_MAX_AGE": 60,
    "CONN_HEALTH_CHECKS": True,
}
DATABASES = {"default": ENVIRONMENT.database or EMBEDDED_DATABASE}
# Compiling a query to machine code pays for long analyses; here it would take longer than the query.
DATABASES["default"]["OPTIONS"] = {"options": "-c jit=off", **DATABASES["default"].get("OPTIONS", {})}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# A server's answer is waited for no longer than PostgreSQL would take.
CACHE_SERVER = {
    "BACKEND": "django.core.cache.backends.redis.RedisCache",
    "LOCATION": ENVIRONMENT.cache_url,
    "OPTIONS": {"socket_connect_timeout": 0.25, "socket_timeout": 0.25},
}
CACHE_MEMORY = {
    "BACKEND": "tracker.api.memory_cache.MemoryCache",
    "OPTIONS": {"MAX_BYTES": ENVIRONMENT.response_cache_mb * 1024 * 1024},
}
# How long lists are: a few numbers, which each process keeps however much it may keep of answers.
CACHE_COUNTS = {
    "BACKEND": "tracker.api.memory_cache.MemoryCache",
    "LOCATION": "counts",
    "OPTIONS": {"MAX_BYTES": 1_000_000},
}
# What has to hold: failed sign-ins, codes that were used. Kept where the accounts are, so that all workers count
# together and nothing that others ask for pushes it out.
CACHE_DATABASE = {
    "BACKEND": "django.core.cache.backends.db.DatabaseCache",
    "LOCATION": "accounts_cache",
    "OPTIONS": {"MAX_ENTRIES": 100_000},
}
CACHES = {
    "default": CACHE_DATABASE,
    "answers": CACHE_SERVER if ENVIRONMENT.cache_url else CACHE_MEMORY,
    "counts": CACHE_COUNTS,
}

AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 12}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.NumericPasswordValidator"},
]
# What a form may have with all its files.
TRACKER_FORM_MAX_BYTES = 10 * 1024 * 1024
CSRF_FAILURE_VIEW = "tracker.api.problems.csrf_failure"

# People's accounts (docs/accounts.md).
TRACKER_REQUIRE_STAFF_MFA = ENVIRONMENT.require_staff_mfa
AUTHENTICATION_BACKENDS = ["allauth.account.auth_backends.AuthenticationBackend"]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "account_home"
LOGOUT_REDIRECT_URL = "front-door"
# One proxy of ours stands before the service, and says who called it.
ALLAUTH_TRUSTED_PROXY_COUNT = 1 if ENVIRONMENT.behind_proxy else 0
ACCOUNT_ADAPTER = "tracker.accounts.adapter.AccountAdapter"
ACCOUNT_FORMS = {"login": "tracker.accounts.forms.SignInForm"}
ACCOUNT_LOGIN_METHODS = {"email", "username"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "username*", "password1*", "password2*"]
ACCOUNT_USERNAME_VALIDATORS = "tracker.accounts.usernames.VALIDATORS"
ACCOUNT_USERNAME_BLACKLIST = ["admin", "administrator", "curator", "root", "system"]
ACCOUNT_EMAIL_VERIFICATION = "mandatory"
ACCOUNT_EMAIL_SUBJECT_PREFIX = ""
ACCOUNT_EMAIL_NOTIFICATIONS = True
ACCOUNT_PREVENT_ENUMERATION = True
ACCOUNT_REAUTHENTICATION_REQUIRED = True
ACCOUNT_MAX_EMAIL_ADDRESSES = 5
MFA_ADAPTER = "tracker.accounts.authenticators.AuthenticatorAdapter"
MFA_SUPPORTED_TYPES = ["totp", "webauthn", "recovery_codes"]
MFA_FORMS = {
    "authenticate": "tracker.accounts.factor_forms.CodeAtSignIn",
    "reauthenticate": "tracker.accounts.factor_forms.CodeOnceMore",
    "add_webauthn": "tracker.accounts.factor_forms.NamedKey",
    "edit_webauthn": "tracker.accounts.factor_forms.RenamedKey",
    "authenticate_webauthn": "tracker.accounts.factor_forms.KeyAtSignIn",
    "login_webauthn": "tracker.accounts.factor_forms.PasskeyAtSignIn",
    "reauthenticate_webauthn": "tracker.accounts.factor_forms.KeyOnceMore",
}
MFA_PASSKEY_LOGIN_ENABLED = True
MFA_TOTP_TOLERANCE = 1
# Browsers take http://localhost for safe; any other address needs HTTPS to have passkeys.
MFA_WEBAUTHN_ALLOW_INSECURE_ORIGIN = not ENVIRONMENT.https
SOCIALACCOUNT_ADAPTER = "tracker.accounts.providers.ProviderAdapter"
SOCIALACCOUNT_AUTO_SIGNUP = False
SOCIALACCOUNT_PROVIDERS = {
    "openid_connect": {"OAUTH_PKCE_ENABLED": True, "APPS": [each.app() for each in ENVIRONMENT.oidc_providers]}
}
EMAIL_BACKEND = ENVIRONMENT.email["EMAIL_BACKEND"]
EMAIL_HOST = ENVIRONMENT.email["EMAIL_HOST"]
EMAIL_PORT = ENVIRONMENT.email["EMAIL_PORT"]
EMAIL_HOST_USER = ENVIRONMENT.email["EMAIL_HOST_USER"]
EMAIL_HOST_PASSWORD = ENVIRONMENT.email["EMAIL_HOST_PASSWORD"]
EMAIL_USE_TLS = ENVIRONMENT.email["EMAIL_USE_TLS"]
EMAIL_USE_SSL = ENVIRONMENT.email["EMAIL_USE_SSL"]
# A request waits no longer than this for the mail server.
EMAIL_TIMEOUT = 10
DEFAULT_FROM_EMAIL = ENVIRONMENT.from_email

LANGUAGE_CODE = "en"
LANGUAGES = [("en", _("English")), ("ar", _("Arabic"))]
LOCALE_PATHS = [BASE_DIR / "initiatives" / "locale"]
USE_I18N = True
USE_TZ = True
TIME_ZONE = "UTC"

STATIC_URL = "static/"
STATIC_ROOT = BASE_DIR / "staticfiles"
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"
        if ENVIRONMENT.production
        else "django.contrib.staticfiles.storage.StaticFilesStorage"
    },
}
# Development serves static files from where they lie; production from the collected folder only.
WHITENOISE_USE_FINDERS = not ENVIRONMENT.production
WHITENOISE_AUTOREFRESH = DEBUG

SECURE_SSL_REDIRECT = ENVIRONMENT.https
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if ENVIRONMENT.behind_proxy else None
SECURE_HSTS_SECONDS = 365 * 24 * 3600 if ENVIRONMENT.https else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = ENVIRONMENT.https
SECURE_HSTS_PRELOAD = ENVIRONMENT.https
SESSION_COOKIE_SECURE = ENVIRONMENT.https
CSRF_COOKIE_SECURE = ENVIRONMENT.https
X_FRAME_OPTIONS = "DENY"
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"

# Nothing in a page may run but what we serve as a file; all that is not named here is forbidden by the first.
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF],
        "style-src": [SELF],
        "img-src": [SELF, "data:"],
        "font-src": [SELF],
        "connect-src": [SELF],
        "form-action": [SELF],
        "base-uri": [NONE],
        "object-src": [NONE],
        "frame-ancestors": [NONE],
    }
}

# Pages of other origins read as strangers do, or send a token that they were given: never somebody's cookies.
CORS_URLS_REGEX = r"^/api/"
CORS_ALLOW_ALL_ORIGINS = "*" in ENVIRONMENT.cors_origins
CORS_ALLOWED_ORIGINS = [origin for origin in ENVIRONMENT.cors_origins if origin != "*"]
CORS_ALLOW_CREDENTIALS = False
CORS_ALLOW_METHODS = ("GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE")
CORS_ALLOW_HEADERS = (
    "accept", "accept-language", "authorization", "content-type", "idempotency-key", "if-match", "if-none-match",
    "x-change-reason", "x-request-id",
)  # fmt: skip
CORS_EXPOSE_HEADERS = (
    "Content-Disposition", "Content-Language", "ETag", "Idempotency-Replayed", "Link", "Location", "RateLimit",
    "RateLimit-Policy", "Retry-After", "WWW-Authenticate", "X-Request-ID", "X-Revision",
)  # fmt: skip

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "%(asctime)s %(levelname)s %(name)s: %(message)s"}},
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["console"], "level": "WARNING"},
    # Django's own handlers mail the administrators; here everything goes where the process writes.
    "loggers": {
        "django": {"handlers": [], "propagate": True, "level": "WARNING"},
        # It says what was refused to anybody, which is logged with its reason under the other name.
        "django.request": {"level": "ERROR"},
        "tracker.security": {"level": "INFO"},
    },
}

REST_FRAMEWORK = {
    "EXCEPTION_HANDLER": "tracker.api.problems.exception_handler",
    "DEFAULT_PARSER_CLASSES": ["tracker.api.parsers.StrictJSONParser"],
    "DEFAULT_RENDERER_CLASSES": [
        "rest_framework.renderers.JSONRenderer",
        "tracker.api.browsable.PageRenderer",
    ],
    "DEFAULT_CONTENT_NEGOTIATION_CLASS": "tracker.api.negotiation.StrictNegotiation",
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "tracker.api.authentication.TokenAuthentication",
        "tracker.api.authentication.SessionAuthentication",
    ],
    "DEFAULT_THROTTLE_CLASSES": ["tracker.api.throttles.Throttle"],
    "DEFAULT_PERMISSION_CLASSES": ["tracker.api.permissions.ReadOrModelPermissions"],
    "DEFAULT_PAGINATION_CLASS": "tracker.api.pagination.RecordPagination",
    "DEFAULT_SCHEMA_CLASS": "tracker.api.schema.RecordAutoSchema",
    "DEFAULT_VERSIONING_CLASS": None,
}

SPECTACULAR_SETTINGS = {
    "OAS_VERSION": "3.1.0",
    "TITLE": _("Smart city transformation registry"),
    "DESCRIPTION": _(
        "Who does what in a smart city's transformation, under which strategy, by when, with what result, "
        "and which source says so.\n\n"
        'Texts are in English and in Arabic: `{"en": …, "ar": …}`. What is unknown is `null`. '
        "A record is referred to by its slug on write, and by an object with its address and its name on read. "
        "Everybody reads; writing needs a token or the session of a curator. "
        "Refusals are problem documents (RFC 9457) in the language of `Accept-Language`."
    ),
    "VERSION": "1.0.0",
    "SCHEMA_PATH_PREFIX": "/api/v1",
    "COMPONENT_SPLIT_REQUEST": True,
    "SORT_OPERATION_PARAMETERS": False,
    # Choices go by the names of their classes; these names alone would say too little.
    "ENUM_NAME_OVERRIDES": {
        "IndicatorMeaning": "initiatives.models.indicators.Meaning",
        "InitiativeStatus": "initiatives.models.initiatives.Status",
    },
    "POSTPROCESSING_HOOKS": ["tracker.api.schema.describe_collections", "tracker.api.schema.share_parameters"],
}
