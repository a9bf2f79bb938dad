"""The page that compares a run with another one of the same feature."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.views.decorators.http import require_GET

from integrations import models, strict_json
from integrations.admin.base.console import actor
from integrations.admin.runs.names import name_of
from integrations.definitions.values.differences import Difference
from integrations.errors import NotFound, OperationRefused, PermissionRefused
from integrations.operations import comparisons, runs

#: Characters of a value, and differences of a kind, that the page shows.
_SHOWN_CHARACTERS = 300
_SHOWN_DIFFERENCES = 100
_SHOWN_STEPS = 500


class ComparePages:
    """Adds the page to the admin of runs, in front of its own."""

    def get_urls(self) -> list[Any]:
        view = self.admin_site.admin_view(require_GET(self.compare_view))  # type: ignore[attr-defined]  # a mixin's
        return [path("<uuid:run_id>/compare/", view, name="integrations_run_compare"), *super().get_urls()]  # type: ignore[misc]  # a mixin's

    def compare_view(self, request: HttpRequest, run_id: uuid.UUID) -> HttpResponse:
        """Show how a run compares with the one that the address names, and offer others."""
        run = self._run(request, run_id)  # type: ignore[attr-defined]  # a mixin's
        comparison = _compared(request, run)
        context = {
            **self.admin_site.each_context(request),  # type: ignore[attr-defined]  # a mixin's
            "opts": models.Run._meta,
            "title": f"Compare runs of {name_of(run)}",
            "run": run,
            "run_url": _url(run),
            "chosen": request.GET.get("with", ""),
            "candidates": [_candidate(each) for each in comparisons.candidates(run, by=actor(request))],
            "comparison": comparison,
            **(_shown(comparison) if comparison else {}),
        }
        return TemplateResponse(request, "admin/integrations/run_compare/page.html", context)


def _compared(request: HttpRequest, run: models.Run) -> comparisons.Comparison | None:
    """Return the comparison that was asked for; with a message where there is none."""
    other_id = request.GET.get("with", "").strip()
    if not other_id:
        return None
    try:
        other = runs.fetch(run_id=other_id, by=actor(request))
        return comparisons.compare(run, other, by=actor(request))
    except PermissionRefused as error:
        raise PermissionDenied from error
    except NotFound:
        messages.error(request, "There is no such run, or you may not see it.")
    except OperationRefused as error:
        messages.error(request, f"Nothing to compare: {error.message}.")
    return None


def _shown(comparison: comparisons.Comparison) -> dict[str, Any]:
    first = comparison.first
    return {
        "sides": [_side("This run", comparison.left), _side("The other", comparison.right)],
        "first": first,
        "first_input": _differences(first.input) if first else None,
        "first_output": _differences(first.output) if first else None,
        "input": _differences(comparison.input),
        "output": _differences(comparison.output),
        "definition": _differences(comparison.definition),
        "is_same_release": comparison.left.release_id == comparison.right.release_id,
        "bindings": comparison.bindings,
        "steps": comparison.steps[:_SHOWN_STEPS],
        "is_cut": len(comparison.steps) > _SHOWN_STEPS,
    }


def _side(label: str, run: models.Run) -> dict[str, Any]:
    return {
        "label": label,
        "run": run,
        "url": _url(run),
        "when": _when(run),
        "error": run.error_message or run.error_code,
        "version": run.feature_version.number if run.feature_version else "–",
    }


def _differences(found: Iterable[Difference]) -> dict[str, Any]:
    """Return the differences as rows of a table."""
    found = list(found)
    rows = [
        {
            "place": each.place or "all of it",
            "left": "" if each.kind == "added" else _written(each.left),
            "right": "" if each.kind == "removed" else _written(each.right),
            "kind": each.kind,
        }
        for each in found[:_SHOWN_DIFFERENCES]
    ]
    return {"rows": rows, "is_cut": len(found) > len(rows)}


def _written(value: Any) -> str:
    text = strict_json.dumps(value)
    return text if len(text) <= _SHOWN_CHARACTERS else f"{text[:_SHOWN_CHARACTERS]}…"


def _candidate(run: models.Run) -> dict[str, str]:
    version = f", version {run.feature_version.number}" if run.feature_version else ""
    return {"id": str(run.pk), "label": f"{_when(run)}, {run.status} in {run.environment.slug}{version}"}


def _when(run: models.Run) -> str:
    return date_format(timezone.localtime(run.started_at or run.created_at), "j M Y, H:i:s")


def _url(run: models.Run) -> str:
    return reverse("admin:integrations_run_change", args=[run.pk])
