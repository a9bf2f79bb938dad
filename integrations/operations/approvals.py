"""Decides approvals, resumes their runs, and lists open ones."""

from __future__ import annotations

import uuid

from django.db import transaction

from integrations import conf, models
from integrations.actors import Actor, require, user_of
from integrations.errors import InvalidInput, NotFound, OperationRefused, PermissionRefused, Problem
from integrations.operations import _audit, _free_text, workers
from integrations.runtime.db import clock
from integrations.runtime.execution import in_process
from integrations.runtime.lifecycle import run_tree

Decision = models.Approval.Decision
#: What people may decide, with the audit's verb.
_VERBS = {Decision.APPROVED: "approve", Decision.REJECTED: "reject"}


def decide(*, approval: models.Approval, decision: str, by: Actor, reason: str = "") -> models.Approval:
    """Approve or reject (`decision` is `approved` or `rejected`), finally; the run resumes from there.

    Raises:
        InvalidInput: that is no decision.
        NotFound: `by` may not see it.
        PermissionRefused: `by` may not decide approvals, is not among the approvers, or has started the run.
        OperationRefused: it is decided already, has expired, or its run has ended.
    """
    if decision not in _VERBS:
        raise InvalidInput([Problem("decision", 'should be "approved" or "rejected"')])
    chosen = Decision(decision)
    require(by, "decide_approval", to="decide approvals")
    _require_approver(approval, by)
    reason = _free_text.without_secrets(reason, approval.run.integration)
    with transaction.atomic():
        # In the same order as a worker, which locks the run before it writes that the approval has expired.
        run_tree.lock([approval.run_id])
        now = clock.now()
        is_open = models.Approval.objects.filter(pk=approval.pk).undecided(now).exists()
        if not is_open or not approval.decide(chosen, by=user_of(by), reason=reason, now=now):
            raise OperationRefused(_why_not(approval))
        run = approval.run
        about = f"{approval.step}: {reason}" if reason else approval.step
        _audit.write(_VERBS[chosen], kind="approval", tag=str(run.pk), by=by, integration=run.integration, reason=about)
        run_tree.wake(run.pk, now=now)
    approval.refresh_from_db()
    return approval


def resume(approval: models.Approval) -> models.Run:
    """Return the run of a decided approval, executed here when no worker is alive; not within a transaction."""
    run = approval.run
    run.refresh_from_db()
    if run.status != models.Run.Status.QUEUED or workers.is_worker_there():
        return run
    return in_process.execute(run, on_step=None, patience_seconds=conf.PAGE_PATIENCE_SECONDS)


def open_for(*, by: Actor) -> models.ApprovalQuerySet:
    """Return the approvals that `by` may decide now, the oldest first."""
    rows = models.Approval.objects.open_for(by, clock.now())
    return rows.select_related("run__integration", "run__environment", "run__feature").order_by("created_at")


def fetch_open(*, integration: models.Integration, run_id: str, event: str, by: Actor) -> models.Approval:
    """Return the undecided approval of a run's event; `event` is its tag, or its whole step within a loop.

    Raises:
        NotFound: there is none, or `by` may not see it.
        OperationRefused: the event waits for several.
    """
    require(by, "view_approval", to="see approvals")
    undecided = models.Approval.objects.visible_to(by).for_integration(integration).filter(decision="")
    rows = list(undecided.filter(run=_run_key(run_id)))
    found = [row for row in rows if event in (row.event, row.step)]
    if not found:
        raise NotFound("open approval", event, [row.step for row in rows])
    if len(found) > 1:
        steps = ", ".join(row.step for row in found)
        raise OperationRefused(f'"{event}" waits for several approvals; name one of them: {steps}')
    return found[0]


def _run_key(run_id: str) -> uuid.UUID:
    try:
        return uuid.UUID(run_id)
    except ValueError:
        raise NotFound("run", run_id) from None


def _require_approver(approval: models.Approval, by: Actor) -> None:
    rows = models.Approval.objects.visible_to(by).filter(pk=approval.pk)
    if not rows.exists():
        raise NotFound("approval", str(approval.pk))
    if rows.decidable_by(by).exists():
        return
    if approval.run.created_by_id is not None and approval.run.created_by_id == by.pk and not approval.self_approval:
        raise PermissionRefused("you started this run, so another approver must decide")
    raise PermissionRefused("you are not among the people who may decide this")


def _why_not(approval: models.Approval) -> str:
    approval.refresh_from_db()
    if approval.decision:
        who = f" by {approval.decided_by_name}" if approval.decided_by_name else ""
        return f"this was {approval.decision}{who} already"
    if approval.run.is_final:
        return f"the run has ended ({approval.run.status}), so there is nothing to decide any more"
    return "the time to decide this has run out"
