"""Freezing an environment and unfreezing it: what pages show of it, and the view behind their buttons."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

from django.contrib import messages
from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.http import urlencode

from integrations import models
from integrations.admin.base.console import actor
from integrations.errors import IntegrationsError, PermissionRefused
from integrations.operations import environments, freezes

#: The page to show afterwards, where it is not the calendar.
_PAGE = "environment"


def context(environment: models.Environment | None, user: User, *, page: str = "") -> dict[str, Any]:
    """Return what `job/freeze.html` shows of an environment."""
    if environment is None or not user.has_perm("integrations.view_freeze"):
        return {}
    return {
        "shows_freeze": True,
        "frozen_environment": environment,
        "freeze": freezes.in_force(environment=environment, by=user),
        "draining": freezes.draining(environment=environment, by=user),
        "on_hold": _on_hold(environment, user),
        "may_freeze": user.has_perm("integrations.freeze_environment"),
        "freeze_page": page,
    }


def _on_hold(environment: models.Environment, user: User) -> int:
    """Return how many runs an inactive environment holds; 0 for an active one, and for those who see no runs."""
    if environment.active or not user.has_perm("integrations.view_run"):
        return 0
    return environments.runs_on_hold(environment=environment, by=user)


def in_force(user: User) -> list[models.Freeze]:
    """Return the freezes that one may see, the latest first."""
    if not user.has_perm("integrations.view_freeze"):
        return []
    rows = models.Freeze.objects.visible_to(user).in_force().select_related("environment__integration")
    return list(rows.order_by("-started_at"))


def freeze_view(request: HttpRequest, environment_id: int, wish: str) -> HttpResponse:
    """Freeze an environment or unfreeze it."""
    environments = models.Environment.objects.visible_to(actor(request)).select_related("integration")
    environment = environments.filter(pk=environment_id).first()
    if environment is None or wish not in _WISHES:
        raise Http404
    try:
        _WISHES[wish](environment, request)
    except PermissionRefused as error:
        raise PermissionDenied from error
    except IntegrationsError as error:
        messages.error(request, error.message)
    return HttpResponseRedirect(_next_page(request, environment))


def _next_page(request: HttpRequest, environment: models.Environment) -> str:
    if request.POST.get("page") == _PAGE:
        return reverse("admin:integrations_environment_change", args=[environment.pk])
    query = urlencode({"integration": environment.integration_id, "environment": environment.pk})
    return f"{reverse('admin:integrations_job_calendar')}?{query}"


def _freeze(environment: models.Environment, request: HttpRequest) -> None:
    freezes.freeze(environment=environment, by=actor(request), reason=request.POST.get("reason", "")[:1_000])


def _unfreeze(environment: models.Environment, request: HttpRequest) -> None:
    freezes.unfreeze(environment=environment, by=actor(request))


_WISHES: dict[str, Callable[[models.Environment, HttpRequest], None]] = {"freeze": _freeze, "unfreeze": _unfreeze}


class FreezeOnPage:
    """Shows on an environment's page whether it is frozen, with the button."""

    change_form_outer_before_template = "admin/integrations/environment/freeze.html"

    class Media:
        css: ClassVar = {"all": ["integrations/css/job.css"]}

    def render_change_form(self, request: HttpRequest, page: Any, *args: Any, **kwargs: Any) -> Any:
        page |= context(kwargs.get("obj"), actor(request), page=_PAGE)
        return super().render_change_form(request, page, *args, **kwargs)  # type: ignore[misc]  # a mixin's
