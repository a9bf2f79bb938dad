"""Starts a process, or ends it with one sentence where a setting or the database keeps it from working."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.db import OperationalError

#: gunicorn stops as a whole when a worker ends with this, instead of starting another one for ever.
GUNICORN_HALTS = 4


def require_settings(*, status: int = 1) -> None:
    """Load the settings, or end the process with the sentence that says which variable to change."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "ductape_site.settings")
    with or_end(status=status):
        _ = settings.DATABASES


@contextmanager
def or_end(*, status: int = 1) -> Iterator[None]:
    """End the process with one sentence when a setting is wrong or the database cannot be reached.

    What the database refuses once it is connected is a fault to look into, so that keeps its traceback.
    """
    try:
        yield
    except ImproperlyConfigured as error:
        _end(str(error), status)
    except OperationalError as error:
        if getattr(error.__cause__, "sqlstate", "other") is not None:
            raise
        reason = " ".join(str(error).split())
        _end(f"The database cannot be reached: {reason}", status)


def _end(message: str, status: int) -> None:
    print(message, file=sys.stderr)  # noqa: T201  no log is set up before the settings are right
    sys.exit(status)
