"""Every setting of the project; what differs between machines comes from the environment (see `.env.example`)."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

from csp.constants import NONCE, NONE, SELF

from ductape_site import databases, environment
from ductape_site.admin_theme import UNFOLD as UNFOLD  # read by django-unfold

BASE_DIR = Path(__file__).resolve().parent.parent
#: What this installation writes: the SQLite file and collected static files.
VAR_DIR = BASE_DIR / "var"

env = environment.load(BASE_DIR)

# -- What must be said before anything starts ------------------------------------------------------------------------

DEBUG = env.boolean("DEBUG", default=False)
SECRET_KEY = environment.checked_secret_key(
    env.required("SECRET_KEY", to_set="a long random text that only this installation knows")
)
ALLOWED_HOSTS = environment.checked_hosts(
    environment.split_words(
        env.required("ALLOWED_HOSTS", to_set="the host names that people open it under, separated by commas")
    )
)

#: Key bytes by key id; the first seals secrets, all open them (integrations/conf.py).
DUCTAPE_ENCRYPTION_KEYS = environment.parse_encryption_keys(
    env.required("DUCTAPE_ENCRYPTION_KEYS", to_set="keyid:key, the key being 32 random bytes in URL-safe base64")
)

# -- What this installation allows -----------------------------------------------------------------------------------

DUCTAPE_EGRESS_ALLOW = environment.egress_entries(env.words("DUCTAPE_EGRESS_ALLOW"))
DUCTAPE_FUNCTIONS_ENABLED = env.boolean("DUCTAPE_FUNCTIONS_ENABLED", default=True)
DUCTAPE_FUNCTION_PROCESSES = env.whole_number(
    "DUCTAPE_FUNCTION_PROCESSES", default=min(os.cpu_count() or 1, 4), minimum=1
)

# -- How runs reach workers --------------------------------------------------------------------------------------------

DUCTAPE_DISPATCH = env.one_of("DUCTAPE_DISPATCH", choices=("database", "celery"))
CELERY_BROKER_URL = (
    environment.checked_broker_url(env.required("CELERY_BROKER_URL", to_set="the broker's URL, for celery to dispatch"))
    if DUCTAPE_DISPATCH == "celery"
    else ""
)
DUCTAPE_QUEUE_CAP = env.whole_number("DUCTAPE_QUEUE_CAP", default=100_000, minimum=1)
DUCTAPE_LEASE_SECONDS = env.whole_number("DUCTAPE_LEASE_SECONDS", default=20, minimum=2)
DUCTAPE_STOP_SECONDS = env.whole_number("DUCTAPE_STOP_SECONDS", default=25, minimum=0)

# -- What is kept ------------------------------------------------------------------------------------------------------

DUCTAPE_PRUNE = env.boolean("DUCTAPE_PRUNE", default=True)
DUCTAPE_SLOT_KEEP_DAYS = env.whole_number("DUCTAPE_SLOT_KEEP_DAYS", default=90, minimum=1)
DUCTAPE_PAYLOAD_CAP_BYTES = env.whole_number("DUCTAPE_PAYLOAD_CAP_BYTES", default=256 * 1024, minimum=1024)
DUCTAPE_INPUT_CAP_BYTES = env.whole_number("DUCTAPE_INPUT_CAP_BYTES", default=1024 * 1024, minimum=1024)
DUCTAPE_OUTPUT_CAP_BYTES = env.whole_number("DUCTAPE_OUTPUT_CAP_BYTES", default=1024 * 1024, minimum=1024)

# -- Where it is served ------------------------------------------------------------------------------------------------

#: Below which path, such as /console; "" is the root of its host. gunicorn reads SCRIPT_NAME for the same.
DUCTAPE_PATH = environment.checked_path(env.text("DUCTAPE_PATH") or env.text("SCRIPT_NAME"))
FORCE_SCRIPT_NAME = DUCTAPE_PATH or None

# -- Application -----------------------------------------------------------------------------------------------------

INSTALLED_APPS = [
    # Before django.contrib.admin, whose templates it replaces.
    "unfold",
    "unfold.contrib.filters",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "csp",
    "integrations",
]

MIDDLEWARE = [
    # Before all that looks at the host or redirects: probes ask by address, over plain HTTP.
    "ductape_site.health.HealthMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    # A list page of 100 rows is 566 KB plain and 21 KB compressed.
    "django.middleware.gzip.GZipMiddleware",
    "csp.middleware.CSPMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]

ROOT_URLCONF = "ductape_site.urls"
WSGI_APPLICATION = "ductape_site.wsgi.application"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "csp.context_processors.nonce",
            ],
        },
    },
]

# -- Storage ---------------------------------------------------------------------------------------------------------

# No ATOMIC_REQUESTS: a transaction must not stay open while a view calls the outside.
DATABASES = {
    "default": databases.settings_for(
        env.text("DATABASE_URL"),
        default=VAR_DIR / "ductape.sqlite3",
        root=BASE_DIR,
        pool_size=env.whole_number("DUCTAPE_DATABASE_POOL", default=10, minimum=1),
    )
}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

STATIC_URL = f"{DUCTAPE_PATH}/static/"
STATIC_ROOT = Path(env.text("DUCTAPE_STATIC_ROOT", default=str(VAR_DIR / "static")))
STATICFILES_DIRS = [BASE_DIR / "static"]

_PLAIN = "django.contrib.staticfiles.storage.StaticFilesStorage"
_HASHED_AND_COMPRESSED = "ductape_site.static_files.HashedAndCompressedStorage"
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    # The hashed names exist only after collectstatic, which nobody runs between two edits.
    "staticfiles": {"BACKEND": _PLAIN if DEBUG else _HASHED_AND_COMPRESSED},
}

# -- People ----------------------------------------------------------------------------------------------------------

LOGIN_URL = "admin:login"
LOGIN_REDIRECT_URL = "admin:index"
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in (
        "UserAttributeSimilarityValidator",
        "MinimumLengthValidator",
        "CommonPasswordValidator",
        "NumericPasswordValidator",
    )
]

LANGUAGE_CODE = "en-us"
TIME_ZONE = "UTC"
USE_I18N = True
USE_TZ = True

# -- Browser ---------------------------------------------------------------------------------------------------------

#: Served over HTTPS, by a proxy in front or not. False only for plain HTTP on one's own machine.
DUCTAPE_HTTPS = env.boolean("DUCTAPE_HTTPS", default=True)
SECURE_SSL_REDIRECT = DUCTAPE_HTTPS
# Cookies do not tell ports apart: a second console on the same host has another SECRET_KEY, and so other names.
_COOKIES = hashlib.sha256(f"cookies {SECRET_KEY}".encode()).hexdigest()[:8]
SESSION_COOKIE_NAME = f"ductape_session_{_COOKIES}"
CSRF_COOKIE_NAME = f"ductape_csrf_{_COOKIES}"
SESSION_COOKIE_PATH = CSRF_COOKIE_PATH = f"{DUCTAPE_PATH}/"
MESSAGE_STORAGE = "django.contrib.messages.storage.session.SessionStorage"
SESSION_COOKIE_SECURE = DUCTAPE_HTTPS
CSRF_COOKIE_SECURE = DUCTAPE_HTTPS
SECURE_HSTS_SECONDS = 365 * 24 * 60 * 60 if DUCTAPE_HTTPS else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = DUCTAPE_HTTPS
SECURE_HSTS_PRELOAD = DUCTAPE_HTTPS
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
CSRF_TRUSTED_ORIGINS = environment.checked_origins(env.words("CSRF_TRUSTED_ORIGINS"))

CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [SELF],
        "script-src": [SELF],
        # Pages mark their <style> elements with this request's nonce; the code editor adds its own that way.
        "style-src": [SELF, NONCE],
        "img-src": [SELF],
        "object-src": [NONE],
        "base-uri": [SELF],
        "form-action": [SELF],
        "frame-ancestors": [NONE],
    },
}

# -- Log -------------------------------------------------------------------------------------------------------------

_LEVEL = env.one_of("DUCTAPE_LOG_LEVEL", choices=("info", "debug", "warning", "error")).upper()
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "{asctime} {levelname} {name} {message}", "style": "{"}},
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["stderr"], "level": _LEVEL},
    # Django's own handlers write to the console in DEBUG only and mail administrators; the root handler does for all.
    # In DEBUG it would log every query.
    "loggers": {
        "django": {"handlers": [], "level": "INFO" if _LEVEL == "DEBUG" else _LEVEL, "propagate": True},
        # Two lines for each message; the run's own row says more.
        "celery.worker.strategy": {"level": "WARNING"},
        "celery.app.trace": {"level": "WARNING"},
    },
}
