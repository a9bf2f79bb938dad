"""The project's routes: the admin at /admin/, pages and API of `integrations` beside it. Probes: `health.py`."""

from __future__ import annotations

from django.contrib import admin
from django.urls import include, path
from django.views.generic import RedirectView

from ductape_site.favicon import FaviconView

urlpatterns = [
    path("", RedirectView.as_view(pattern_name="admin:index"), name="home"),
    path("favicon.ico", FaviconView.as_view(), name="favicon"),
    path("admin/", admin.site.urls),
    path("", include("integrations.urls")),
]
