"""Builds releases from little, and runs them on fakes in a time that does not pass."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from integrations.connectors.base import Binding
from integrations.connectors.redaction import Redactor
from integrations.definitions.release import Release
from integrations.engine.context import Cancellation, Context, RunInfo
from integrations.engine.executor import execute
from integrations.engine.records import (
    Checkpoint,
    Outcome,
    RunError,
    StepKey,
    StepRecord,
    checkpoints_of,
)
from tests.fakes.approvals import FakeApprovals
from tests.fakes.clock import START, FakeClock, run
from tests.fakes.connectors import FakeActionConnector, FakeFunctionConnector
from tests.fakes.jobs import FakeJobs
from tests.fakes.nested_runs import FakeNestedRuns
from tests.fakes.recorders import RecordingRecorder
from tests.fakes.result_cache import FakeResultCache

RUN = RunInfo(
    id="run-1",
    integration="shop",
    feature="feature",
    environment_slug="dev",
    environment_name="Development",
    created_at=START,
)
BINDING = Binding(
    access_tag="orders",
    app_env_slug="sandbox",
    base_url="https://api.example.com",
    hosts=("api.example.com",),
    variables={"shop": "north"},
    digest="1",
)


def action(tag: str, **more: Any) -> dict[str, Any]:
    """Describe an event that calls an action of the app `orders`."""
    return {"type": "action", "app": "orders", "event": tag, **more}


def function(tag: str, **more: Any) -> dict[str, Any]:
    return {"type": "function", "event": tag, **more}


def sequence(tag: str, *events: dict[str, Any], parents: list[str] | None = None) -> dict[str, Any]:
    return {"sequence_tag": tag, "events": list(events), "parents": parents or []}


def release(
    *sequences: dict[str, Any],
    output: Any = None,
    actions: Mapping[str, dict[str, Any]] | None = None,
    functions: Mapping[str, dict[str, Any]] | None = None,
    features: Mapping[str, dict[str, Any]] | None = None,
    retries: dict[str, Any] | None = None,
    **feature: Any,
) -> Release:
    """Return a release of these sequences, with every action, function and nested feature that they name.

    Actions are idempotent PUTs that take any input, and functions and features take any input, unless their definitions
    say more.
    """
    named = list(_events(sequences))
    action_tags = [event["event"] for event in named if event["type"] == "action"]
    function_tags = [event["event"] for event in named if event["type"] == "function"]
    feature_tags = [event["event"] for event in named if event["type"] == "feature"]
    return Release.parse(
        {
            "integration": "shop",
            "version": 1,
            "feature": {"tag": "feature", "sequence": list(sequences), "output": output, **feature},
            "apps": {"orders": _app({tag: {} for tag in action_tags} | dict(actions or {}), retries or {})},
            "functions": {
                tag: _function(tag, more)
                for tag, more in ({tag: {} for tag in function_tags} | dict(functions or {})).items()
            },
            "features": {
                tag: _feature(tag, more)
                for tag, more in ({tag: {} for tag in feature_tags} | dict(features or {})).items()
            },
        }
    )


def _events(sequences: tuple[dict[str, Any], ...]) -> Iterator[dict[str, Any]]:
    waiting = [event for each in sequences for event in each["events"]]
    while waiting:
        event = waiting.pop()
        yield event
        waiting += [event[role] for role in ("fallback", "rollback") if role in event]


def _app(actions: dict[str, dict[str, Any]], retries: dict[str, Any]) -> dict[str, Any]:
    return {
        "app_name": "Orders",
        "tag": "orders",
        "actions": [{"tag": tag, "method": "PUT", "resource": "/", **more} for tag, more in actions.items()],
        "auths": [{"tag": "login", "setup_type": "token_access"}],
        "constants": [{"key": "currency", "value": "EUR"}],
        "retries": retries,
    }


def _function(tag: str, more: dict[str, Any]) -> dict[str, Any]:
    definition = {"tag": tag, "language": "js", "function": "x", **more}
    return {"definition": definition, "javascript": tag, "version": 1}


def _feature(tag: str, more: dict[str, Any]) -> dict[str, Any]:
    definition = {"tag": tag, "language": "js", "function": "x", **more}
    return {"definition": definition, "javascript": tag, "version": 1}


@dataclass(kw_only=True)
class Harness:
    """One run and everything around it; answers are by tag."""

    actions: FakeActionConnector = field(default_factory=FakeActionConnector)
    functions: FakeFunctionConnector = field(default_factory=FakeFunctionConnector)
    recorder: RecordingRecorder = field(default_factory=RecordingRecorder)
    clock: FakeClock = field(default_factory=FakeClock)
    cancellation: Cancellation = field(default_factory=Cancellation)
    secrets: dict[str, Any] = field(default_factory=dict)
    bindings: dict[str, Binding] = field(default_factory=lambda: {"orders": BINDING})
    random: Callable[[], float] = lambda: 1.0
    #: How many runs stand above this one.
    depth: int = 0

    def __post_init__(self) -> None:
        self.nested_runs = FakeNestedRuns(self.clock)
        self.approvals = FakeApprovals(self.clock)
        self.jobs = FakeJobs()
        self.result_cache = FakeResultCache(clock=self.clock)

    def answer(self, tag: str, *answers: Any) -> None:
        """Let an action answer so, one after the other; the last answer stays."""
        self.actions.script(tag, *answers)
        self.actions.answers[tag] = answers[-1]

    def answer_function(self, tag: str, answer: Any) -> None:
        self.functions.answers[tag] = answer if callable(answer) else lambda _: answer

    def context(
        self,
        released: Release,
        value: Any = None,
        *,
        checkpoints: Mapping[StepKey, Checkpoint] | None = None,
        failure: RunError | None = None,
    ) -> Context:
        return Context(
            run=dataclasses.replace(RUN, depth=self.depth),
            release=released,
            input=value or {},
            bindings=self.bindings,
            secrets=self.secrets,
            actions=self.actions,
            functions=self.functions,
            recorder=self.recorder,
            redactor=Redactor(str(secret) for secret in self.secrets.values()),
            nested_runs=self.nested_runs,
            result_cache=self.result_cache,
            approvals=self.approvals,
            jobs=self.jobs,
            clock=self.clock,
            checkpoints=checkpoints or {},
            failure=failure,
            cancellation=self.cancellation,
            random=self.random,
        )

    def run(self, released: Release, value: Any = None, **earlier: Any) -> Outcome:
        return run(execute(self.context(released, value, **earlier)), clock=self.clock)

    def resume(self, released: Release, value: Any = None) -> Outcome:
        """Execute the run again, from what has been recorded of it."""
        return self.run(released, value, checkpoints=self.checkpoints(), failure=self.recorder.failure)

    def checkpoints(self) -> dict[StepKey, Checkpoint]:
        return checkpoints_of(self.recorder.records)

    def records(self, event: str, *, role: str = "event") -> list[StepRecord]:
        """Return what was recorded of an event, without `running`."""
        return [
            record
            for record in self.recorder.records
            if record.key.event == event and record.key.role == role and record.status != "running"
        ]

    def statuses(self, event: str, *, role: str = "event") -> list[str]:
        return [record.status for record in self.records(event, role=role)]

    def called(self) -> list[str]:
        """Return the actions that were called, in order."""
        return [call.action.tag for call in self.actions.calls]
