"""The entry point for a WSGI server."""

from __future__ import annotations

from django.conf import settings
from django.core.wsgi import get_wsgi_application

from ductape_site import databases, starting
from ductape_site.prefix import WithoutPrefix

starting.require_settings(status=starting.GUNICORN_HALTS)

application = WithoutPrefix(get_wsgi_application(), prefix=settings.DUCTAPE_PATH)
databases.log_choice(settings.DATABASES["default"])
