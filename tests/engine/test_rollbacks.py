from __future__ import annotations

import datetime as dt

from integrations.connectors.http.errors import HttpStatusError
from integrations.engine.records import RunError
from tests.engine.harness import Harness, action, release, sequence
from tests.fakes.clock import START
from tests.fakes.connectors import after

_NO = HttpStatusError("no", status=400)


def test_rollbacks_run_in_reverse_order_of_completion_across_branches() -> None:
    harness = Harness()
    for tag, seconds in {"a": 1, "b": 3, "c": 2}.items():
        harness.answer(tag, after(seconds, {"id": tag}))
        harness.answer(f"undo_{tag}", None)
    harness.answer("bad", _NO)

    outcome = harness.run(
        release(
            *(sequence(tag, action(tag, rollback=action(f"undo_{tag}"))) for tag in "abc"),
            sequence("last", action("bad"), parents=["a", "b", "c"]),
        )
    )

    assert outcome.error == RunError(code="http_400", message="no", place="last/bad")
    assert harness.called()[4:] == ["undo_b", "undo_c", "undo_a"]
    assert harness.statuses("a", role="rollback") == ["succeeded"]


def test_rollback_reads_the_result_that_it_undoes() -> None:
    harness = Harness()
    harness.answer("pay", {"id": 7})
    harness.answer("refund", None)
    harness.answer("bad", _NO)
    event = action(
        "pay", rollback=action("refund", input={"body": 1}), rollback_input={"body": {"id": "$Response{id}"}}
    )

    harness.run(release(sequence("main", event, action("bad"))))

    assert [call.body for call in harness.actions.calls_of("refund")] == [{"id": 7}]


def test_rollback_has_an_idempotency_key_of_its_own() -> None:
    harness = Harness()
    harness.answer("pay", {"id": 7})
    harness.answer("bad", _NO)

    harness.run(release(sequence("main", action("pay", rollback=action("pay")), action("bad"))))

    first, second = (call.idempotency_key for call in harness.actions.calls_of("pay"))
    assert first != second


def test_failing_rollback_is_told_and_stops_no_other() -> None:
    harness = Harness()
    harness.answer("a", {"id": 1})
    harness.answer("b", {"id": 2})
    harness.answer("undo_a", None)
    harness.answer("undo_b", HttpStatusError("gone", status=410))
    harness.answer("bad", _NO)

    outcome = harness.run(
        release(
            sequence(
                "main", action("a", rollback=action("undo_a")), action("b", rollback=action("undo_b")), action("bad")
            )
        )
    )

    assert outcome.error is not None
    assert outcome.error.code == "http_400"
    assert outcome.error.message == "no; rollbacks that failed: main/b: gone"
    assert harness.called() == ["a", "b", "bad", "undo_b", "undo_a"]
    assert harness.statuses("b", role="rollback") == ["failed"]


def test_rollback_that_fails_with_its_fallback_tells_both_failures() -> None:
    harness = Harness()
    harness.answer("pay", {"id": 1})
    harness.answer("bad", _NO)
    harness.answer("refund", HttpStatusError("gone", status=410))
    harness.answer("call_ada", HttpStatusError("asleep", status=409))
    undo = action("refund", fallback=action("call_ada"))

    outcome = harness.run(release(sequence("main", action("pay", rollback=undo), action("bad"))))

    assert outcome.error is not None
    assert outcome.error.message == (
        "no; rollbacks that failed: main/pay~2: "
        'fallback action "call_ada" of main/pay rollback failed: asleep; it stood in after: gone'
    )


def test_every_record_of_a_rollback_says_what_it_undoes_and_why() -> None:
    harness = Harness()
    harness.answer("card", _NO)
    harness.answer("cash", {"id": 7})
    harness.answer("ship", HttpStatusError("no car", status=409))
    harness.answer("return_cash", HttpStatusError("busy", status=503), HttpStatusError("gone", status=410))
    harness.answer("call_ada", None)
    undo = action("return_cash", retries=1, fallback=action("call_ada"))

    harness.run(
        release(
            sequence("main", action("card", fallback=action("cash", rollback=undo))),
            sequence("last", action("ship"), parents=["main"]),
        )
    )

    cause = "undoes main/card fallback, since last/ship failed: no car"
    first, second = harness.records("card", role="rollback")
    (stand_in,) = harness.records("card~2", role="rollback")
    assert first.reason.startswith(f"{cause}; retry 1 of 1")
    assert second.reason == f'{cause}; falls back to action "call_ada"'
    assert stand_in.reason == cause


def test_rollback_after_the_runs_timeout_says_so() -> None:
    harness = Harness()
    harness.answer("pay", {"id": 7})
    harness.answer("slow", after(10, None))
    harness.answer("refund", None)

    harness.run(release(sequence("main", action("pay", rollback=action("refund")), action("slow")), timeout=5))

    (record,) = harness.records("pay", role="rollback")
    assert record.reason == "undoes main/pay, since the run took longer than its 5 s"


def test_events_that_were_skipped_or_failed_are_not_rolled_back() -> None:
    harness = Harness()
    harness.answer("failed", _NO)
    harness.answer("bad", _NO)
    skipped = action("skipped", rollback=action("undo"), condition={"subject": "$Input{x}", "decision_type": "exists"})

    harness.run(
        release(sequence("main", skipped, action("failed", allow_fail=True, rollback=action("undo")), action("bad")))
    )

    assert harness.called() == ["failed", "bad"]


def test_event_that_fell_back_is_undone_as_its_fallback_says() -> None:
    harness = Harness()
    harness.answer("card", _NO)
    harness.answer("cash", {"id": 7})
    harness.answer("bad", _NO)
    harness.answer("return_cash", None)
    event = action("card", rollback=action("refund_card"), fallback=action("cash", rollback=action("return_cash")))

    harness.run(release(sequence("main", event, action("bad"))))

    assert harness.called() == ["card", "cash", "bad", "return_cash"]


def test_rollback_is_retried_and_may_park() -> None:
    harness = Harness()
    harness.answer("pay", {"id": 7})
    harness.answer("bad", _NO)
    harness.answer("refund", HttpStatusError("busy", status=429, retry_after_seconds=600), None)
    released = release(
        sequence("main", action("pay", rollback=action("refund", retries=1)), action("bad"), action("never"))
    )

    outcome = harness.run(released)

    assert (outcome.status, outcome.due_at) == ("waiting", START + dt.timedelta(seconds=600))

    harness.clock.advance(600)
    outcome = harness.resume(released)

    assert outcome.error == RunError(code="http_400", message="no", place="main/bad")
    assert harness.called() == ["pay", "bad", "refund", "refund"]


def test_rollback_that_waits_keeps_those_of_earlier_events_waiting_too() -> None:
    harness = Harness()
    for tag in ("create_db", "create_table", "drop_db"):
        harness.answer(tag, None)
    harness.answer("bad", _NO)
    harness.answer("drop_table", HttpStatusError("busy", status=503, retry_after_seconds=600), None)
    released = release(
        sequence(
            "main",
            action("create_db", rollback=action("drop_db")),
            action("create_table", rollback=action("drop_table", retries=1)),
            action("bad"),
        )
    )

    outcome = harness.run(released)

    assert (outcome.status, outcome.due_at) == ("waiting", START + dt.timedelta(seconds=600))
    assert harness.called()[3:] == ["drop_table"]

    harness.clock.advance(600)

    assert harness.resume(released).status == "failed"
    assert harness.called()[3:] == ["drop_table", "drop_table", "drop_db"]


def test_rollback_that_is_a_run_of_its_own_is_waited_for_before_earlier_events_are_undone() -> None:
    harness = Harness()
    for tag in ("create_db", "create_table", "drop_db"):
        harness.answer(tag, None)
    harness.answer("bad", _NO)
    released = release(
        sequence(
            "main",
            action("create_db", rollback=action("drop_db")),
            action("create_table", rollback={"type": "feature", "event": "drop_table"}),
            action("bad"),
        )
    )

    assert harness.run(released).status == "waiting"
    assert harness.called()[3:] == []

    harness.nested_runs.end("main/create_table rollback", "failed", error="it is locked")
    outcome = harness.resume(released)

    assert outcome.error is not None
    assert "it is locked" in outcome.error.message
    assert harness.called()[3:] == ["drop_db"]


def test_run_without_a_failure_rolls_nothing_back() -> None:
    harness = Harness()
    harness.answer("pay", {"id": 7})

    assert harness.run(release(sequence("main", action("pay", rollback=action("refund"))))).status == "succeeded"
    assert harness.called() == ["pay"]
