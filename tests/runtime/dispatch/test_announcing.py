from __future__ import annotations

import logging
import time
import uuid
from collections.abc import Iterator

import pytest
from django.db import transaction
from pytest_django import DjangoCaptureOnCommitCallbacks, Settings

from integrations.runtime.dispatch import announcing, broker
from tests.celery.brokers import free_port


@pytest.fixture
def away(settings: Settings) -> Iterator[str]:
    """A broker that nobody has started; its URL holds a password."""
    url = f"redis://:hush-hush@127.0.0.1:{free_port()}/0"
    settings.DUCTAPE_DISPATCH = "celery"
    settings.CELERY_BROKER_URL = url
    yield url
    broker.app_at(url).close()


@pytest.mark.django_db
def test_announce_by_the_database_sends_nothing(
    django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks,
) -> None:
    with django_capture_on_commit_callbacks() as callbacks:
        announcing.announce([uuid.uuid4()])

    assert callbacks == []


@pytest.mark.django_db
def test_announce_by_celery_sends_only_once_committed(
    away: str,
    django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks,
    caplog: pytest.LogCaptureFixture,
) -> None:
    with django_capture_on_commit_callbacks(execute=True), transaction.atomic():
        announcing.announce([uuid.uuid4()])
        tried_before = bool(caplog.records)

    assert not tried_before
    assert "The broker does not answer" in caplog.text


def test_send_to_a_broker_that_is_away_says_so_once_and_costs_little_time(
    away: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    began = time.monotonic()

    for _ in range(50):
        broker.send([uuid.uuid4()])

    assert time.monotonic() - began < 3
    assert caplog.text.count("The broker does not answer") == 1
    assert "hush-hush" not in caplog.text


def test_app_keeps_messages_until_they_are_dealt_with_and_reads_json_only() -> None:
    conf = broker.app_at("redis://127.0.0.1:1/0").conf

    assert (conf.task_acks_late, conf.task_reject_on_worker_lost, conf.task_ignore_result) == (True, True, True)
    assert (conf.result_backend, conf.accept_content, conf.task_serializer) == (None, ["json"], "json")
    assert conf.broker_transport_options["visibility_timeout"] == 900
