"""The entry point for Celery: `celery -A ductape_site worker` (docs/howto/scale-out.md)."""

from __future__ import annotations

import django
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

from ductape_site import starting

starting.require_settings()
django.setup()

from ductape_site import databases  # noqa: E402  Django comes first
from integrations.workers import celery_worker  # noqa: E402

if settings.DUCTAPE_DISPATCH != "celery":
    raise ImproperlyConfigured(
        "Celery workers need DUCTAPE_DISPATCH=celery and CELERY_BROKER_URL, here and where runs are started."
        " Without a broker, start `manage.py run_worker`."
    )

app = celery_worker.app()
databases.log_choice(settings.DATABASES["default"])
