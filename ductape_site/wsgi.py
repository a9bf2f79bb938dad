"""The entry point for a WSGI server."""

from __future__ import annotations

import os

from django.conf import settings
from django.core.wsgi import get_wsgi_application

from ductape_site import databases

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "ductape_site.settings")

application = get_wsgi_application()
databases.log_choice(settings.DATABASES["default"])
