"""Answers the address where browsers look for an icon when a page names none, such as that of a JSON value."""

from __future__ import annotations

from typing import Any

from django.templatetags.static import static
from django.views.generic import RedirectView


class FaviconView(RedirectView):
    """Leads to the icon's current file: its name changes with its content, so this redirect is not permanent."""

    def get_redirect_url(self, *args: Any, **kwargs: Any) -> str:
        return static("integrations/img/favicon.svg")
