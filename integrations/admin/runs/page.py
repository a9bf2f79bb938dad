"""What the page of a run shows: read once for the page, and again for each look at its progress."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.contrib.auth.models import User
from django.urls import reverse
from django.utils import timezone

from integrations import models
from integrations.admin.runs import attempts, nested_runs
from integrations.admin.runs import steps as run_steps
from integrations.admin.runs.names import name_of
from integrations.admin.runs.payloads import cut_text, payload
from integrations.operations import approvals, workers
from integrations.types import JsonObject

#: Log lines and steps on a page, and on one that was asked for all.
SHOWN_LINES = 500
MOST_ROWS = 5_000
_WITH = ("feature", "job", "integration", "environment", "feature_version", "release", "created_by")

Status = models.Run.Status


@dataclass(frozen=True, slots=True, kw_only=True)
class Reader:
    """Who looks, and how much of a long run they asked for."""

    user: User
    wants_all: bool

    def may(self, codename: str) -> bool:
        return self.user.has_perm(f"integrations.{codename}")


def rows() -> Any:
    """Return the runs with all that their page shows, long values only in their beginnings."""
    runs = models.Run.objects.select_related(*_WITH).defer("input", "output")
    return runs.annotate(input_text=cut_text("input"), output_text=cut_text("output"))


def live_context(run: Any, reader: Reader) -> dict[str, Any]:
    """Return what changes while the run goes on; `run` is one of `rows()`."""
    steps = run_steps.rows_of(run, limit=MOST_ROWS if reader.wants_all else run_steps.SHOWN_STEPS)
    logs = _log_lines(run, limit=MOST_ROWS if reader.wants_all else SHOWN_LINES)
    feature = run.release.to_definition().feature
    now = timezone.now()
    return {
        "run": run,
        "now": now,
        "facts": _facts(run, reader),
        "output": payload(run.output_text, url=_payload_url(run, "output")),
        "input": payload(run.input_text, url=_payload_url(run, "input")),
        "sequences": run_steps.shown(run, steps, logs, feature=feature, now=now),
        "logs": logs,
        "crashes": [{**crash, "at": dt.datetime.fromisoformat(crash["at"])} for crash in run.evidence],
        "branches": nested_runs.below(run),
        "approvals": _approvals(run, reader),
        "error_step": _error_step(run, steps),
        "announcement": _announcement(run, steps),
        "why_not_yet": workers.why_not_yet(run),
        "resume_label": _resume_label(run, now) if reader.may("start_run") and not _waits_for_people(run) else "",
        "can_cancel": reader.may("cancel_run") and not run.is_final and run.cancel_requested_at is None,
        "is_cut": not reader.wants_all and (len(steps) == run_steps.SHOWN_STEPS or len(logs) == SHOWN_LINES),
        "scale": run_steps.SCALE,
    }


def page_context(run: Any, reader: Reader) -> dict[str, Any]:
    """Return what stands beside that: the title, and what can be done next."""
    return {
        **live_context(run, reader),
        "title": f"{name_of(run)} in {run.environment.slug}",
        "actions": _actions(run, reader),
        "lineage": attempts.lineage_of(run),
        "progress_url": reverse("admin:integrations_run_progress", args=[run.pk]),
    }


def can_resume(run: models.Run, now: dt.datetime) -> bool:
    """Return whether someone may have it go on now: nobody executes it, or whoever did is gone."""
    if run.status == Status.RUNNING:
        return run.lease_until is not None and run.lease_until < now
    return not run.is_final


def _actions(run: models.Run, reader: Reader) -> list[JsonObject]:
    replay = attempts.actions_of(run) if run.is_final and reader.may("replay_run") else []
    return [*replay, attempts.compare_action(run), *_start_actions(run, reader)]


def _start_actions(run: models.Run, reader: Reader) -> list[JsonObject]:
    if run.feature is None or not reader.may("start_run"):
        return []
    url = reverse("admin:integrations_feature_run", args=[run.feature.pk])
    again: JsonObject = {"label": "Run again with this input", "url": f"{url}?from={run.pk}", "icon": "replay"}
    return [again]


def _facts(run: models.Run, reader: Reader) -> list[dict[str, Any]]:
    parent = [{"label": "Part of run", "value": f"…{str(run.parent_id)[-8:]}", "url": _run_url(run.parent_id)}]
    return [
        *([] if run.release.is_of_no_feature else _feature_facts(run)),
        {"label": "Integration", "value": run.integration.name, "url": _change_url(run.integration)},
        {"label": "Environment", "value": str(run.environment), "url": _change_url(run.environment)},
        {"label": "Started by", "value": f"{run.created_by or 'system'}, {run.get_trigger_display()}"},
        {"label": "Release", "value": run.release.digest[:12], "is_code": True},
        *(_job_facts(run) if run.job else []),
        *(parent if run.parent_id else []),
        *([_failure_group(run)] if run.failure_group_id else []),
        *([_holder(run, reader)] if run.worker else []),
    ]


def _feature_facts(run: models.Run) -> list[dict[str, Any]]:
    version = run.feature_version
    return [
        {"label": "Feature", "value": str(run.feature or "deleted"), "url": _change_url(run.feature)},
        {"label": "Version", "value": version.number if version else "deleted", "url": _change_url(version)},
    ]


def _holder(run: models.Run, reader: Reader) -> dict[str, Any]:
    """Return who executes the run; its name is host, process, and what tells it from later ones."""
    board = reverse("admin:integrations_worker_changelist")
    return {"label": "Held by", "value": run.worker, "url": board if reader.may("view_worker") else ""}


def _approvals(run: models.Run, reader: Reader) -> list[dict[str, Any]]:
    """Return what the run waits for that people decide, and whether the reader is one of them."""
    if run.is_final or not reader.may("view_approval"):
        return []
    decidable = set(approvals.open_for(by=reader.user).filter(run=run).values_list("pk", flat=True))
    undecided = run.approvals.filter(decision="").order_by("pk")
    return [{"approval": approval, "may_decide": approval.pk in decidable} for approval in undecided]


def _failure_group(run: models.Run) -> dict[str, Any]:
    url = reverse("admin:integrations_failuregroup_change", args=[run.failure_group_id])
    return {"label": "Failures like this", "value": "Failure group", "url": url}


def _job_facts(run: models.Run) -> list[dict[str, Any]]:
    time = f"{timezone.localtime(run.nominal_at):%Y-%m-%d %H:%M:%S}" if run.nominal_at else "by hand"
    attempt = f", try {run.job_attempt}" if run.job_attempt > 1 else ""
    return [
        {"label": "Job", "value": str(run.job), "url": _change_url(run.job)},
        {"label": "Job's time", "value": f"{time}{attempt}"},
    ]


def _change_url(row: Any) -> str:
    return reverse(f"admin:integrations_{row._meta.model_name}_change", args=[row.pk]) if row else ""


def _run_url(run_id: Any) -> str:
    return reverse("admin:integrations_run_change", args=[run_id]) if run_id else ""


def _payload_url(run: models.Run, part: str) -> str:
    return reverse("admin:integrations_run_payload", args=[run.pk, part])


def _log_lines(run: models.Run, *, limit: int) -> list[models.RunLog]:
    return list(run.logs.select_related("step").defer("step__input", "step__output").order_by("id")[:limit])


def _error_step(run: models.Run, steps: Sequence[models.Step]) -> models.Step | None:
    """Return the step that ended the run, the last one of that place."""
    failed = (step for step in reversed(steps) if step.status == models.Step.Status.FAILED)
    return next((step for step in failed if run.error_place == str(step)), None)


def _announcement(run: models.Run, steps: Sequence[models.Step]) -> str:
    """Return how the run stands, as a sentence for those who do not see the page move."""
    if run.is_final:
        return f"The run has {run.status}" if run.status in _VERBS else f"The run is {run.status}"
    finished = sum(1 for step in steps if step.finished_at)
    return f"The run is {run.status}, {finished} of {len(steps)} begun steps finished"


_VERBS = (Status.SUCCEEDED, Status.FAILED)


def _waits_for_people(run: models.Run) -> bool:
    """Return whether nothing but a decision lets it go on."""
    return bool(run.status == Status.WAITING and run.approvals.filter(decision="").exists())


def _resume_label(run: models.Run, now: dt.datetime) -> str:
    if not can_resume(run, now):
        return ""
    return "Execute now" if run.status in (Status.QUEUED, Status.SCHEDULED) else "Resume now"
