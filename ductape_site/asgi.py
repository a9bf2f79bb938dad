"""The entry point for an ASGI server."""

from __future__ import annotations

from django.conf import settings
from django.core.asgi import get_asgi_application

from ductape_site import databases, starting

starting.require_settings()

application = get_asgi_application()
databases.log_choice(settings.DATABASES["default"])
