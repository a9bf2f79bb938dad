"""The process's one event loop for runs, with what all of them share: the egress client, tokens, function processes."""

from __future__ import annotations

import asyncio
import atexit
import os
import threading
from collections.abc import Callable, Coroutine, Iterable
from concurrent.futures import Future
from dataclasses import dataclass
from functools import partial
from typing import Any, TypeVar

from integrations import conf
from integrations.clock import SystemClock
from integrations.connectors.base import ActionConnector, FunctionConnector
from integrations.connectors.egress import EgressClient, EgressPolicy
from integrations.connectors.functions.connector import FunctionConnector as PooledFunctionConnector
from integrations.connectors.http.connector import HttpActionConnector
from integrations.runtime.limits.circuits import CircuitBook

Result = TypeVar("Result")


@dataclass(frozen=True, slots=True)
class Reply:
    """A result or an error for a future on the loop."""

    to: asyncio.Future[Any]
    value: Any = None
    error: Exception | None = None


class Execution:
    """Work for `EventLoop.start`."""

    def __init__(self, work: Callable[[], Coroutine[Any, Any, Any]], done: Callable[[asyncio.Task[Any]], None]) -> None:
        """`done` is called on the loop once the work has ended; never when the loop was closed before it started."""
        self._work, self._done = work, done
        self._task: asyncio.Task[Any] | None = None

    def start(self) -> None:
        self._task = asyncio.get_running_loop().create_task(self._work())
        self._task.add_done_callback(self._done)

    def cancel(self) -> None:
        if self._task is not None:
            self._task.cancel()


class EventLoop:
    """An event loop in a thread of its own. Connections and tokens outlive a run; nothing outlives the process."""

    def __init__(self) -> None:
        self.clock = SystemClock()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="runs", daemon=True)
        self._thread.start()
        self._client = EgressClient(policy=EgressPolicy.parse(conf.egress_allow()))
        self.submit(self._client.__aenter__()).result()
        self.actions: ActionConnector = HttpActionConnector(client=self._client, clock=self.clock)
        self.functions: FunctionConnector = PooledFunctionConnector()
        self.circuits = CircuitBook(self.clock)

    def submit(self, work: Coroutine[Any, Any, Result]) -> Future[Result]:
        """Start `work` on the loop; the future is for threads."""
        return asyncio.run_coroutine_threadsafe(work, self._loop)

    def start(self, executions: Iterable[Execution]) -> None:
        """Start all of these on the loop, which is woken once for them."""
        self._call_each([execution.start for execution in executions])

    def cancel(self, executions: Iterable[Execution]) -> None:
        """Cancel these on the loop, after they were started."""
        self._call_each([execution.cancel for execution in executions])

    def reply(self, replies: list[Reply]) -> None:
        """Give replies to what waits for them on the loop; what was cancelled in the meantime gets none."""
        self._call_each([partial(_resolve, reply) for reply in replies])

    def _call_each(self, calls: list[Callable[[], None]]) -> None:
        if calls:
            self._loop.call_soon_threadsafe(_call_each, calls)

    def close(self) -> None:
        """Cancel what still executes, close the connections and stop the loop."""
        self.submit(_cancel_others()).result(timeout=5)
        self.submit(self._client.__aexit__()).result(timeout=5)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(timeout=5)
        self._loop.close()


async def _cancel_others() -> None:
    others = asyncio.all_tasks() - {asyncio.current_task()}
    for task in others:
        task.cancel()
    await asyncio.gather(*others, return_exceptions=True)


def _call_each(calls: list[Callable[[], None]]) -> None:
    for call in calls:
        call()


def _resolve(reply: Reply) -> None:
    if reply.to.done():
        return
    if reply.error is not None:
        reply.to.set_exception(reply.error)
    else:
        reply.to.set_result(reply.value)


_lock = threading.Lock()
_current: tuple[int, EventLoop] | None = None


def shared() -> EventLoop:
    """Return this process's event loop, made on first use; a forked child makes its own."""
    global _current
    with _lock:
        if _current is None or _current[0] != os.getpid():
            _current = (os.getpid(), EventLoop())
        return _current[1]


def close() -> None:
    """Close this process's event loop if it has one; the next run makes a new one."""
    global _current
    with _lock:
        last, _current = _current, None
    if last is not None and last[0] == os.getpid():
        last[1].close()


atexit.register(close)
