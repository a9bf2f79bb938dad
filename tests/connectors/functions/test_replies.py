"""What a child sends is treated as a stranger's: these replies are what a broken or taken-over child might say."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from integrations.connectors.base import FunctionResult, LogLine
from integrations.connectors.functions.limits import Limits
from integrations.connectors.functions.replies import result_of
from integrations.errors import SandboxError

LIMITS = Limits(output_bytes=1_000)


def read(reply: dict[str, Any]) -> FunctionResult:
    return result_of(reply, javascript="(x\n)", limits=LIMITS, duration_ms=1.0)


def test_reply_with_a_value_is_a_result() -> None:
    reply = {"json": '{"a": [1, 2.5, null]}', "logs": [["warn", "careful"]]}

    assert read(reply) == FunctionResult(
        value={"a": [1, 2.5, None]}, logs=(LogLine("warn", "careful"),), duration_ms=1.0
    )


@pytest.mark.parametrize(
    "text",
    [
        "NaN",
        "{",
        '{"a": 1, "a": 2}',
        '"\\ud800"',
        '"\\u0000"',
        "99999999999999999999",
        "[" * 100 + "]" * 100,
        "1" * 2_000,
    ],
)
def test_reply_with_text_that_cannot_be_stored_is_refused(text: str) -> None:
    with pytest.raises(SandboxError) as caught:
        read({"json": text, "logs": []})

    assert caught.value.code == "output"


@pytest.mark.parametrize("logs", [None, 7, "text", [["shout", "x"]], [["log"]], [["log", 5]], [[[], "x"]], ["x"]])
def test_reply_with_malformed_logs_loses_them(logs: object) -> None:
    assert read({"json": "1", "logs": logs}).logs == ()


@pytest.mark.parametrize("reply", [{}, {"code": "no such code"}, {"code": ["threw"]}, {"logs": [["log", "x"]]}])
def test_reply_that_is_neither_value_nor_failure_is_a_crash(reply: dict[str, Any]) -> None:
    with pytest.raises(SandboxError) as caught:
        read(reply)

    assert caught.value.code == "crashed"
    assert caught.value.retryable


def test_reply_with_a_very_long_message_is_shortened() -> None:
    with pytest.raises(SandboxError) as caught:
        read({"code": "threw", "name": "Error", "message": "x" * 100_000})

    assert len(caught.value.message) < 2_100


json_values = st.recursive(
    st.none() | st.integers() | st.text(max_size=5), lambda inner: st.lists(inner, max_size=3), max_leaves=5
)


@settings(max_examples=25)
@given(st.dictionaries(st.sampled_from(["json", "code", "name", "message", "stack", "logs"]), json_values))
def test_reply_of_any_shape_is_a_result_or_a_sandbox_error(reply: dict[str, Any]) -> None:
    try:
        result = read(reply)
    except SandboxError as error:
        assert error.code in {"crashed", "output"}
    else:
        assert isinstance(result, FunctionResult)
