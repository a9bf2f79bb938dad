from __future__ import annotations

import importlib.util
import sys
from collections.abc import Iterator
from typing import Any

import pytest

from integrations.connectors.functions import process as process_module
from integrations.connectors.functions.limits import MEBIBYTE
from integrations.connectors.functions.process import ChildLost, ChildProcess, ChildSilent
from integrations.errors import SandboxError

REQUEST: dict[str, Any] = {
    "javascript": "(async(input)=>input\n)", "input": '"x"', "has_long_integers": False, "time_seconds": 2.0,
    "memory_bytes": 16 * MEBIBYTE, "stack_bytes": MEBIBYTE, "output_bytes": 1_000, "log_bytes": 1_000,
}  # fmt: skip


@pytest.fixture
def child() -> Iterator[ChildProcess]:
    child = ChildProcess(memory_bytes=16 * MEBIBYTE)
    yield child
    child.kill()


def test_child_answers_one_request_after_another(child: ChildProcess) -> None:
    for _ in range(3):
        reply = child.exchange(REQUEST, timeout_seconds=5, max_reply_bytes=10_000)

        assert reply == {"json": '"x"', "logs": []}


def test_child_that_says_too_much_is_lost(child: ChildProcess) -> None:
    with pytest.raises(ChildLost, match="too long"):
        child.exchange(REQUEST, timeout_seconds=5, max_reply_bytes=5)


def test_child_that_does_not_answer_in_time_is_silent(child: ChildProcess) -> None:
    with pytest.raises(ChildSilent):
        child.exchange(REQUEST | {"javascript": "for(;;){}"}, timeout_seconds=0.05, max_reply_bytes=10_000)


def test_child_that_gets_nonsense_ends(child: ChildProcess) -> None:
    with pytest.raises(ChildLost):
        child.exchange({"nonsense": True}, timeout_seconds=5, max_reply_bytes=10_000)

    assert child.describe_end().startswith("exit code")


def test_child_that_cannot_start_is_unavailable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(process_module, "_BOOT", "raise SystemExit(3)")

    with pytest.raises(SandboxError, match="did not start") as caught:
        ChildProcess(memory_bytes=MEBIBYTE)

    assert caught.value.code == "unavailable"


def test_child_without_an_interpreter_is_unavailable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "executable", "/nowhere/python")

    with pytest.raises(SandboxError, match="No such file") as caught:
        ChildProcess(memory_bytes=MEBIBYTE)

    assert caught.value.code == "unavailable"


def test_child_without_the_engine_installed_is_unavailable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda _name: None)

    with pytest.raises(SandboxError, match="quickjs-ng is not installed"):
        ChildProcess(memory_bytes=MEBIBYTE)
