"""The program of a child process: one request a line, run in a fresh JavaScript context, one reply a line.

Request: `{"javascript": text, "input": JSON text, "has_long_integers": bool, "time_seconds": number, "memory_bytes": n,
"stack_bytes": n, "output_bytes": n, "log_bytes": n}`; without `input` the script is only parsed.
Reply: `{"json": text, "logs": [[level, text], …]}`, or `{"code", "name", "message", "stack", "logs"}`.
The first line written, before any request, is what `lock_down` returned.
"""

from __future__ import annotations

import importlib.machinery
import importlib.util
import json
import os
import resource
import sys
import time
from collections.abc import Callable
from typing import Any

from integrations.connectors.functions.sandbox.lockdown import lock_down

#: Room beside the JavaScript heap: Python's own copies of a request and its reply.
_OVERHEAD_BYTES = 64 * 1024 * 1024


def main() -> None:
    """Serve until the parent closes its end. Arguments: `{"engine": path, "runtime": path, "memory_bytes": n}`."""
    settings = json.loads(sys.argv[1])
    engine = _load_engine(settings["engine"])
    with open(settings["runtime"], encoding="utf-8") as file:  # noqa: PTH123 - pathlib takes 10 ms to load
        runtime = file.read()
    requests = os.fdopen(0, "rb")
    sys.path.clear()
    _send(lock_down(memory_bytes=settings["memory_bytes"] + _OVERHEAD_BYTES))
    realm = Realm(engine, runtime)
    for line in requests:
        _send(realm.answer(json.loads(line)))
        # Made while nobody waits for it.
        realm = Realm(engine, runtime)
    os._exit(0)


def _load_engine(path: str) -> Any:
    """Return the engine module by its file; the packages that lie beside it cannot be imported."""
    loader = importlib.machinery.ExtensionFileLoader("_quickjs", path)
    spec = importlib.util.spec_from_loader("_quickjs", loader)
    assert spec is not None  # noqa: S101 - for the type checker; a loader was given
    module = importlib.util.module_from_spec(spec)
    loader.exec_module(module)
    return module


def _send(message: dict[str, Any]) -> None:
    data = memoryview(json.dumps(message).encode() + b"\n")
    while data:
        data = data[os.write(1, data) :]


class Realm:
    """One fresh JavaScript world, for one call."""

    def __init__(self, engine: Any, runtime: str) -> None:
        self._context = engine.Context()
        self._host: Callable[..., Any] = self._context.eval(runtime)
        self._deadline = 0.0

    def answer(self, request: dict[str, Any]) -> dict[str, Any]:
        self._limit(request)
        try:
            outcome = self._run(request)
        except Exception as error:  # the engine's errors share no base class
            outcome = _failure(error)
        return outcome | {"logs": self._logs()}

    def _limit(self, request: dict[str, Any]) -> None:
        seconds = request["time_seconds"]
        self._deadline = time.monotonic() + seconds
        self._context.set_memory_limit(request["memory_bytes"])
        self._context.set_max_stack_size(request["stack_bytes"])
        # For loops that the engine's own limit does not see, if the parent should be too late: the kernel ends us.
        cpu_seconds = int(time.process_time() + seconds) + 2
        resource.setrlimit(resource.RLIMIT_CPU, (cpu_seconds, resource.RLIM_INFINITY))

    def _run(self, request: dict[str, Any]) -> dict[str, Any]:
        main = self._enter(lambda: self._evaluate(request["javascript"]))
        if "input" not in request:
            return {"json": "null"}
        started = (main, request["input"], request["has_long_integers"], request["log_bytes"])
        self._enter(lambda: self._host("start", *started))
        while not self._host("isSettled") and self._enter(self._context.execute_pending_job):
            pass
        return self._outcome(request["output_bytes"])

    def _evaluate(self, javascript: str) -> Any:
        try:
            return self._context.eval(javascript)
        except Exception as error:
            if str(error).startswith("SyntaxError"):
                raise ScriptUnreadable(str(error)) from None
            raise

    def _enter(self, step: Callable[[], Any]) -> Any:
        """Run one entry into the engine within what is left of the time; the engine restarts its clock on each."""
        left = self._deadline - time.monotonic()
        if left <= 0:
            raise OutOfTime
        self._context.set_time_limit(left)
        return step()

    def _outcome(self, output_bytes: int) -> dict[str, Any]:
        if not self._host("isSettled"):
            message = "the promise never settles: nothing is left that could settle it"
            return {"code": "threw", "name": "", "message": message, "stack": ""}
        text = self._enter(lambda: self._host("json"))
        if text is None:
            return _classified(json.loads(self._enter(lambda: self._host("failure"))))
        size = len(text) if text.isascii() else len(text.encode())
        if size > output_bytes:
            return _plain_failure("output", f"the result is larger than {output_bytes} bytes ({size})")
        return {"json": text}

    def _logs(self) -> list[Any]:
        try:
            self._context.set_time_limit(0.2)
            logs = json.loads(self._host("logs"))
        except Exception:
            # Out of memory or time there are no logs, and the failure itself says why.
            return []
        return logs if isinstance(logs, list) else []


class OutOfTime(Exception):
    """The call used up its time."""


class ScriptUnreadable(Exception):
    """The engine cannot parse the script."""


def _failure(error: Exception) -> dict[str, Any]:
    """Return the reply for an error that came out of the engine: what no JavaScript caught."""
    if isinstance(error, OutOfTime):
        return _plain_failure("timeout", "")
    head, _, stack = str(error).partition("\n")
    name, _, message = head.partition(": ")
    failure = {"code": "threw", "name": name, "message": message, "stack": stack}
    if isinstance(error, ScriptUnreadable):
        return failure | {"code": "syntax"}
    return _classified(failure)


def _classified(failure: dict[str, Any]) -> dict[str, Any]:
    """Give the engine's own errors their code. An author who fakes one changes a word in their own report."""
    if failure["name"] == "InternalError" and failure["message"] == "interrupted":
        return failure | {"code": "timeout"}
    if failure["name"] == "null" or "out of memory" in failure["message"]:
        return failure | {"code": "memory"}
    return failure


def _plain_failure(code: str, message: str) -> dict[str, Any]:
    return {"code": code, "name": "", "message": message, "stack": ""}
