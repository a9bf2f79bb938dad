from __future__ import annotations

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from integrations.connectors.egress.errors import ConnectTimeout, TlsFailed
from integrations.connectors.http.errors import AuthFailed, HttpStatusError
from integrations.engine.circuits import (
    FEWEST_CALLS,
    LONGEST_OPEN_SECONDS,
    OPEN_SECONDS,
    PROBE_LOOK_SECONDS,
    PROBE_SECONDS,
    SLICE_SECONDS,
    WINDOW_SECONDS,
    Circuit,
    is_failure,
)
from integrations.errors import ConnectorError
from tests.fakes.clock import START


def after(seconds: float) -> dt.datetime:
    return START + dt.timedelta(seconds=seconds)


def opened(times: int = 1) -> Circuit:
    """Return a circuit that opened just now, for the `times`th time."""
    circuit = Circuit(openings=times - 1)
    return circuit.counted(calls=FEWEST_CALLS, failures=FEWEST_CALLS, now=START)


@pytest.mark.parametrize(
    ("calls", "failures", "state"),
    [(20, 10, "open"), (20, 9, "closed"), (19, 19, "closed"), (200, 100, "open"), (1000, 499, "closed")],
)
def test_it_opens_at_half_of_twenty_calls(calls: int, failures: int, state: str) -> None:
    assert Circuit().counted(calls=calls, failures=failures, now=START).state == state


def test_calls_of_long_ago_do_not_count() -> None:
    circuit = Circuit().counted(calls=19, failures=19, now=START)

    assert circuit.counted(calls=1, failures=1, now=after(WINDOW_SECONDS + SLICE_SECONDS)).state == "closed"
    assert circuit.counted(calls=1, failures=1, now=after(WINDOW_SECONDS - SLICE_SECONDS)).state == "open"


def test_open_circuit_refuses_for_half_a_minute_and_counts_nothing() -> None:
    circuit = opened()

    assert circuit.refused_for(START) == OPEN_SECONDS
    assert circuit.refused_for(after(OPEN_SECONDS)) == 0
    assert circuit.counted(calls=50, failures=0, now=START) == circuit


def test_probe_that_works_closes_it_and_forgets_everything() -> None:
    assert opened(3).probing(after(500)).probed(failed=False, now=after(501)) == Circuit()


def test_probe_that_fails_opens_it_for_twice_as_long_up_to_five_minutes() -> None:
    circuit, stays_open = opened(), []
    for _ in range(6):
        stays_open.append(circuit.refused_for(START))
        circuit = circuit.probing(START).probed(failed=True, now=START)

    assert stays_open == [30, 60, 120, 240, LONGEST_OPEN_SECONDS, LONGEST_OPEN_SECONDS]


def test_while_one_probes_others_are_refused_until_the_probe_counts_as_lost() -> None:
    circuit = opened().probing(START)

    assert circuit.refused_for(START) == PROBE_LOOK_SECONDS
    assert circuit.refused_for(after(PROBE_SECONDS - 1)) == 1
    assert circuit.refused_for(after(PROBE_SECONDS)) == 0


def test_probe_that_is_broken_off_lets_another_one_begin_at_once_and_says_nothing() -> None:
    circuit = opened(2).probing(START).given_up(after(1))

    assert (circuit.state, circuit.openings, circuit.refused_for(after(1))) == ("open", 2, 0)
    assert opened().given_up(START) == opened()


def test_probe_that_comes_back_after_another_one_says_nothing() -> None:
    assert Circuit().probed(failed=True, now=START) == Circuit()


@pytest.mark.parametrize(
    ("error", "counts"),
    [
        (HttpStatusError("", status=503), True),
        (HttpStatusError("", status=500), True),
        (HttpStatusError("", status=429), False),
        (HttpStatusError("", status=408), False),
        (HttpStatusError("", status=404), False),
        (ConnectTimeout(), True),
        (TlsFailed(), False),
        (AuthFailed("no token"), False),
    ],
)
def test_failures_are_what_says_that_the_app_is_in_trouble(error: ConnectorError, counts: bool) -> None:
    assert is_failure(error) is counts


events = st.lists(
    st.tuples(
        st.floats(0, 12),  # seconds since the one before
        st.one_of(
            st.tuples(st.just("count"), st.integers(1, 15), st.integers(0, 15)),
            st.tuples(st.just("ask"), st.just(0), st.just(0)),
            st.tuples(st.just("probed"), st.just(0), st.integers(0, 1)),
        ),
    ),
    max_size=60,
)


@given(events=events)
def test_it_does_what_a_plain_list_of_calls_would_do(events: list[tuple[float, tuple[str, int, int]]]) -> None:
    circuit, naive, seconds = Circuit(), Naive(), 0.0
    for gap, (what, calls, failures) in events:
        seconds += gap
        now = after(seconds)
        if what == "count":
            failed = min(calls, failures)
            circuit = circuit.counted(calls=calls, failures=failed, now=now)
            naive.count(calls, failed, seconds)
        elif what == "probed":
            circuit = circuit.probed(failed=bool(failures), now=now)
            naive.probed(bool(failures), seconds)
        else:
            assert (circuit.refused_for(now) == 0) == naive.lets_through(seconds)
            if circuit.state != "closed" and circuit.refused_for(now) == 0:
                circuit = circuit.probing(now)
                naive.start_probe(seconds)
        assert circuit.state == naive.state


class Naive:
    """The same with every call kept by itself and nothing clever."""

    def __init__(self) -> None:
        self.state = "closed"
        self.calls: list[tuple[int, bool]] = []
        self.openings = 0
        self.until = 0.0

    def count(self, calls: int, failures: int, seconds: float) -> None:
        if self.state != "closed":
            return
        moment = int(after(seconds).timestamp())
        self.calls += [(moment - moment % SLICE_SECONDS, number < failures) for number in range(calls)]
        recent = [failed for start, failed in self.calls if start > moment - WINDOW_SECONDS]
        if len(recent) >= FEWEST_CALLS and sum(recent) * 2 >= len(recent):
            self.open(seconds)

    def open(self, seconds: float) -> None:
        self.state, self.calls = "open", []
        self.until = _exact(seconds) + min(30 * 2**self.openings, 300)
        self.openings += 1

    def lets_through(self, seconds: float) -> bool:
        return self.state == "closed" or _exact(seconds) >= self.until

    def start_probe(self, seconds: float) -> None:
        self.state, self.until = "probing", _exact(seconds) + PROBE_SECONDS

    def probed(self, failed: bool, seconds: float) -> None:
        if self.state != "probing":
            return
        if failed:
            self.open(seconds)
        else:
            self.state, self.openings = "closed", 0


def _exact(seconds: float) -> float:
    """Return seconds as a datetime keeps them, in microseconds."""
    return (after(seconds) - START).total_seconds()
