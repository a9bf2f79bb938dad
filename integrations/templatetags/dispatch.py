"""The banner that every page shows while dispatch is paused."""

from __future__ import annotations

from typing import Any

from django import template

from integrations.operations import dispatch

register = template.Library()


@register.inclusion_tag("_components/dispatch_banner.html", takes_context=True)
def dispatch_banner(context: dict[str, Any]) -> dict[str, Any]:
    """Say that dispatch is paused, to whoever is logged in; whoever may sees what waits from there, or resumes it."""
    user = getattr(context.get("request"), "user", None)
    if user is None or not user.is_authenticated or not dispatch.is_paused():
        return {}
    state = dispatch.state()
    return {
        "state": state if state.dispatch_paused else None,
        "may_look": user.is_staff and user.has_perm("integrations.view_retentionrule"),
        "may_resume": may_manage(user),
    }


def may_manage(user: Any) -> bool:
    return bool(user.is_staff and user.has_perm("integrations.manage_dispatch"))
