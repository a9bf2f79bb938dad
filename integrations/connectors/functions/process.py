"""The parent's side of one child process: start it, exchange one request for one reply, end it."""

from __future__ import annotations

import importlib.util
import json
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from integrations.connectors.functions.isolation import Isolation
from integrations.connectors.functions.limits import Limits
from integrations.errors import SandboxError

_HERE = Path(__file__).parent
_ROOT = _HERE.parents[2]
_BOOT = (
    "import sys; sys.path.insert(0, sys.argv[2]); "
    "from integrations.connectors.functions.sandbox.child import main; main()"
)
_START_SECONDS = 20.0
_READ_BYTES = 256 * 1024


class ChildLost(Exception):
    """The child process ended, or said something that it never says; it is of no more use."""

    def __init__(self, message: str = "") -> None:
        super().__init__(message)
        #: What was logged until then, as the child sent it.
        self.logs: list[Any] = []


class ChildSilent(ChildLost):
    """The child process did not answer in time."""


class ChildProcess:
    """One warm child. Not thread-safe: whoever holds it is alone with it.

    It is killed when the thread that started it ends (PR_SET_PDEATHSIG), so that thread should live as long as it does.
    """

    def __init__(self, *, limits: Limits, library: tuple[Path, ...] = ()) -> None:
        """Start the process and wait until it has locked itself down.

        No request may have more memory or stack than `limits` say. The files of `library` are one script whose value is
        what a request without `javascript` calls.

        Raises:
            SandboxError: `unavailable`, it could not be started.
        """
        self.calls = 0
        command = _command(limits, library)
        self._socket, theirs = socket.socketpair()
        try:
            with theirs:
                self._process = _start(command, theirs)
        except OSError as error:
            self._socket.close()
            raise SandboxError(f"functions are unavailable: {error}", code="unavailable") from error
        self.isolation = self._greeting()

    @property
    def pid(self) -> int:
        return self._process.pid

    def is_alive(self) -> bool:
        return self._process.poll() is None

    def exchange(self, request: dict[str, Any], *, timeout_seconds: float, max_reply_bytes: int) -> dict[str, Any]:
        """Send `request` and return the reply; its `logs` are what was logged on the way.

        Raises:
            ChildSilent: nothing complete came within `timeout_seconds`.
            ChildLost: the child ended, or its reply is too long or not a JSON object.
        """
        self.calls += 1
        deadline = time.monotonic() + timeout_seconds
        logs: list[Any] = []
        try:
            self._socket.settimeout(timeout_seconds)
            self._socket.sendall(json.dumps(request).encode() + b"\n")
            messages = self._messages(deadline, max_reply_bytes)
            while "log" in (message := next(messages)):
                logs.append(message["log"])
            return message | {"logs": logs}
        except TimeoutError:
            raise _with_logs(ChildSilent(), logs) from None
        except OSError as error:
            raise _with_logs(ChildLost(str(error)), logs) from error
        except ChildLost as error:
            raise _with_logs(error, logs) from None

    def interrupt(self) -> None:
        """End the process from another thread; the one that holds it notices and cleans up."""
        self._process.kill()

    def kill(self) -> None:
        """End the process at once; harmless when it has ended."""
        self._process.kill()
        self._process.wait()
        self._socket.close()

    def forget(self) -> None:
        """Let go of a process that belongs to the process that this one was forked from."""
        self._socket.close()
        # It is not our child, so it cannot be waited for; this keeps Popen from complaining that nobody did.
        self._process.returncode = 0

    def describe_end(self) -> str:
        """Return how the process ended, for messages."""
        code = self._end()
        if code is None:
            return "it stopped making sense"
        return f"signal {-code}" if code < 0 else f"exit code {code}"

    def _end(self) -> int | None:
        """Return the exit code, negative for a signal; None while it has not ended, which it is given a moment for."""
        try:
            return self._process.wait(timeout=1)
        except subprocess.TimeoutExpired:
            return None

    def _greeting(self) -> Isolation:
        try:
            greeting = next(self._messages(time.monotonic() + _START_SECONDS, _READ_BYTES))
            return Isolation(**greeting)
        except (OSError, ChildLost, TypeError) as error:
            self.kill()
            raise SandboxError(
                "functions are unavailable: the child process did not start", code="unavailable"
            ) from error

    def _messages(self, deadline: float, max_bytes: int) -> Iterator[dict[str, Any]]:
        """Yield what the child says, a line each."""
        size = 0
        unfinished: list[bytes] = []
        while True:
            self._socket.settimeout(max(deadline - time.monotonic(), 0.001))
            chunk = self._socket.recv(_READ_BYTES)
            size += len(chunk)
            if not chunk or size > max_bytes:
                raise ChildLost("the reply is too long" if chunk else "the child process ended")
            *ended, rest = chunk.split(b"\n")
            for line in ended:
                yield _decoded(b"".join([*unfinished, line]))
                unfinished = []
            unfinished.append(rest)


def _with_logs(error: ChildLost, logs: list[Any]) -> ChildLost:
    error.logs = logs
    return error


def _command(limits: Limits, library: tuple[Path, ...]) -> list[str]:
    settings = {
        "engine": _engine_path(),
        "runtime": str(_HERE / "sandbox" / "runtime.js"),
        "telling": str(_HERE / "sandbox" / "telling.js"),
        "library": list(map(str, library)),
        "memory_bytes": limits.memory_bytes,
        "stack_bytes": limits.stack_bytes,
    }
    # -I and -S: no environment variables, no user or site packages. -B: writes no bytecode.
    return [sys.executable, "-I", "-S", "-B", "-c", _BOOT, json.dumps(settings), str(_ROOT)]


def _start(command: list[str], theirs: socket.socket) -> subprocess.Popen[bytes]:
    end = theirs.fileno()
    return subprocess.Popen(  # noqa: S603 - our own interpreter with fixed arguments
        command, stdin=end, stdout=end, stderr=subprocess.DEVNULL, env={}, cwd="/"
    )


def _engine_path() -> str:
    spec = importlib.util.find_spec("_quickjs")
    if spec is None or spec.origin is None:
        raise SandboxError("functions are unavailable: the package quickjs-ng is not installed", code="unavailable")
    return spec.origin


def _decoded(line: bytes) -> dict[str, Any]:
    try:
        reply = json.loads(line)
    except ValueError:
        raise ChildLost("the reply is not JSON") from None
    if not isinstance(reply, dict):
        raise ChildLost("the reply is not an object")
    return reply
