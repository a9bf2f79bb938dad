"""Asks people: an approval parks the run until somebody has decided, or nobody has in time."""

from __future__ import annotations

from integrations.definitions.approval import ApprovalRequest
from integrations.engine.calls import Call
from integrations.engine.execution import Execution
from integrations.engine.failures import EventError
from integrations.engine.ports import Approval, Approvals
from integrations.engine.signals import Awaiting
from integrations.engine.step import Step
from integrations.types import Json


class ApprovalCall(Call):
    """Its result is `{decision, by, reason, at}`; a rejection and an expiry are failures."""

    may_be_cached = False

    def __init__(self, execution: Execution, step: Step, *, attempt: int) -> None:
        super().__init__(execution, step)
        self._place = step.key.place(attempt)
        self._approval: Approval | None = None
        self._request: ApprovalRequest | None = None

    async def prepare(self) -> None:
        self._approval = await self._approvals.find(self._place)
        if self._approval is None:
            await self._prepare_request()
            return
        # The approval that is there keeps what it was asked with.
        checkpoint = self.execution.checkpoint(self.step.key)
        self.input = checkpoint.input if checkpoint else None

    async def _prepare_request(self) -> None:
        self.input = await self._resolved()
        # Whoever decides is shown no secret, nor is one stored.
        shown = self.execution.secrecy.json(self.input)
        given = {key: value for key, value in shown.items() if value is not None} if isinstance(shown, dict) else shown
        self._request = ApprovalRequest.parse(given, place="input")

    async def make(self) -> Json:
        approval = self._approval
        if self._request is not None:
            event = self.step.planned.event.event
            approval = await self._approvals.request(self._place, event=event, request=self._request)
        assert approval is not None  # noqa: S101 (for the type checker: `prepare` found it, or made the request)
        return self._result(approval)

    def _result(self, approval: Approval) -> Json:
        reason = f": {approval.reason}" if approval.reason else ""
        match approval.decision:
            case "":
                raise Awaiting(f'waits for the approval "{approval.title}"', due_at=approval.expires_at)
            case "rejected":
                raise EventError(f"rejected by {approval.by}{reason}", code="rejected")
            case "expired":
                until = f" until {approval.expires_at.isoformat(timespec='seconds')}" if approval.expires_at else ""
                raise EventError(f"nobody decided{until}", code="expired")
        self.reason = f"approved by {approval.by}{reason}"
        at = approval.decided_at.isoformat() if approval.decided_at else None
        return {"decision": approval.decision, "by": approval.by, "reason": approval.reason, "at": at}

    def identity(self) -> Json:
        return ["approval", self._place]

    @property
    def _approvals(self) -> Approvals:
        approvals = self.execution.context.approvals
        if approvals is None:
            raise EventError("nothing here stores runs, so nobody could decide", code="not_available")
        return approvals
