from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Iterator
from typing import Any

import pytest
from django.utils import timezone

from integrations.models import Run
from integrations.runtime.dispatch import broker as dispatch_broker
from integrations.workers import redelivery
from integrations.workers.redelivery import Redelivery
from tests.factories.run import RunFactory

pytestmark = pytest.mark.django_db


class FakeBroker:
    """Has so many messages, None when it is away, and takes more."""

    def __init__(self) -> None:
        self.has: int | None = 0
        self.sent: list[uuid.UUID] = []

    def waiting(self) -> int | None:
        return self.has

    def send(self, run_ids: set[uuid.UUID]) -> bool:
        if self.has is not None:
            self.sent += run_ids
        return self.has is not None


@pytest.fixture
def broker(monkeypatch: pytest.MonkeyPatch) -> FakeBroker:
    broker = FakeBroker()
    monkeypatch.setattr(dispatch_broker, "waiting", broker.waiting)
    monkeypatch.setattr(dispatch_broker, "send", broker.send)
    return broker


@pytest.fixture
def resender(broker: FakeBroker, monkeypatch: pytest.MonkeyPatch) -> Iterator[Redelivery]:
    monkeypatch.setattr(redelivery, "_BETWEEN_SECONDS", 0)
    resender = Redelivery()
    yield resender
    resender.close()


def _run(*, seconds_ago: float = 10, **columns: Any) -> Run:
    return RunFactory.create(due_at=timezone.now() - dt.timedelta(seconds=seconds_ago), **columns)


def _look(resender: Redelivery) -> None:
    resender.look()
    resender.wait()


@pytest.mark.parametrize(
    ("seconds_ago", "columns", "is_lost"),
    [
        (10, {}, True),
        (0.01, {}, False),  # its message is on the way
        (10, {"fence": 1}, False),  # the rest was never announced
        (10, {"waiting": True, "fence": 1}, False),
        (10, {"status": Run.Status.SCHEDULED}, False),
        (10, {"succeeded": True}, False),
    ],
)
def test_look_sends_again_what_was_announced_and_not_taken_up(
    broker: FakeBroker, resender: Redelivery, seconds_ago: float, columns: dict[str, Any], is_lost: bool
) -> None:
    run = _run(seconds_ago=seconds_ago, **columns)

    _look(resender)

    assert broker.sent == ([run.pk] if is_lost else [])


def test_look_again_sends_no_message_a_third_time_at_once(broker: FakeBroker, resender: Redelivery) -> None:
    first = _run()
    _look(resender)
    second = _run()

    _look(resender)

    assert broker.sent == [first.pk, second.pk]


def test_look_sends_once_more_after_a_while(
    broker: FakeBroker, resender: Redelivery, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(redelivery, "_AGAIN_SECONDS", 0)
    run = _run()

    _look(resender)
    _look(resender)

    assert broker.sent == [run.pk, run.pk]


@pytest.mark.parametrize("has", [1, None])
def test_look_leaves_a_broker_alone_that_has_messages_or_is_away(
    broker: FakeBroker, resender: Redelivery, has: int | None
) -> None:
    run = _run()
    broker.has = has
    _look(resender)
    before = list(broker.sent)

    broker.has = 0
    _look(resender)

    assert before == []
    assert broker.sent == [run.pk]


def test_look_sends_no_more_than_so_many_at_once(
    broker: FakeBroker, resender: Redelivery, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(redelivery, "MOST", 3)
    first, *others = [_run(seconds_ago=60 - number) for number in range(5)]
    for other in others:
        Run.objects.filter(pk=other.pk).update(integration=first.integration)

    _look(resender)

    assert set(broker.sent) == {first.pk, others[0].pk, others[1].pk}
