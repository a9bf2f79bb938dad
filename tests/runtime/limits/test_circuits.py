from __future__ import annotations

import datetime as dt

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from integrations.connectors.base import Binding
from integrations.engine.circuits import FEWEST_CALLS, PROBE_LOOK_SECONDS, CircuitOpen
from integrations.engine.signals import Awaiting
from integrations.models import Circuit
from integrations.runtime.limits.circuits import CircuitBook, RunCircuits
from tests.factories.app import AppEnvironmentFactory
from tests.factories.integration import EnvironmentFactory
from tests.fakes.clock import FakeClock
from tests.fakes.recorder import RecorderAtOnce, finished
from tests.scenes.limited import at_once

RECORDER = RecorderAtOnce()


class Process:
    """The circuits as one process has them; the database is asked at once."""

    def __init__(self) -> None:
        self.clock = FakeClock(dt.datetime.now(dt.UTC))
        self.book = CircuitBook(self.clock)
        self.circuits = RunCircuits(self.book, RECORDER)

    def call(self, binding: Binding, *, failed: bool) -> bool:
        """Make a call that ends so, and return whether it probed."""
        is_probe = self.admit(binding)
        finished(self.circuits.report(binding, failed=failed, is_probe=is_probe))
        return is_probe

    def admit(self, binding: Binding) -> bool:
        return bool(finished(self.circuits.admit(binding)))

    def calls(self, binding: Binding, *, succeeding: int = 0, failing: int = 0) -> None:
        for _ in range(succeeding):
            self.call(binding, failed=False)
        for _ in range(failing):
            self.call(binding, failed=True)

    def is_open(self, binding: Binding) -> bool:
        """Return whether it lets no call through, also because another one probes."""
        try:
            self.admit(binding)
        except (CircuitOpen, Awaiting):
            return True
        return False


def new_binding(**ids: int) -> Binding:
    return Binding(
        access_tag="orders",
        app_env_slug="live",
        base_url="https://api.example.com",
        hosts=("api.example.com",),
        environment_id=ids.get("environment_id") or EnvironmentFactory.create().pk,
        app_environment_id=ids.get("app_environment_id") or AppEnvironmentFactory.create().pk,
    )


def let_time_pass() -> None:
    """Make the circuit due for a probe, by the database's clock and the processes'."""
    Circuit.objects.update(until=dt.datetime.now(dt.UTC) - dt.timedelta(seconds=1))


@pytest.mark.django_db
def test_failing_calls_open_it_for_every_process_at_once() -> None:
    binding, one, other = new_binding(), Process(), Process()
    other.call(binding, failed=False)

    one.calls(binding, failing=FEWEST_CALLS)

    assert one.is_open(binding)
    assert Circuit.objects.get().state == "open"
    other.clock.advance(1)
    assert other.is_open(binding)


@pytest.mark.django_db
def test_open_circuit_is_refused_without_asking_the_database() -> None:
    binding, process = new_binding(), Process()
    process.calls(binding, failing=FEWEST_CALLS)

    with CaptureQueriesContext(connection) as queries, pytest.raises(CircuitOpen) as caught:
        finished(process.circuits.refuse_if_open(binding))

    assert len(queries) == 0
    assert caught.value.retryable
    assert 25 < (caught.value.retry_after_seconds or 0) < 31
    assert 'app "orders" (live) is open: too many calls failed' in caught.value.message


@pytest.mark.django_db
def test_succeeding_calls_cost_one_statement_a_second() -> None:
    binding, process = new_binding(), Process()
    process.call(binding, failed=False)

    with CaptureQueriesContext(connection) as queries:
        process.calls(binding, succeeding=500)

    assert len(queries) == 0
    assert not Circuit.objects.exists()


@pytest.mark.django_db
def test_counts_of_several_processes_come_together() -> None:
    binding, processes = new_binding(), [Process() for _ in range(3)]
    for process in processes:
        process.calls(binding, succeeding=2, failing=5)
    for process in processes:
        process.clock.advance(1)

    # Twenty-one calls, none of the processes has seen twenty.
    assert [process.is_open(binding) for process in processes] == [False, False, True]
    assert processes[0].book is not processes[1].book


@pytest.mark.django_db
def test_healthy_calls_elsewhere_keep_it_closed() -> None:
    binding, healthy, failing = new_binding(), Process(), Process()
    healthy.calls(binding, succeeding=60)
    healthy.clock.advance(1)
    healthy.call(binding, failed=False)

    failing.calls(binding, failing=FEWEST_CALLS)

    assert not failing.is_open(binding)


@pytest.mark.django_db
def test_circuit_survives_a_restart() -> None:
    binding = new_binding()
    Process().calls(binding, failing=FEWEST_CALLS)

    assert Process().is_open(binding)


@pytest.mark.django_db
def test_dev_never_opens_prd_nor_one_app_environment_another() -> None:
    dev = new_binding()
    prd = new_binding(app_environment_id=dev.app_environment_id)
    other_app = new_binding(environment_id=dev.environment_id)

    process = Process()
    process.calls(dev, failing=FEWEST_CALLS)

    assert [process.is_open(binding) for binding in (dev, prd, other_app)] == [True, False, False]


@pytest.mark.django_db
def test_one_call_probes_and_closes_it() -> None:
    binding, one, other = new_binding(), Process(), Process()
    one.calls(binding, failing=FEWEST_CALLS)
    let_time_pass()

    one.clock.advance(60)
    other.clock.advance(60)
    assert one.admit(binding)
    assert other.is_open(binding)
    finished(one.circuits.report(binding, failed=False, is_probe=True))

    other.clock.advance(60)
    assert not other.is_open(binding)
    assert Circuit.objects.get().state == "closed"


@pytest.mark.django_db
def test_probe_that_fails_opens_it_for_longer() -> None:
    binding, process = new_binding(), Process()
    process.calls(binding, failing=FEWEST_CALLS)
    let_time_pass()
    process.clock.advance(60)

    assert process.call(binding, failed=True)

    row = Circuit.objects.get()
    assert row.until is not None
    assert 55 < (row.until - dt.datetime.now(dt.UTC)).total_seconds() <= 60
    assert (row.state, row.openings) == ("open", 2)


def probing(binding: Binding) -> Process:
    """Return a process one of whose calls probes."""
    process = Process()
    process.calls(binding, failing=FEWEST_CALLS)
    let_time_pass()
    process.clock.advance(60)
    assert process.admit(binding)
    return process


@pytest.mark.django_db
def test_probe_whose_time_is_up_opens_it_for_longer() -> None:
    binding = new_binding()
    process = probing(binding)

    process.circuits.report_late(binding, is_probe=True)

    with pytest.raises(CircuitOpen):
        finished(process.circuits.refuse_if_open(binding))
    row = Circuit.objects.get()
    assert (row.state, row.openings) == ("open", 2)


@pytest.mark.django_db
def test_probe_that_is_broken_off_lets_the_next_call_probe_at_once() -> None:
    binding = new_binding()
    process = probing(binding)

    process.circuits.abandon_probe(binding)

    assert process.admit(binding)
    row = Circuit.objects.get()
    assert (row.state, row.openings) == ("probing", 1)


@pytest.mark.django_db
def test_calls_wait_for_anothers_probe_and_hear_what_became_of_it() -> None:
    binding, other = new_binding(), Process()
    process = probing(binding)

    with pytest.raises(Awaiting) as caught:
        other.admit(binding)
    assert caught.value.reason == 'waits for the one call that tries whether app "orders" (live) works again'
    assert caught.value.due_at == other.clock.now() + dt.timedelta(seconds=PROBE_LOOK_SECONDS)

    finished(process.circuits.report(binding, failed=False, is_probe=True))
    other.clock.advance(PROBE_LOOK_SECONDS)

    finished(other.circuits.refuse_if_open(binding))
    assert not other.is_open(binding)


@pytest.mark.django_db
def test_process_whose_clock_is_ahead_goes_by_the_databases() -> None:
    binding, ahead = new_binding(), Process()
    ahead.calls(binding, failing=FEWEST_CALLS)

    ahead.clock.advance(3600)

    assert ahead.is_open(binding)
    assert Circuit.objects.get().state == "open"


@pytest.mark.django_db
def test_calls_whose_time_was_up_count_as_failed() -> None:
    binding, process = new_binding(), Process()
    for _ in range(FEWEST_CALLS):
        process.admit(binding)
        process.circuits.report_late(binding, is_probe=False)
    process.clock.advance(1)

    assert process.is_open(binding)


@pytest.mark.django_db(transaction=True)
def test_exactly_one_of_many_processes_probes() -> None:
    binding = new_binding()
    Process().calls(binding, failing=FEWEST_CALLS)
    let_time_pass()
    processes = [Process() for _ in range(6)]

    def probe(number: int) -> bool:
        try:
            return processes[number].admit(binding)
        except (CircuitOpen, Awaiting):
            return False

    assert sum(at_once(probe, threads=6)) == 1


@pytest.mark.django_db(transaction=True)
def test_counts_that_are_stored_at_the_same_moment_are_all_kept() -> None:
    binding = new_binding()

    def count(_: int) -> None:
        process = Process()
        process.calls(binding, succeeding=3)
        process.clock.advance(1)
        process.admit(binding)

    at_once(count, threads=5)

    assert sum(calls for _, calls, _ in Circuit.objects.get().slices) == 15
