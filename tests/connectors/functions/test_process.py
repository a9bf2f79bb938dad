from __future__ import annotations

import importlib.util
import signal
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from integrations.connectors.functions import process as process_module
from integrations.connectors.functions.limits import MEBIBYTE, Limits
from integrations.connectors.functions.process import ChildLost, ChildProcess, ChildSilent
from integrations.errors import SandboxError

LIMITS = Limits(memory_bytes=16 * MEBIBYTE)
REQUEST: dict[str, Any] = {
    "javascript": "(async(input)=>input\n)", "input": '"x"', "has_long_integers": False, "time_seconds": 2.0,
    "memory_bytes": 16 * MEBIBYTE, "stack_bytes": MEBIBYTE, "output_bytes": 1_000, "log_bytes": 1_000,
}  # fmt: skip


@pytest.fixture
def child() -> Iterator[ChildProcess]:
    child = ChildProcess(limits=LIMITS)
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


@pytest.fixture
def child_with_library(tmp_path: Path) -> Iterator[ChildProcess]:
    (tmp_path / "first.js").write_text("var calls = 0;\n")
    (tmp_path / "last.js").write_text("(input) => { calls += 1; if (input === 'fail') throw calls; return calls }")
    child = ChildProcess(limits=LIMITS, library=(tmp_path / "first.js", tmp_path / "last.js"))
    yield child
    child.kill()


def call_library(child: ChildProcess, text: str) -> Any:
    request = {name: value for name, value in REQUEST.items() if name != "javascript"} | {"input": text}
    reply = child.exchange(request, timeout_seconds=5, max_reply_bytes=10_000)
    return reply.get("json") or reply["code"]


def test_child_keeps_its_library_between_calls(child_with_library: ChildProcess) -> None:
    child = child_with_library

    assert [call_library(child, "1"), call_library(child, "1")] == ["1", "2"]


def test_child_loads_its_library_anew_after_a_call_that_failed(child_with_library: ChildProcess) -> None:
    child = child_with_library

    assert [call_library(child, text) for text in ("1", '"fail"', "1")] == ["1", "threw", "1"]


def test_child_ends_at_the_limit_of_a_call_and_what_was_logged_has_come(child: ChildProcess) -> None:
    request = REQUEST | {
        "javascript": "(async()=>{console.log('a');console.warn('b');for(;;){}}\n)",
        "time_seconds": 0.1,
    }

    with pytest.raises(ChildLost) as caught:
        child.exchange(request, timeout_seconds=5, max_reply_bytes=10_000)

    assert caught.value.logs == [["log", "a"], ["warn", "b"]]
    assert child.describe_end() == f"signal {int(signal.SIGALRM)}"


def test_child_runs_scripts_apart_from_its_library(child_with_library: ChildProcess) -> None:
    request = REQUEST | {"javascript": "(async()=>typeof calls\n)"}

    reply = child_with_library.exchange(request, timeout_seconds=5, max_reply_bytes=10_000)

    assert reply["json"] == '"undefined"'


def test_child_that_gets_nonsense_ends(child: ChildProcess) -> None:
    with pytest.raises(ChildLost):
        child.exchange({"nonsense": True}, timeout_seconds=5, max_reply_bytes=10_000)

    assert child.describe_end().startswith("exit code")


def test_child_that_cannot_start_is_unavailable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(process_module, "_BOOT", "raise SystemExit(3)")

    with pytest.raises(SandboxError, match="did not start") as caught:
        ChildProcess(limits=LIMITS)

    assert caught.value.code == "unavailable"


def test_child_without_an_interpreter_is_unavailable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "executable", "/nowhere/python")

    with pytest.raises(SandboxError, match="No such file") as caught:
        ChildProcess(limits=LIMITS)

    assert caught.value.code == "unavailable"


def test_child_without_the_engine_installed_is_unavailable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda _name: None)

    with pytest.raises(SandboxError, match="quickjs-ng is not installed"):
        ChildProcess(limits=LIMITS)
