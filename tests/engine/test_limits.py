from __future__ import annotations

import dataclasses
import datetime as dt
from typing import Any

import pytest

from integrations.connectors.base import Binding
from integrations.connectors.http.errors import HttpStatusError
from integrations.definitions.rate_limit import RateLimit
from integrations.engine.circuits import CircuitOpen
from integrations.engine.context import Context
from integrations.engine.executor import execute
from integrations.engine.records import Outcome, checkpoints_of
from integrations.engine.signals import Awaiting
from tests.engine.harness import Harness, action, release, sequence
from tests.fakes.clock import START, run
from tests.fakes.connectors import after

ONE_CALL = release(sequence("main", action("create")), output="$Sequence{main}{create}")


class FakeLimits:
    """Refuses and delays as it is told, and notes what it was asked."""

    def __init__(self) -> None:
        self.known_open = False
        self.open = False
        self.is_probe = False
        #: Another call probes.
        self.probes = False
        self.delays: list[float] = []
        self.asked: list[Any] = []

    async def refuse_if_open(self, binding: Binding) -> None:
        if self.probes:
            raise Awaiting("waits for the one call that tries", due_at=START + dt.timedelta(seconds=5))
        if self.known_open:
            raise CircuitOpen("the circuit is open", seconds=30.0)

    async def admit(self, binding: Binding) -> bool:
        self.asked.append("admit")
        if self.open:
            raise CircuitOpen("the circuit is open", seconds=30.0)
        return self.is_probe

    async def report(self, binding: Binding, *, failed: bool, is_probe: bool) -> None:
        self.asked.append(("report", failed, is_probe))

    def report_late(self, binding: Binding, *, is_probe: bool) -> None:
        self.asked.append(("late", is_probe))

    def abandon_probe(self, binding: Binding) -> None:
        self.asked.append("give up")

    async def reserve(self, binding: Binding, *, has_place: bool, patience_seconds: float) -> float:
        self.asked.append("come" if has_place else "reserve")
        return self.delays.pop(0) if self.delays else 0.0

    async def push_back(self, binding: Binding, *, seconds: float) -> None:
        self.asked.append(("push_back", seconds))


@dataclasses.dataclass(kw_only=True)
class LimitedHarness(Harness):
    limits: FakeLimits = dataclasses.field(default_factory=FakeLimits)

    def context(self, released: Any, value: Any = None, **more: Any) -> Context:
        context = super().context(released, value, **more)
        binding = dataclasses.replace(self.bindings["orders"], rate_limit=RateLimit(limit=5, period=60.0))
        return dataclasses.replace(context, limits=self.limits, bindings={"orders": binding})

    def resume_after(self, released: Any, *, seconds: float) -> Outcome:
        self.clock.advance(seconds)
        context = self.context(released, checkpoints=checkpoints_of(self.recorder.records))
        return run(execute(context), clock=self.clock)


@pytest.fixture
def harness() -> LimitedHarness:
    harness = LimitedHarness()
    harness.answer("create", 7)
    return harness


def test_call_passes_the_budget_and_then_the_circuit_and_is_counted(harness: LimitedHarness) -> None:
    assert harness.run(ONE_CALL).output == 7

    assert harness.limits.asked == ["reserve", "admit", ("report", False, False)]


def test_short_delay_is_slept_through(harness: LimitedHarness) -> None:
    harness.limits.delays = [1.5]

    assert harness.run(ONE_CALL).status == "succeeded"
    assert harness.clock.slept == pytest.approx([1.5])
    [record] = harness.records("create")
    assert record.reason == 'waited 1.5 s for the rate budget of app "orders": 5 calls in 60 s'


def test_longer_delay_parks_the_step_and_says_why(harness: LimitedHarness) -> None:
    harness.limits.delays = [40.0]

    outcome = harness.run(ONE_CALL)

    assert (outcome.status, outcome.due_at) == ("waiting", START + dt.timedelta(seconds=40))
    [record] = harness.records("create")
    assert record.reason == (
        'waits for the rate budget of app "orders": 5 calls in 60 s; its turn is at 2026-01-01T12:00:40+00:00'
    )
    assert harness.called() == []


@pytest.mark.parametrize("late", [39.5, 40.5, 4000])
def test_parked_step_keeps_its_place_in_the_budget(harness: LimitedHarness, late: float) -> None:
    harness.limits.delays = [40.0]
    harness.run(ONE_CALL)

    outcome = harness.resume_after(ONE_CALL, seconds=late)

    assert outcome.output == 7
    assert harness.limits.asked[:2] == ["reserve", "come"]
    assert [record.attempt for record in harness.records("create")] == [1, 1]
    assert harness.records("create")[-1].reason == 'waited for the rate budget of app "orders": 5 calls in 60 s'


def test_step_that_was_parked_for_something_else_has_no_place_yet(harness: LimitedHarness) -> None:
    released = release(sequence("main", action("create", cache="hourly")), output="$Sequence{main}{create}")
    harness.run(released)
    [key] = harness.result_cache.entries
    harness.result_cache.entries.clear()
    harness.result_cache.fillers[key] = "somebody else"
    harness.recorder.records.clear()
    assert harness.run(released).status == "waiting"
    harness.result_cache.fillers.clear()

    assert harness.resume_after(released, seconds=2).output == 7

    assert harness.limits.asked.count("reserve") == 2


def test_step_that_is_resumed_before_its_place_parks_until_then(harness: LimitedHarness) -> None:
    harness.limits.delays = [40.0]
    harness.run(ONE_CALL)

    outcome = harness.resume_after(ONE_CALL, seconds=10)

    assert outcome.due_at == START + dt.timedelta(seconds=40)
    assert harness.limits.asked == ["reserve"]


def test_step_that_comes_late_with_too_many_others_parks_until_its_new_place(harness: LimitedHarness) -> None:
    harness.limits.delays = [40.0, 60.0]
    harness.run(ONE_CALL)

    outcome = harness.resume_after(ONE_CALL, seconds=100)

    assert outcome.due_at == START + dt.timedelta(seconds=160)


def test_second_attempt_pays_for_itself(harness: LimitedHarness) -> None:
    released = release(sequence("main", action("create", retries=1)))
    harness.limits.delays = [40.0]
    harness.answer("create", HttpStatusError("down", status=503), 7)
    harness.run(released)

    outcome = harness.resume_after(released, seconds=40.5)

    assert outcome.status == "succeeded"
    assert harness.limits.asked.count("reserve") == 2


def test_delay_that_would_eat_the_events_timeout_parks(harness: LimitedHarness) -> None:
    harness.limits.delays = [1.5]

    outcome = harness.run(release(sequence("main", action("create", timeout=5))))

    assert outcome.status == "waiting"


@pytest.mark.parametrize("where", ["known_open", "open"])
def test_open_circuit_fails_the_attempt_at_once(harness: LimitedHarness, where: str) -> None:
    setattr(harness.limits, where, True)

    outcome = harness.run(ONE_CALL)

    assert outcome.error is not None
    assert outcome.error.code == "circuit_open"
    assert harness.called() == []


def test_circuit_that_is_known_to_be_open_costs_no_place(harness: LimitedHarness) -> None:
    harness.limits.known_open = True

    harness.run(ONE_CALL)

    assert harness.limits.asked == []


def test_retry_waits_behind_the_open_circuit_even_for_what_is_not_idempotent(harness: LimitedHarness) -> None:
    harness.limits.known_open = True
    event, post = action("create", retries=2), {"create": {"method": "POST"}}

    outcome = harness.run(release(sequence("main", event), actions=post))

    assert (outcome.status, outcome.due_at) == ("waiting", START + dt.timedelta(seconds=30))
    [record] = harness.records("create")
    assert record.reason == "retry 1 of 2 in 30 s, when its circuit may let a call through"


@pytest.mark.parametrize(("status", "failed"), [(503, True), (404, False)])
def test_failed_call_is_counted_for_what_it_says_of_the_app(harness: LimitedHarness, status: int, failed: bool) -> None:
    harness.limits.is_probe = True
    harness.answer("create", HttpStatusError("no", status=status))

    harness.run(ONE_CALL)

    assert harness.limits.asked[-1] == ("report", failed, True)


def test_retry_after_of_429_pushes_the_budget_back(harness: LimitedHarness) -> None:
    harness.answer("create", HttpStatusError("slow", status=429, retry_after_seconds=9.0))

    harness.run(ONE_CALL)

    assert harness.limits.asked[-2:] == [("report", False, False), ("push_back", 9.0)]


@pytest.mark.parametrize("is_probe", [False, True])
def test_call_whose_time_is_up_counts_as_failed(harness: LimitedHarness, is_probe: bool) -> None:
    harness.limits.is_probe = is_probe
    harness.answer("create", after(60, 7))

    outcome = harness.run(release(sequence("main", action("create", timeout=5))))

    assert outcome.error is not None
    assert outcome.error.code == "timeout"
    assert harness.limits.asked == ["reserve", "admit", ("late", is_probe)]


@pytest.mark.parametrize(("is_probe", "told"), [(False, []), (True, ["give up"])])
def test_probe_of_a_run_that_is_cancelled_is_given_up(harness: LimitedHarness, is_probe: bool, told: list[str]) -> None:
    harness.limits.is_probe = is_probe

    async def cancel(_: object) -> None:
        harness.cancellation.cancel()
        await harness.clock.sleep(60)

    harness.answer("create", cancel)

    assert harness.run(ONE_CALL).status == "cancelled"
    assert harness.limits.asked == ["reserve", "admit", *told]


def test_call_that_waits_for_anothers_probe_uses_up_no_retry(harness: LimitedHarness) -> None:
    harness.limits.probes = True

    outcome = harness.run(ONE_CALL)

    assert (outcome.status, outcome.due_at) == ("waiting", START + dt.timedelta(seconds=5))
    harness.limits.probes = False
    assert harness.resume_after(ONE_CALL, seconds=5).output == 7
    assert [record.attempt for record in harness.records("create")] == [1, 1]
