from __future__ import annotations

import asyncio
from typing import Any

import pytest

from integrations.connectors.base import FunctionResult, LogLine
from integrations.definitions.release import Release
from integrations.engine.executor import execute
from integrations.engine.records import Outcome, RunError
from integrations.errors import ConnectorError, SandboxError
from tests.engine.harness import Harness, action, function, release, sequence
from tests.fakes.clock import run
from tests.fakes.connectors import after

_CODE = {
    "integration": "shop",
    "version": 1,
    "feature": {"tag": "feature", "language": "js", "function": "x", "output": {"type": "object"}},
    "javascript": "CODE",
}


def test_execute_maps_the_output_from_results() -> None:
    harness = Harness()
    harness.answer("create", {"id": 7, "lines": [{"sku": "a"}]})
    released = release(
        sequence("main", action("create")),
        output={"id": "$Sequence{main}{create}{id}", "sku": "first: $Sequence{main}{create}{lines}{[0]}{sku}"},
    )

    outcome = harness.run(released)

    assert outcome == Outcome(status="succeeded", output={"id": 7, "sku": "first: a"})


def test_execute_without_an_output_mapping_gives_null() -> None:
    harness = Harness()
    harness.answer("create", {"id": 7})

    assert harness.run(release(sequence("main", action("create")))) == Outcome(status="succeeded")


def test_output_that_points_at_nothing_fails_the_run_and_undoes_nothing() -> None:
    harness = Harness()
    harness.answer("create", {})
    released = release(
        sequence("main", action("create", rollback=action("remove"))), output={"id": "$Sequence{main}{create}{id}"}
    )

    outcome = harness.run(released)

    assert outcome.status == "failed"
    assert outcome.error is not None
    assert (outcome.error.code, outcome.error.place) == ("unresolved", "output")
    assert harness.called() == ["create"]


@pytest.mark.parametrize("value", [0, False, "", [], {}])
def test_values_that_are_empty_are_not_missing(value: Any) -> None:
    harness = Harness()
    harness.answer("create", {"value": value})
    released = release(
        sequence(
            "main",
            action("create"),
            action("send", input={"body": {"value": "$Sequence{main}{create}{value}", "given": "$Input{value}"}}),
        ),
        output="$Default($Sequence{main}{create}{value}, missing)".replace("missing", '"missing"'),
    )
    harness.answer("send", None)

    outcome = harness.run(released, {"value": value})

    assert outcome.output == value
    assert type(outcome.output) is type(value)
    assert harness.actions.calls[1].body == {"value": value, "given": value}


def test_text_from_a_response_is_never_read_as_a_reference() -> None:
    harness = Harness(secrets={"key": "hunter22"})
    harness.answer("create", {"text": "$Secret{key} $Input{x} $$"})
    harness.answer("send", None)
    released = release(
        sequence("main", action("create"), action("send", input={"body": "$Sequence{main}{create}{text}"})),
        output="$Sequence{main}{create}{text}",
    )

    outcome = harness.run(released, {"x": "$Secret{key}"})

    assert outcome.output == "$Secret{key} $Input{x} $$"
    assert harness.actions.calls[1].body == "$Secret{key} $Input{x} $$"


def test_references_read_everything_that_an_event_may_read() -> None:
    harness = Harness(secrets={"key": "hunter22"})
    harness.actions.tokens = [{"token": "tok-12345"}]
    harness.answer("send", None)
    mapping = {
        "input": "$Input{x}",
        "auth": "$Auth{login}{token}",
        "variable": "$Variable{orders}{shop}",
        "constant": "$Constant{orders}{currency}",
        "secret": "$Secret{key}",
        "env": "$Env{slug}",
        "run": "$Run{id}",
        "now": "$Now",
        "call": {"function": "double", "values": ["$Input{x}"]},
    }
    harness.answer_function("double", lambda value: value["n"] * 2)
    released = release(
        sequence("main", action("send", input={"body": mapping})),
        functions={"double": {"input": [{"key": "n", "type": "number"}]}},
    )

    assert harness.run(released, {"x": 4}).status == "succeeded"
    assert harness.actions.calls[0].body == {
        "input": 4,
        "auth": "tok-12345",
        "variable": "north",
        "constant": "EUR",
        "secret": "hunter22",
        "env": "dev",
        "run": "run-1",
        "now": 1767268800000,
        "call": 8,
    }


def test_secrets_and_tokens_are_in_nothing_that_is_stored() -> None:
    harness = Harness(secrets={"key": "hunter22"})
    harness.actions.tokens = [{"token": "tok-12345"}]
    harness.answer("send", {"echo": "tok-12345 and hunter22"})
    harness.answer("fail", ConnectorError("https://x/?key=hunter22&token=tok-12345 said no", code="http_400"))
    mapping = {"headers": {"X-Token": "$Auth{login}{token}", "Authorization": "Basic abc"}, "body": "$Secret{key}"}
    released = release(
        sequence(
            "main",
            action("send", input=mapping),
            action("maybe", condition={"subject": "$Sequence{main}{send}{echo}", "value": "tok-12345"}),
            action("fail"),
        )
    )

    outcome = harness.run(released)

    stored = repr(harness.recorder.records) + repr(outcome)
    assert harness.actions.calls[0].headers["X-Token"] == "tok-12345"
    assert outcome.status == "failed"
    assert "tok-12345" not in stored
    assert "hunter22" not in stored
    assert "Basic abc" not in stored
    assert "[redacted]" in stored


def test_output_does_not_hold_a_token() -> None:
    harness = Harness()
    harness.actions.tokens = [{"token": "tok-12345"}]
    harness.answer("send", {"echo": "tok-12345"})
    released = release(
        sequence("main", action("send", input={"headers": {"X": "$Auth{login}{token}"}})),
        output="$Sequence{main}{send}{echo}",
    )

    assert harness.run(released).output == "[redacted]"


def test_code_feature_runs_its_function_on_the_input() -> None:
    harness = Harness()
    harness.answer_function("CODE", lambda value: {"twice": value["n"] * 2})

    outcome = harness.run(Release.parse(_CODE), {"n": 4})

    assert outcome == Outcome(status="succeeded", output={"twice": 8})
    assert harness.statuses("feature") == ["succeeded"]
    assert harness.records("feature")[0].key.sequence == "main"


def test_code_feature_that_returns_something_else_than_it_says_fails() -> None:
    harness = Harness()
    harness.answer_function("CODE", [1])

    outcome = harness.run(Release.parse(_CODE))

    assert outcome.error == RunError(code="bad_result", message="result: should be an object", place="main/feature")


def test_function_gets_its_defaults_and_its_logs_are_kept() -> None:
    harness = Harness()
    harness.answer_function("sum", lambda value: FunctionResult(value=value, logs=(LogLine("log", "hello"),)))
    fields = [{"key": "a", "type": "number"}, {"key": "b", "type": "number", "defaultValue": 5, "required": False}]
    released = release(
        sequence("main", function("sum", input={"a": "$Input{a}"})),
        functions={"sum": {"input": fields}},
        output="$Sequence{main}{sum}",
    )

    outcome = harness.run(released, {"a": 0})

    assert outcome.output == {"a": 0, "b": 5}
    assert [record.logs for record in harness.records("sum")] == [(LogLine("log", "hello"),)]


def test_function_with_a_wrong_input_is_not_called() -> None:
    harness = Harness()
    released = release(
        sequence("main", function("sum", input={"a": "$Input{a}"})),
        functions={"sum": {"input": [{"key": "a", "type": "number"}]}},
    )

    outcome = harness.run(released, {"a": True})

    assert outcome.error is not None
    assert outcome.error.code == "bad_input"
    assert harness.functions.calls == []


def test_error_of_a_function_keeps_its_line_and_logs() -> None:
    harness = Harness()
    error = SandboxError("boom", code="threw", line=3, column=7, logs=[LogLine("log", "before")])

    def throw(_: Any) -> Any:
        raise error

    harness.answer_function("sum", throw)

    outcome = harness.run(release(sequence("main", function("sum"))))

    record = harness.records("sum")[0]
    assert outcome.error == RunError(code="threw", message="boom", place="main/sum")
    assert record.error is not None
    assert (record.error.line, record.error.column) == (3, 7)
    assert record.logs == (LogLine("log", "before"),)


def test_error_without_a_response_is_an_error_like_any_other() -> None:
    harness = Harness()
    harness.answer("create", ConnectorError("", code="connection_failed", retryable=True))

    outcome = harness.run(release(sequence("main", action("create"))))

    assert outcome.status == "failed"
    assert outcome.error is not None
    assert (outcome.error.code, outcome.error.place) == ("connection_failed", "main/create")


def test_action_input_is_completed_checked_and_decorated() -> None:
    harness = Harness()
    harness.answer("create", None)
    body = [
        {"key": "name", "type": "string", "decorator": "Mr ", "decoratorPosition": "prepend"},
        {"key": "count", "type": "number", "defaultValue": 1, "required": False},
    ]
    released = release(
        sequence("main", action("create", input={"name": "$Input{name}"})), actions={"create": {"body": body}}
    )

    assert harness.run(released, {"name": "X"}).status == "succeeded"
    assert harness.actions.calls[0].body == {"name": "Mr X", "count": 1}
    assert harness.run(released, {"name": 1}).error is not None
    assert len(harness.actions.calls) == 1


def test_app_without_a_binding_in_this_environment_fails_its_event() -> None:
    harness = Harness(bindings={})

    outcome = harness.run(release(sequence("main", action("create"))))

    assert outcome.error is not None
    assert (outcome.error.code, outcome.error.message) == (
        "not_bound",
        'the app "orders" is not bound in the environment "dev"',
    )


def test_event_that_nothing_runs_yet_fails_when_it_is_met() -> None:
    harness = Harness()

    outcome = harness.run(release(sequence("main", {"type": "notification", "event": "nightly"})))

    assert outcome.error is not None
    assert outcome.error.code == "not_available"


def test_definition_that_cannot_be_planned_is_an_outcome() -> None:
    released = release(sequence("a", action("x"), parents=["b"]), sequence("b", action("y"), parents=["a"]))

    outcome = Harness().run(released)

    assert outcome.status == "failed"
    assert outcome.error is not None
    assert outcome.error.code == "bad_definition"
    assert "a → b → a" in outcome.error.message or "b → a → b" in outcome.error.message


def test_fault_of_this_program_comes_out_as_itself() -> None:
    harness = Harness()
    harness.answer("create", ZeroDivisionError())
    harness.answer("other", after(1, None))

    with pytest.raises(ZeroDivisionError):
        harness.run(release(sequence("main", action("create")), sequence("beside", action("other"))))


def test_run_that_takes_too_long_fails_and_rolls_back() -> None:
    harness = Harness()
    harness.answer("create", after(2, {"id": 1}))
    harness.answer("slow", after(60, None))
    harness.answer("remove", None)
    released = release(
        sequence("main", action("create", rollback=action("remove")), action("slow"), action("never")), timeout=10
    )

    outcome = harness.run(released)

    assert outcome == Outcome(
        status="failed", error=RunError(code="run_timeout", message="the run took longer than its 10 s")
    )
    assert harness.clock.seconds == pytest.approx(10)
    assert harness.called() == ["create", "slow", "remove"]
    assert [record.error and record.error.code for record in harness.records("slow")] == ["run_timeout"]


def test_cancelling_breaks_off_calls_and_rolls_nothing_back() -> None:
    harness = Harness()
    harness.answer("create", {"id": 1})
    harness.answer("slow", after(3600, None))
    released = release(sequence("main", action("create", rollback=action("remove")), action("slow")))

    async def cancelled() -> Outcome:
        asyncio.get_running_loop().call_later(5, harness.cancellation.cancel)
        return await execute(harness.context(released))

    outcome = run(cancelled(), clock=harness.clock)

    assert outcome == Outcome(status="cancelled")
    assert harness.clock.seconds == pytest.approx(5)
    assert harness.called() == ["create", "slow"]
    assert [(record.status, record.reason) for record in harness.records("slow")] == [
        ("cancelled", "the run was cancelled")
    ]


def test_cancelling_from_another_thread_is_heard() -> None:
    harness = Harness()
    released = release(sequence("main", action("slow")))

    async def answer(_: Any) -> Any:
        await asyncio.to_thread(harness.cancellation.cancel)
        await asyncio.sleep(3600)

    harness.answer("slow", answer)

    assert harness.run(released).status == "cancelled"
    assert harness.clock.seconds < 1


def test_run_that_was_cancelled_before_it_starts_calls_nothing() -> None:
    harness = Harness()
    harness.cancellation.cancel()

    assert harness.run(release(sequence("main", action("create")))).status == "cancelled"
    assert harness.called() == []


def test_stopping_the_process_leaves_the_step_running_for_the_next_execution() -> None:
    harness = Harness()
    harness.answer("slow", after(3600, None))
    released = release(sequence("main", action("slow")))

    async def stopped() -> None:
        work = asyncio.create_task(execute(harness.context(released)))
        await asyncio.sleep(1)
        work.cancel()
        await work

    with pytest.raises(asyncio.CancelledError):
        run(stopped(), clock=harness.clock)

    assert [record.status for record in harness.recorder.records] == ["running"]


def test_function_in_a_mapping_that_is_given_too_much_fails_the_event() -> None:
    harness = Harness()
    call = {"function": "double", "values": [1, 2]}
    released = release(
        sequence("main", action("send", input={"body": call})),
        functions={"double": {"input": [{"key": "n", "type": "number"}]}},
    )

    outcome = harness.run(released)

    assert outcome.error is not None
    assert (outcome.error.code, outcome.error.message) == (
        "bad_input",
        'values: function "double" takes 1 of them, not 2',
    )
