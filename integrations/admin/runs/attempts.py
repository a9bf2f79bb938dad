"""What the page of a run says about other attempts at the same thing, and how to make one."""

from __future__ import annotations

from typing import Any

from django.urls import reverse

from integrations import models
from integrations.operations import replays
from integrations.types import JsonObject

Status = models.Run.Status
_MAY_BE_RETRIED = (Status.FAILED, Status.CANCELLED, Status.QUARANTINED)


def lineage_of(run: models.Run) -> list[dict[str, Any]]:
    """Return the attempts as rows of a tree, none when there is only one."""
    attempts = replays.lineage(run)
    if len(attempts) < 2:
        return []
    return [
        {"run": each.run, "depth": each.depth, "branch": _branch(each.depth), "is_this": each.run.pk == run.pk}
        for each in attempts
    ]


def actions_of(run: models.Run) -> list[JsonObject]:
    """Return what the head of the page offers to whoever may replay runs."""
    url = reverse("admin:integrations_run_replay", args=[run.pk])
    actions: list[JsonObject] = [{"label": "Replay…", "url": url, "icon": "history"}]
    if run.status in _MAY_BE_RETRIED:
        retry: JsonObject = {"label": "Retry…", "url": f"{url}?start={replays.FAILURE}", "icon": "redo"}
        actions.insert(0, retry)
    return actions


def compare_action(run: models.Run) -> JsonObject:
    """Return what leads to the page that compares the run with others."""
    url = reverse("admin:integrations_run_compare", args=[run.pk])
    return {"label": "Compare with…", "url": url, "icon": "compare_arrows"}


def _branch(depth: int) -> str:
    return f"{'   ' * (depth - 1)}└─" if depth else ""
