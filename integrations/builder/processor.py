"""Runs features from application code."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from integrations import models, strict_json
from integrations.actors import Actor
from integrations.engine.records import StepRecord
from integrations.operations import runs
from integrations.types import Json


@dataclass(frozen=True, slots=True, kw_only=True)
class ProcessStep:
    """One attempt of one step, as it is stored: redacted."""

    sequence: str
    event: str
    type: str
    role: str
    iteration: int | None
    attempt: int
    status: str
    reason: str
    input: Json
    output: Json
    error: str
    duration_ms: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ProcessResult:
    """How a run ended. `error` is a sentence, or "" when it succeeded."""

    process_id: str
    status: str
    output: Json
    error: str
    steps: tuple[ProcessStep, ...]


class Processor:
    """Runs features on behalf of one user."""

    def __init__(self, *, user: Actor) -> None:
        self._user = user

    def process_feature(
        self,
        *,
        integration: str,
        env: str,
        feature_tag: str,
        input: Json = None,
        on_step: Callable[[StepRecord], None] | None = None,
    ) -> ProcessResult:
        """Run a feature's published version in one environment, and return how it ended.

        A run that fails is a result, not an error: look at `status` and `error`. `on_step` is told of each step as it
        is stored.

        Raises:
            NotFound: the integration, environment or feature; names those that exist.
            InvalidInput: the input is not what the feature takes.
            OperationRefused: it may not be run now.
        """
        run = runs.run_feature(
            integration=integration,
            environment=env,
            feature=feature_tag,
            input=strict_json.check({} if input is None else input, place="input"),
            by=self._user,
            trigger=models.Run.Trigger.BUILDER,
            on_step=on_step,
        )
        return result_of(run)


def result_of(run: models.Run) -> ProcessResult:
    return ProcessResult(
        process_id=str(run.pk),
        status=run.status,
        output=run.output,
        error=run.error_message,
        steps=tuple(_step(step) for step in run.steps.order_by("position")),
    )


def _step(step: models.Step) -> ProcessStep:
    return ProcessStep(
        sequence=step.sequence,
        event=step.event,
        type=step.type,
        role=step.role,
        iteration=None if step.iteration == models.NO_ITERATION else step.iteration,
        attempt=step.attempt,
        status=step.status,
        reason=step.reason,
        input=step.input,
        output=step.output,
        error=step.error_message,
        duration_ms=step.duration.total_seconds() * 1000 if step.duration else None,
    )
