"""Resolves what a condition is about, and decides it."""

from __future__ import annotations

from integrations.engine import conditions
from integrations.engine.execution import Execution
from integrations.engine.lookups import look_up_whole
from integrations.engine.plan import PlannedCondition
from integrations.engine.resolver import MISSING, MaybeJson, MissingValue
from integrations.engine.step import Step


async def decided(execution: Execution, step: Step, planned: PlannedCondition) -> conditions.Decided:
    """Return how a condition came out. A subject that is missing is a subject; `exists` asks for just that.

    Raises:
        BadCondition, ResolveError, SandboxError, InvalidInput, EventError: see `FAILURES`.
    """
    values = execution.values(step)
    subject: MaybeJson = step.response
    hides_values = planned.value.is_secret
    if planned.subject is not None:
        hides_values = hides_values or planned.subject.is_secret
        try:
            subject = await look_up_whole(execution, planned.subject, values, logs=[])
        except MissingValue:
            if planned.condition.decision_type != "exists":
                raise
            subject = MISSING
    return conditions.decide(
        planned.condition,
        subject=subject,
        value=await look_up_whole(execution, planned.value, values, logs=[]),
        written=planned.written,
        hides_values=hides_values,
    )
