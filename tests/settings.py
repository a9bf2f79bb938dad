"""The project's settings with values for tests in place of this machine's; only DATABASE_URL is taken from outside."""

from __future__ import annotations

import os
import secrets

for _name in [name for name in os.environ if name.startswith("DUCTAPE_")]:
    del os.environ[_name]
# Set in the environment, so that commands which tests start see the same.
os.environ |= {
    "ALLOWED_HOSTS": "testserver,localhost,127.0.0.1",
    "DATABASE_URL": os.environ.get("DATABASE_URL", "sqlite:///var/test.sqlite3"),
    "DEBUG": "no",
    "DUCTAPE_ENCRYPTION_KEYS": f"test:{secrets.token_urlsafe(32)}",
    "DUCTAPE_ENV_FILE": "",
    "DUCTAPE_FUNCTION_PROCESSES": "1",
    "DUCTAPE_HTTPS": "no",
    "SECRET_KEY": secrets.token_urlsafe(50),
}

from ductape_site.settings import *  # noqa: E402, F403  the environment comes first; all settings are wanted

# No collectstatic before tests: plain names, found where they are written.
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.InMemoryStorage"},
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
}
WHITENOISE_AUTOREFRESH = True
WHITENOISE_USE_FINDERS = True

# One round instead of a million: tests log in often, and guess no passwords.
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
