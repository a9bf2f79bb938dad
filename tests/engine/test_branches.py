from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from integrations.connectors.http.errors import HttpStatusError
from integrations.engine.records import RunError
from tests.engine.harness import Harness, action, release, sequence
from tests.fakes.connectors import after


def test_branches_without_a_path_between_them_run_at_the_same_time() -> None:
    harness = Harness()
    for tag in "abc":
        harness.answer(tag, after(10, None))

    harness.run(release(*(sequence(tag, action(tag)) for tag in "abc")))

    assert harness.clock.seconds == pytest.approx(10)


def test_sequence_starts_as_soon_as_its_own_parents_have_finished() -> None:
    harness = Harness()
    harness.answer("fast", after(1, None))
    harness.answer("slow", after(10, None))
    harness.answer("behind_fast", after(1, None))
    harness.answer("behind_both", None)

    harness.run(
        release(
            sequence("fast", action("fast")),
            sequence("slow", action("slow")),
            sequence("behind_fast", action("behind_fast"), parents=["fast"]),
            sequence("behind_both", action("behind_both"), parents=["fast", "slow"]),
        )
    )

    started = {record.key.event: record.started_at.second for record in harness.recorder.records}
    assert started == {"fast": 0, "slow": 0, "behind_fast": 1, "behind_both": 10}


def test_events_of_one_sequence_run_in_order() -> None:
    harness = Harness()
    for tag in "abc":
        harness.answer(tag, after(1, None))

    harness.run(release(sequence("main", *(action(tag) for tag in "abc"))))

    assert harness.called() == ["a", "b", "c"]


def test_chain_of_five_thousand_sequences_runs() -> None:
    harness = Harness()
    harness.answer("step", 1)
    chain = [
        sequence(f"s{index}", action("step"), parents=[f"s{index - 1}"] if index else []) for index in range(5_000)
    ]

    outcome = harness.run(release(*chain, output="$Sequence{s4999}{step}"))

    assert outcome.output == 1
    assert len(harness.actions.calls) == 5_000


def test_failed_sequence_starts_nothing_that_waits_for_it() -> None:
    harness = Harness()
    harness.answer("bad", HttpStatusError("no", status=400))

    outcome = harness.run(
        release(
            sequence("first", action("bad"), action("next")),
            sequence("second", action("child"), parents=["first"]),
            sequence("third", action("grandchild"), parents=["second"]),
        )
    )

    assert outcome.error == RunError(code="http_400", message="no", place="first/bad")
    assert harness.called() == ["bad"]


def test_failure_lets_other_branches_finish_what_is_in_flight_and_no_more() -> None:
    harness = Harness()
    harness.answer("bad", after(1, None), HttpStatusError("no", status=400))
    harness.answer("in_flight", after(10, {"id": 1}))

    outcome = harness.run(
        release(
            sequence("failing", action("bad"), action("bad", name="again")),
            sequence("beside", action("in_flight"), action("next")),
            sequence("child", action("child"), parents=["beside"]),
        )
    )

    assert outcome.status == "failed"
    assert harness.called() == ["bad", "in_flight", "bad"]
    assert harness.statuses("in_flight") == ["succeeded"]


def _failing_after(seconds: float, error: HttpStatusError) -> Callable[[object], Awaitable[None]]:
    async def fail(_: object) -> None:
        await asyncio.sleep(seconds)
        raise error

    return fail


def test_failure_lets_other_branches_retry_no_more() -> None:
    harness = Harness()
    harness.answer("bad", _failing_after(0.5, HttpStatusError("no", status=400)))
    harness.answer("flaky", _failing_after(1, HttpStatusError("down", status=503)))

    harness.run(release(sequence("failing", action("bad")), sequence("beside", action("flaky", retries=5))))

    assert harness.called() == ["bad", "flaky"]
    assert harness.records("flaky")[0].reason == "not tried again, since the run has failed elsewhere"


def test_first_failure_is_the_error_of_the_run() -> None:
    harness = Harness()
    harness.answer("late", _failing_after(2, HttpStatusError("late", status=400)))
    harness.answer("early", _failing_after(1, HttpStatusError("early", status=400)))

    outcome = harness.run(release(sequence("one", action("late")), sequence("two", action("early"))))

    assert outcome.error is not None
    assert outcome.error.message == "early"
    assert harness.statuses("late") == ["failed"]


@st.composite
def graphs(draw: st.DrawFn) -> dict[str, list[str]]:
    """Draw directed graphs without loops: parents come from what was drawn before."""
    graph: dict[str, list[str]] = {}
    for index in range(draw(st.integers(1, 10))):
        graph[f"s{index}"] = draw(st.lists(st.sampled_from(sorted(graph)), max_size=3)) if graph else []
    return graph


@given(graphs(), st.data())
@settings(max_examples=60)
def test_every_event_runs_once_and_after_all_its_ancestors_finished(
    graph: dict[str, list[str]], data: st.DataObject
) -> None:
    harness = Harness()
    for tag in graph:
        harness.answer(tag, after(data.draw(st.integers(0, 5)), None))
    shuffled = data.draw(st.permutations(sorted(graph)))

    outcome = harness.run(release(*(sequence(tag, action(tag), parents=graph[tag]) for tag in shuffled)))

    assert outcome.status == "succeeded"
    assert sorted(harness.called()) == sorted(graph)
    order = [(record.key.event, record.status) for record in harness.recorder.records]
    for tag, parents in graph.items():
        for parent in parents:
            assert order.index((parent, "succeeded")) < order.index((tag, "running"))
