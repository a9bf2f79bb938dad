from __future__ import annotations

import datetime as dt
import threading
import uuid
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import pytest
from django.utils import timezone

from integrations.models import Run
from integrations.workers.broker_source import BrokerSource
from tests.factories.run import RunFactory

pytestmark = pytest.mark.django_db
_PATIENCE = 20.0


class Receiver:
    """Hands over messages from other threads, as Celery does, and lets a test wait until they have come."""

    def __init__(self, runs: BrokerSource, threads: ThreadPoolExecutor, come: threading.Semaphore) -> None:
        self._runs, self._threads, self._come = runs, threads, come

    def receive(self, run_id: uuid.UUID, *, patience_seconds: float = _PATIENCE) -> Future[bool]:
        executed = self._threads.submit(self._runs.execute, run_id, patience_seconds=patience_seconds)
        assert self._come.acquire(timeout=_PATIENCE)
        return executed


@pytest.fixture
def runs() -> BrokerSource:
    return BrokerSource()


@pytest.fixture
def receiver(runs: BrokerSource) -> Iterator[Receiver]:
    come = threading.Semaphore(0)
    with ThreadPoolExecutor() as threads, runs.listening(come.release):
        yield Receiver(runs, threads, come)


def _run(**columns: Any) -> Run:
    return RunFactory.create(**columns)


def _just_now() -> dt.datetime:
    return timezone.now() - dt.timedelta(seconds=0.01)


def test_message_lasts_until_its_run_is_executed_no_more(runs: BrokerSource, receiver: Receiver) -> None:
    run = _run(due_at=_just_now())
    executed = receiver.receive(run.pk)

    claimed = runs.claim(worker="w", limit=10)
    runs.keep({run.pk})
    while_running = executed.done()
    runs.keep(())

    assert claimed == [run]
    assert not while_running
    assert executed.result(_PATIENCE)


def test_messages_about_one_run_claim_it_once(runs: BrokerSource, receiver: Receiver) -> None:
    run = _run(due_at=_just_now())
    executed = [receiver.receive(run.pk) for _ in range(3)]

    claimed = runs.claim(worker="w", limit=10)
    again = runs.claim(worker="w", limit=10)
    runs.keep(())

    assert (claimed, again) == ([run], [])
    assert all(each.result(_PATIENCE) for each in executed)


@pytest.mark.parametrize("status", ["succeeded", "running"])
def test_message_about_a_run_that_is_not_to_be_had_ends_quietly(
    runs: BrokerSource, receiver: Receiver, status: str
) -> None:
    later = timezone.now() + dt.timedelta(minutes=1)
    lease = {"worker": "other", "lease_until": later} if status == "running" else {}
    run = _run(**{status: True}, **lease)
    executed = receiver.receive(run.pk)

    claimed = runs.claim(worker="w", limit=10)
    runs.keep(())

    assert claimed == []
    assert executed.result(_PATIENCE)


def test_message_does_not_cut_a_wait_short(runs: BrokerSource, receiver: Receiver) -> None:
    run = _run(waiting=True, fence=1, due_at=timezone.now() + dt.timedelta(minutes=1))
    receiver.receive(run.pk)

    claimed = runs.claim(worker="w", limit=10)
    runs.keep(())

    assert claimed == []


def test_worker_that_is_full_leaves_messages_for_later(runs: BrokerSource, receiver: Receiver) -> None:
    rows = [_run(due_at=_just_now()) for _ in range(2)]
    for row in rows:
        receiver.receive(row.pk)

    first = runs.claim(worker="w", limit=1)
    second = runs.claim(worker="w", limit=1)
    runs.keep(())

    assert {*first, *second} == {*rows}


def test_stopping_worker_gives_back_the_messages_that_it_did_not_get_to(
    runs: BrokerSource,
) -> None:
    come = threading.Semaphore(0)
    with ThreadPoolExecutor() as threads:
        with runs.listening(come.release):
            executed = Receiver(runs, threads, come).receive(uuid.uuid4())
        late = runs.execute(uuid.uuid4(), patience_seconds=_PATIENCE)

        assert not executed.result(_PATIENCE)
    assert not late


def test_message_about_a_run_without_end_is_acknowledged_after_a_while(runs: BrokerSource, receiver: Receiver) -> None:
    executed = receiver.receive(uuid.uuid4(), patience_seconds=0.01)

    assert executed.result(_PATIENCE)


@pytest.mark.parametrize(
    ("seconds_ago", "columns", "is_taken"),
    [
        (0.01, {}, False),  # its message is on the way
        (10, {}, True),  # its message is lost
        (0.01, {"fence": 1}, True),  # handed back, or its lease ran out
        (0.01, {"waiting": True, "fence": 1}, True),  # its time has come
        (0.01, {"status": Run.Status.SCHEDULED}, True),
        (-60, {"status": Run.Status.SCHEDULED}, False),
    ],
)
def test_claim_takes_up_what_no_message_comes_for(
    runs: BrokerSource, seconds_ago: float, columns: dict[str, Any], is_taken: bool
) -> None:
    run = _run(due_at=timezone.now() - dt.timedelta(seconds=seconds_ago), **columns)

    claimed = runs.claim(worker="w", limit=10)

    assert claimed == ([run] if is_taken else [])
