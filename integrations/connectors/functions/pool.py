"""Runs functions in a few warm child processes, for callers on any thread and any event loop."""

from __future__ import annotations

import asyncio
import atexit
import json
import os
import re
import time
import weakref
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any, ParamSpec, TypeVar

from integrations import strict_json
from integrations.connectors.base import FunctionResult
from integrations.connectors.functions import replies
from integrations.connectors.functions.isolation import Isolation
from integrations.connectors.functions.limits import Limits
from integrations.connectors.functions.process import ChildLost, ChildProcess, ChildSilent
from integrations.errors import SandboxError
from integrations.types import Json

_P = ParamSpec("_P")
_T = TypeVar("_T")

#: A child is replaced after this many calls, so that nothing can pile up in one.
CALLS_PER_CHILD = 2_000
#: How much later than a call's limit this process kills the child, if the child's own timer did not.
_GRACE_SECONDS = 0.25
_LONG_INTEGER = re.compile(r"\d{16}")


class FunctionPool:
    """Up to `processes` child processes, started when first needed, replaced when they die or have served long enough.

    Each has a thread that waits for it, so calls may come from any thread or event loop, and children stay warm between
    loops. A process forked from this one starts children of its own.
    """

    def __init__(
        self,
        *,
        processes: int,
        limits: Limits | None = None,
        library: tuple[Path, ...] = (),
        allow_weak_isolation: bool = False,
    ) -> None:
        """`allow_weak_isolation` lets functions run where the system cannot keep files or network from a child.

        The files of `library` are one script whose value is a function. Each child loads it once, for `call_library`.
        """
        self.processes = processes
        self._library = library
        self.limits = limits or Limits()
        self._allow_weak_isolation = allow_weak_isolation
        self._start_over()
        _pools.add(self)

    async def call(self, javascript: str, value: Json, *, limits: Limits | None = None) -> FunctionResult:
        """Run a compiled function on `value` and return its result.

        `javascript` is `CompiledFunction.javascript`. Integers beyond 2^53 reach it as BigInt; a BigInt that fits 64
        bits is an integer in the result, and a whole number beyond 2^53 a float. `undefined` is null.

        A call whose task is canceled is not started; one that has been started ends within its own limits.

        Raises:
            SandboxError: see there for the codes; `crashed` is retryable.
            InvalidInput: `value` is not JSON.
        """
        return await asyncio.wrap_future(self._submit(javascript, value, limits))

    def call_sync(self, javascript: str, value: Json, *, limits: Limits | None = None) -> FunctionResult:
        """Do what `call` does, for callers without an event loop."""
        return self._submit(javascript, value, limits).result()

    def call_library(self, value: Json) -> FunctionResult:
        """Call the function that is the pool's library. What it keeps between calls, it keeps.

        Raises:
            SandboxError: as `call` does.
        """
        return self._start(self._serve, _passed(value), self.limits).result()

    def check_syntax(self, javascript: str, *, limits: Limits | None = None) -> None:
        """Let the engine parse `javascript` without calling it.

        Raises:
            SandboxError: `syntax`, with line and column; or it takes more than `limits`.
        """
        self._start(self._serve, {"javascript": javascript}, limits or self.limits).result()

    def isolation(self) -> Isolation:
        """Return what keeps user code in here, as a child found it.

        Raises:
            SandboxError: `unavailable`, no child can be had, or it is not kept in well enough.
        """
        return self._start(self._isolation_of_a_child).result()

    def end_idle(self) -> None:
        """End the children that are not in use; the next call starts one."""
        while child := self._idle_child():
            self._discard(child)

    async def close(self) -> None:
        """End every child; calls in progress fail. The pool is of no use afterwards."""
        await asyncio.to_thread(self.close_sync)

    def close_sync(self) -> None:
        """Do what `close` does, for callers without an event loop."""
        self._closed = True
        for child in tuple(self._children):
            child.interrupt()
        self._executor.shutdown(wait=True)
        for child in tuple(self._children):
            self._discard(child)

    def _start_over(self) -> None:
        self._closed = False
        self._children: set[ChildProcess] = set()
        self._idle: deque[ChildProcess] = deque()
        # A thread starts a child and dies with the pool, never earlier: a child is killed with the thread that made it.
        self._executor = ThreadPoolExecutor(self.processes, thread_name_prefix="function")

    def _after_fork(self) -> None:
        """Leave the children to the process that started them."""
        for child in self._children:
            child.forget()
        self._start_over()

    def _submit(self, javascript: str, value: Json, limits: Limits | None) -> Future[FunctionResult]:
        return self._start(self._serve, {"javascript": javascript} | _passed(value), limits or self.limits)

    def _start(self, work: Callable[_P, _T], *args: _P.args, **kwargs: _P.kwargs) -> Future[_T]:
        try:
            return self._executor.submit(work, *args, **kwargs)
        except RuntimeError:
            raise _closed_error() from None

    def _isolation_of_a_child(self) -> Isolation:
        with self._borrowed() as child:
            return child.isolation

    def _serve(self, request: dict[str, Any], limits: Limits) -> FunctionResult:
        with self._borrowed() as child:
            started = time.perf_counter()
            reply = _exchange(child, request | self._bounded(limits), limits)
            duration_ms = (time.perf_counter() - started) * 1000
        return replies.result_of(
            reply, javascript=request.get("javascript", ""), limits=limits, duration_ms=duration_ms
        )

    def _bounded(self, limits: Limits) -> dict[str, Any]:
        # A child's address space was fixed for the pool's own limits when it started.
        fixed = ("memory_bytes", "stack_bytes")
        return asdict(limits) | {name: min(getattr(limits, name), getattr(self.limits, name)) for name in fixed}

    @contextmanager
    def _borrowed(self) -> Iterator[ChildProcess]:
        """Lend a living child; one that an exception passed through is not lent again."""
        if self._closed:
            raise _closed_error()
        child = self._idle_child() or self._new_child()
        try:
            yield child
        except BaseException:
            self._discard(child)
            raise
        if child.calls >= CALLS_PER_CHILD:
            self._discard(child)
        else:
            self._idle.append(child)

    def _idle_child(self) -> ChildProcess | None:
        while self._idle:
            try:
                # The last one back is the one whose memory is still in the processor's cache.
                child = self._idle.pop()
            except IndexError:
                return None
            if child.is_alive():
                return child
            self._discard(child)
        return None

    def _new_child(self) -> ChildProcess:
        child = ChildProcess(limits=self.limits, library=self._library)
        self._children.add(child)
        if child.isolation.is_sufficient or self._allow_weak_isolation:
            return child
        self._discard(child)
        raise SandboxError(
            f"functions are off: this system cannot isolate them ({child.isolation})", code="unavailable"
        )

    def _discard(self, child: ChildProcess) -> None:
        child.kill()
        self._children.discard(child)


def _exchange(child: ChildProcess, request: dict[str, Any], limits: Limits) -> dict[str, Any]:
    # JSON may escape a character of text as six; the child sends the result as JSON text inside JSON.
    longest = 12 * (limits.output_bytes + limits.log_bytes) + 100_000
    end = time.monotonic() + limits.time_seconds
    try:
        return child.exchange(request, timeout_seconds=limits.time_seconds + _GRACE_SECONDS, max_reply_bytes=longest)
    except ChildLost as error:
        logs = replies.logs_of({"logs": error.logs})
        # At the limit it ends itself. Asking how it ended would take the time that it has used up.
        if isinstance(error, ChildSilent) or time.monotonic() >= end:
            raise SandboxError(replies.timeout_message(limits), code="timeout", logs=logs) from None
        message = f"the function's process ended ({child.describe_end()}): {error}"
        raise SandboxError(message, code="crashed", logs=logs) from None


def _passed(value: Json) -> dict[str, Any]:
    text = _encode(value)
    return {"input": text, "has_long_integers": _LONG_INTEGER.search(text) is not None}


def _encode(value: Json) -> str:
    try:
        return json.dumps(value, allow_nan=False, separators=(",", ":"))
    except (TypeError, ValueError, RecursionError):
        # Says what is wrong and where.
        strict_json.check(value)
        raise


def _closed_error() -> SandboxError:
    return SandboxError("functions are unavailable: the pool is closed", code="unavailable")


#: Every pool of this process, for what happens to a process as a whole.
_pools: weakref.WeakSet[FunctionPool] = weakref.WeakSet()


def _forget_children() -> None:
    for pool in _pools:
        pool._after_fork()  # noqa: SLF001 - this module's own class


def _close_pools() -> None:
    for pool in tuple(_pools):
        pool.close_sync()


os.register_at_fork(after_in_child=_forget_children)
atexit.register(_close_pools)
