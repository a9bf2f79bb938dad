"""Finds the call that an event's attempt makes."""

from __future__ import annotations

from integrations.engine.approvals import ApprovalCall
from integrations.engine.calls import AppCall, Call, FunctionCall
from integrations.engine.execution import Execution
from integrations.engine.failures import EventError
from integrations.engine.jobs import JobCall
from integrations.engine.nested import NestedCall
from integrations.engine.plan import ActionTarget, ApprovalTarget, FunctionTarget, JobEventTarget, NestedTarget
from integrations.engine.step import Step


def new_call(execution: Execution, step: Step, *, attempt: int) -> Call:
    """Return the call of an attempt.

    Raises:
        EventError: nothing runs this type of event yet.
    """
    target = step.planned.target
    if isinstance(target, ActionTarget):
        return AppCall(execution, step, target, attempt=attempt)
    if isinstance(target, FunctionTarget):
        return FunctionCall(execution, step, target)
    if isinstance(target, NestedTarget):
        return NestedCall(execution, step, target, attempt=attempt)
    if isinstance(target, JobEventTarget):
        return JobCall(execution, step, target, attempt=attempt)
    if isinstance(target, ApprovalTarget):
        return ApprovalCall(execution, step, attempt=attempt)
    event = step.planned.event
    raise EventError(f'{event.type} "{event.event}" cannot run in this release yet', code="not_available")
