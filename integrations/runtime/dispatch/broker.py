"""The broker that carries "run N is due" between machines: how Celery is set up for that, and the sending.

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
#: How long whoever starts a run waits for the broker at most.
_PATIENCE_SECONDS = 2.0
#: How long a broker that did not answer is left alone.
_PAUSE_SECONDS = 5.0
#: When Redis hands out a message again that nobody has acknowledged. A task takes less than that (celery_worker.py).
_VISIBILITY_SECONDS = 15 * 60
#: One more attempt, at once: a connection that was kept may have been closed by the other side meanwhile.
_RETRY = {"max_retries": 1, "interval_start": 0, "interval_step": 0, "interval_max": 0}


def app() -> Celery:
    """Return this process's Celery application."""
    return app_at(conf.broker_url())


def send(run_ids: Iterable[uuid.UUID]) -> bool:
    """Announce runs, unless the broker is away; return whether it has taken all of the messages."""
    return _announcer(conf.broker_url()).send(run_ids)


def waiting() -> int | None:
    """Return how many messages the broker has that no worker has fetched, None when it is away."""
    return _announcer(conf.broker_url()).waiting()


class _Announcer:
    """Sends, and leaves a broker that is away alone for a while: not everybody who starts a run is to wait for it."""

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
        except Exception as error:  # whatever it is: the run was accepted and is going to be executed
            self._set_away(error)
            return None
        self._set_back()
        return answer

    def _set_away(self, error: Exception) -> None:
        with self._lock:
            was_away, self._is_away = self._is_away, True
            self._again_at = time.monotonic() + _PAUSE_SECONDS
        if not was_away:
            # Only its kind: the text may hold the URL.
            logger.warning(
                "The broker does not answer; workers find runs by themselves until it does",
                extra={"action": "broker_away", "error": type(error).__name__},
            )

    def _set_back(self) -> None:
        with self._lock:
            was_away, self._is_away = self._is_away, False
        if was_away:
            logger.info("The broker answers again", extra={"action": "broker_back"})


@functools.cache
def _announcer(url: str) -> _Announcer:
    return _Announcer(app_at(url))


@functools.cache
def app_at(url: str) -> Celery:
    # No fixup: it is for tasks that use Django's database connections, and opens and closes them around each.
    celery = Celery("ductape", fixups=[], set_as_current=False)
    celery.conf.update(_settings(url))
    return celery


def _settings(url: str) -> dict[str, Any]:
    return {
        "broker_url": url,
        "broker_connection_timeout": _PATIENCE_SECONDS,
        "broker_connection_retry_on_startup": True,
        "broker_connection_max_retries": None,
        "broker_transport_options": _transport_options(url),
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
        # What one process has fetched, no other can take up.
        "worker_prefetch_multiplier": 1,
    }


def _transport_options(url: str) -> dict[str, Any]:
    if url.startswith("redis"):
        return {
            "visibility_timeout": _VISIBILITY_SECONDS,
            "socket_connect_timeout": _PATIENCE_SECONDS,
            "socket_timeout": _PATIENCE_SECONDS,
        }
    return {"connect_timeout": _PATIENCE_SECONDS, "write_timeout": _PATIENCE_SECONDS}
