"""The program of a child process: one request a line, run in a fresh JavaScript context, one reply a line.

Request: `{"javascript": text, "input": JSON text, "has_long_integers": bool, "time_seconds": number, "memory_bytes": n,
"stack_bytes": n, "output_bytes": n, "log_bytes": n}`; without `input` the script is only parsed, and without
`javascript` the child's library is called, in a context that it keeps.
Reply: `{"json": text}`, or `{"code", "name", "message", "stack"}`. Before it comes `{"log": [level, text]}` for each
line logged, at once, so that none is lost with a process that is ended. At its limit a call ends with this process: the
kernel watches the clock, whatever the engine is doing and however busy the machine is.
The first line written, before any request, is what `lock_down` returned.
"""

from __future__ import annotations

import importlib.machinery
import importlib.util
import json
import os
import signal
import sys
from collections.abc import Callable
from typing import Any

from integrations.connectors.functions.sandbox.lockdown import STACK_RESERVE, lock_down, stack_room

#: Room beside the JavaScript heap: Python's own copies of a request and its reply.
_OVERHEAD_BYTES = 64 * 1024 * 1024


def main() -> None:
    """Serve until the parent closes its end.

    Arguments: `{"engine": path, "runtime": path, "telling": path, "library": [path, …], "memory_bytes": n,
    "stack_bytes": n}`. The files of `library` are one script whose value is a function.
    """
    settings = json.loads(sys.argv[1])
    engine = _load_engine(settings["engine"])
    runtime = f"({_text_of(settings['runtime'])})({json.dumps(_text_of(settings['telling']))})"
    library = "\n".join(map(_text_of, settings["library"]))
    requests = os.fdopen(0, "rb")
    sys.path.clear()
    memory_bytes, stack_bytes = settings["memory_bytes"], settings["stack_bytes"]
    _send(lock_down(memory_bytes=memory_bytes + _OVERHEAD_BYTES, stack_bytes=stack_bytes + STACK_RESERVE))
    realms = Realms(engine, runtime, library)
    for line in requests:
        _send(realms.answer(json.loads(line)))
        # Made while nobody waits for it.
        realms.prepare()
    os._exit(0)


def _text_of(path: str) -> str:
    with open(path, encoding="utf-8") as file:  # noqa: PTH123 - pathlib takes 10 ms to load
        return file.read()


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


class Realms:
    """The contexts of a child: a fresh one for every script, and one that its library stays in."""

    def __init__(self, engine: Any, runtime: str, library: str) -> None:
        self._engine, self._runtime, self._library = engine, runtime, library
        self._fresh: Realm | None = None
        self._kept: Realm | None = None
        self.prepare()

    def prepare(self) -> None:
        """Make what the last request used up."""
        self._fresh = self._fresh or Realm(self._engine, self._runtime)
        if self._library:
            self._kept = self._kept or Realm(self._engine, self._runtime, self._library)

    def answer(self, request: dict[str, Any]) -> dict[str, Any]:
        if "javascript" in request:
            realm, self._fresh = self._fresh, None
        else:
            realm, self._kept = self._kept, None
        assert realm is not None  # noqa: S101 - for the type checker; only a child with a library is asked for it
        reply = realm.answer(request)
        if "javascript" not in request and "json" in reply:
            # A library that was stopped midway may have left anything behind, one that has answered has not.
            self._kept = realm
        return reply


class Realm:
    """One JavaScript world."""

    def __init__(self, engine: Any, runtime: str, library: str = "") -> None:
        self._context = engine.Context()
        self._context.add_callable("$hostSend", lambda level, text: _send({"log": [level, text]}))
        # `runtime.js` takes it away before any author's code runs.
        self._host: Callable[..., Any] = self._context.eval(runtime)
        self._library = self._context.eval(library) if library else None
        self._stack_room = stack_room()

    def answer(self, request: dict[str, Any]) -> dict[str, Any]:
        """Return the reply, or end with the whole process where the time is up."""
        self._limit(request)
        try:
            return self._run(request)
        except Exception as error:  # the engine's errors share no base class
            return _failure(error)
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0)

    def _limit(self, request: dict[str, Any]) -> None:
        signal.setitimer(signal.ITIMER_REAL, request["time_seconds"])
        self._context.set_memory_limit(request["memory_bytes"])
        self._context.set_max_stack_size(min(request["stack_bytes"], self._stack_room))

    def _run(self, request: dict[str, Any]) -> dict[str, Any]:
        main = self._library if "javascript" not in request else self._evaluate(request["javascript"])
        if "input" not in request:
            return {"json": "null"}
        started = (main, request["input"], request["has_long_integers"], request["log_bytes"])
        self._host("start", *started)
        while not self._host("isSettled") and self._context.execute_pending_job():
            pass
        return self._outcome(request["output_bytes"])

    def _evaluate(self, javascript: str) -> Any:
        try:
            return self._context.eval(javascript)
        except Exception as error:
            if str(error).startswith("SyntaxError"):
                raise ScriptUnreadable(str(error)) from None
            raise

    def _outcome(self, output_bytes: int) -> dict[str, Any]:
        if not self._host("isSettled"):
            message = "the promise never settles: nothing is left that could settle it"
            return {"code": "threw", "name": "", "message": message, "stack": ""}
        text = self._host("json")
        if text is None:
            return _classified(json.loads(self._host("failure")))
        size = len(text) if text.isascii() else len(text.encode())
        if size > output_bytes:
            return _plain_failure("output", f"the result is larger than {output_bytes} bytes ({size})")
        return {"json": text}


class ScriptUnreadable(Exception):
    """The engine cannot parse the script."""


def _failure(error: Exception) -> dict[str, Any]:
    """Return the reply for an error that came out of the engine: what no JavaScript caught."""
    head, _, stack = str(error).partition("\n")
    name, _, message = head.partition(": ")
    failure = {"code": "threw", "name": name, "message": message, "stack": stack}
    if isinstance(error, ScriptUnreadable):
        return failure | {"code": "syntax"}
    return _classified(failure)


def _classified(failure: dict[str, Any]) -> dict[str, Any]:
    """Give the engine's own errors their code. An author who fakes one changes a word in their own report."""
    if failure["name"] == "null" or "out of memory" in failure["message"]:
        return failure | {"code": "memory"}
    return failure


def _plain_failure(code: str, message: str) -> dict[str, Any]:
    return {"code": code, "name": "", "message": message, "stack": ""}
