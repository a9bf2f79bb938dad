"""Sends "run N is due" to other machines through a broker, and sets Celery up for that.

A message is only a hint. The run is in the database, and a worker that gets no message finds it there a little later;
so a broker that is down costs time and loses nothing. What the broker has lost is sent again (`workers/redelivery.py`).
"""

from __future__ import annotations

import functools
import logging
import threading
import time
import uuid
from collections.abc import Callable, Iterable
from typing import Any, TypeVar

from celery import Celery

from integrations import conf

logger = logging.getLogger(__name__)

Result = TypeVar("Result")

TASK = "ductape.execute_run"
QUEUE = "ductape_runs"
#: How long the start of a run waits for the broker at most.
_PATIENCE_SECONDS = 2.0
#: How long to wait before a broker that did not answer is tried again.
_PAUSE_SECONDS = 5.0
#: When Redis delivers a message again that was not acknowledged. A task takes less than that (celery_worker.py).
_VISIBILITY_SECONDS = 15 * 60
#: One more attempt, at once: a connection that was kept may have been closed by the other side.
_RETRY = {"max_retries": 1, "interval_start": 0, "interval_step": 0, "interval_max": 0}


def app() -> Celery:
    """Return this process's Celery application."""
    return app_at(conf.broker_url())


def send(run_ids: Iterable[uuid.UUID]) -> bool:
    """Announce runs, unless the broker is away; return whether it has accepted all messages."""
    return _announcer(conf.broker_url()).send(run_ids)


def waiting() -> int | None:
    """Return how many messages no worker has fetched from the broker yet, None when it is away."""
    return _announcer(conf.broker_url()).waiting()


class _Announcer:
    """Sends, and tries a broker that is away again only after a while: not every start of a run is to wait for it."""

    def __init__(self, celery: Celery) -> None:
        self._celery = celery
        self._lock = threading.Lock()
        self._is_away = False
        self._again_at = 0.0

    def send(self, run_ids: Iterable[uuid.UUID]) -> bool:
        return self._try(lambda: self._send(run_ids)) is not None

    def waiting(self) -> int | None:
        return self._try(self._waiting)

    def _send(self, run_ids: Iterable[uuid.UUID]) -> bool:
        with self._celery.producer_or_acquire() as producer:
            for run_id in run_ids:
                self._celery.send_task(TASK, args=[str(run_id)], producer=producer, retry_policy=_RETRY)
        return True

    def _waiting(self) -> int:
        with self._celery.connection_for_read() as connection:
            queue = self._celery.amqp.queues[QUEUE](connection.default_channel)
            return int(queue.queue_declare().message_count)

    def _try(self, talk: Callable[[], Result]) -> Result | None:
        """Return what the broker answers, None when it is away."""
        if time.monotonic() < self._again_at:
            return None
        try:
            answer = talk()
        except Exception as error:  # whatever it is: the run was accepted and will be executed
            self._set_away(error)
            return None
        with self._lock:
            was_away, self._is_away = self._is_away, False
        if was_away:
            logger.info("The broker answers again", extra={"action": "broker_back"})
        return answer

    def _set_away(self, error: Exception) -> None:
        with self._lock:
            was_away, self._is_away = self._is_away, True
            self._again_at = time.monotonic() + _PAUSE_SECONDS
        if not was_away:
            # Only its kind: the text may hold the URL.
            logger.warning(
                "The broker does not answer; workers look for due runs by themselves until it does",
                extra={"action": "broker_away", "error": type(error).__name__},
            )


@functools.cache
def _announcer(url: str) -> _Announcer:
    return _Announcer(app_at(url))


@functools.cache
def app_at(url: str) -> Celery:
    # No fixup: that is for tasks that use Django's database connections; it opens and closes them around each.
    celery = Celery("ductape", fixups=[], set_as_current=False)
    celery.conf.update(_settings(url))
    return celery


def _settings(url: str) -> dict[str, Any]:
    transport = {"connect_timeout": _PATIENCE_SECONDS, "write_timeout": _PATIENCE_SECONDS}
    if url.startswith("redis"):
        transport = {
            "visibility_timeout": _VISIBILITY_SECONDS,
            "socket_connect_timeout": _PATIENCE_SECONDS,
            "socket_timeout": _PATIENCE_SECONDS,
        }
    return {
        "broker_url": url,
        "broker_connection_timeout": _PATIENCE_SECONDS,
        "broker_connection_retry_on_startup": True,
        "broker_connection_max_retries": None,
        "broker_transport_options": transport,
        "result_backend": None,
        "task_ignore_result": True,
        "task_serializer": "json",
        "accept_content": ["json"],
        "task_default_queue": QUEUE,
        "task_acks_late": True,
        "task_reject_on_worker_lost": True,
        # A task only waits for its run, which executes on the one event loop of the process: threads cost next to
        # nothing there, and the many runs of one process share their disk writes.
        "worker_pool": "threads",
        # How many runs at once; `--concurrency` says otherwise.
        "worker_concurrency": 100,
        # What one process has fetched, no other can execute.
        "worker_prefetch_multiplier": 1,
    }
