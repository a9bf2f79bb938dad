"""How the admin looks and what its sidebar offers: the `UNFOLD` setting.

The colors are not here but in `static/integrations/css/theme.css`: unfold would write them into an inline <style>,
which the Content-Security-Policy refuses.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.http import HttpRequest
from django.templatetags.static import static
from django.urls import reverse_lazy


def _asset(path: str) -> Callable[[HttpRequest], str]:
    """Return a callback for the URL of a static file, which is known only once the manifest is read."""
    return lambda request: static(path)


def _may_view(app_label: str, model_name: str) -> Callable[[HttpRequest], bool]:
    return lambda request: (
        request.user.has_perm(f"{app_label}.view_{model_name}")
        or request.user.has_perm(f"{app_label}.change_{model_name}")
    )


def _link(title: str, icon: str, model_name: str, *, app_label: str = "integrations") -> dict[str, Any]:
    """Return a sidebar entry to a model's list; `icon` is a Material Symbols name."""
    return {
        "title": title,
        "icon": icon,
        "link": reverse_lazy(f"admin:{app_label}_{model_name}_changelist"),
        "permission": _may_view(app_label, model_name),
    }


SIDEBAR: list[dict[str, Any]] = [
    {
        "items": [{"title": "Overview", "icon": "dashboard", "link": reverse_lazy("admin:index")}],
    },
    {
        "title": "Build",
        "items": [
            _link("Integrations", "account_tree", "integration"),
            _link("Environments", "dns", "environment"),
            _link("Apps", "apps", "app"),
            _link("Connected apps", "cable", "connectedapp"),
            _link("Functions", "function", "function"),
            _link("Features", "schema", "feature"),
            _link("Caches", "cached", "cache"),
            _link("Notifications", "notifications", "notification"),
            _link("Databases", "database", "database"),
            _link("Jobs", "schedule", "job"),
        ],
    },
    {
        "title": "Operate",
        "items": [
            _link("Runs", "play_circle", "run"),
            {
                "title": "Schedule",
                "icon": "calendar_month",
                "link": reverse_lazy("admin:integrations_job_calendar"),
                "permission": _may_view("integrations", "slot"),
            },
            _link("Failure groups", "bug_report", "failuregroup"),
            _link("Bulk operations", "dynamic_feed", "bulkoperation"),
            _link("Approvals", "approval_delegation", "approval"),
            _link("Workers", "memory", "worker"),
            _link("Housekeeping", "cleaning_services", "retentionrule"),
        ],
    },
    {
        "title": "Access",
        "items": [
            _link("Users", "person", "user", app_label="auth"),
            _link("Groups", "group", "group", app_label="auth"),
            _link("Secrets", "key", "secret"),
            _link("Audit log", "receipt_long", "auditrecord"),
        ],
    },
]

UNFOLD: dict[str, Any] = {
    "SITE_TITLE": "Ductape console",
    "SITE_HEADER": "Ductape console",
    "SITE_URL": None,
    "SITE_ICON": {
        "light": _asset("integrations/img/icon-light.svg"),
        "dark": _asset("integrations/img/icon-dark.svg"),
    },
    "SITE_FAVICONS": [
        {"rel": "icon", "type": "image/svg+xml", "sizes": "any", "href": _asset("integrations/img/favicon.svg")},
    ],
    "SHOW_HISTORY": True,
    "SHOW_VIEW_ON_SITE": False,
    "SHOW_BACK_BUTTON": False,
    "DASHBOARD_CALLBACK": "integrations.admin.dashboard.dashboard_callback",
    "COMMAND": {
        "search_models": False,  # It took 2.3 s on a big table; our callback reads five rows a model.
        "show_history": False,
        "search_callback": "integrations.admin.search.search_records",
    },
    "SIDEBAR": {
        "show_search": True,
        "command_search": True,
        "show_all_applications": False,
        "navigation": SIDEBAR,
    },
}
