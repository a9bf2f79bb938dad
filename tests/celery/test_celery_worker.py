"""`celery -A ductape_site worker` with a real broker: kills, outages, duplicates, stops."""

from __future__ import annotations

import os
import signal
import time

import pytest

from tests.celery.celery_installation import PATIENCE_SECONDS, CeleryInstallation
from tests.celery.conftest import SlowApi
from tests.faults.checks import assert_all_done_once
from tests.faults.fake_api import Effect
from tests.faults.installation import kill, wait_for


def test_runs_are_executed_by_a_worker_that_was_sent_a_message_for_each(
    installation: CeleryInstallation, api: SlowApi
) -> None:
    run_ids = installation.post("order", 20, number=0)
    sent = installation.messages()

    installation.celery_worker()
    installation.wait_until_ended(run_ids, seconds=PATIENCE_SECONDS)

    assert sent >= len(run_ids)
    wait_for(lambda: installation.messages() == 0, seconds=PATIENCE_SECONDS, what="messages are left")
    assert installation.rows("SELECT max(attempts), max(crashes) FROM integrations_run") == [(1, 0)]
    assert_all_done_once(installation, api, run_ids)


def test_killed_workers_run_goes_on_behind_its_checkpoint_on_another_one(
    installation: CeleryInstallation, slow_api: SlowApi
) -> None:
    slow_api.seconds["pay"] = 3
    worker = installation.celery_worker()
    [run_id] = installation.post("order", 1, number=0)
    wait_for(
        lambda: slow_api.effects[Effect(str(run_id), "pay")], seconds=PATIENCE_SECONDS, what=installation.log.read_text
    )

    kill(worker)
    slow_api.seconds.clear()
    installation.celery_worker()
    installation.wait_until_ended([run_id], seconds=PATIENCE_SECONDS)

    assert installation.rows("SELECT attempts, crashes FROM integrations_run") == [(2, 1)]
    assert_all_done_once(installation, slow_api, [run_id])


def test_runs_started_without_a_broker_end_all_the_same(installation: CeleryInstallation, api: SlowApi) -> None:
    installation.celery_worker()
    before = installation.post("order", 1, number=0)
    installation.wait_until_ended(before, seconds=PATIENCE_SECONDS)

    installation.broker.stop()
    began = time.monotonic()
    without = installation.post("order", 20, number=0)
    posting_seconds = time.monotonic() - began
    installation.wait_until_ended(without, seconds=PATIENCE_SECONDS)
    installation.broker.start()
    later = installation.post("order", 5, number=0)
    installation.wait_until_ended(later, seconds=PATIENCE_SECONDS)

    assert posting_seconds < 10
    wait_for(lambda: installation.messages() == 0, seconds=PATIENCE_SECONDS, what="the worker fetches no messages")
    assert_all_done_once(installation, api, [*before, *without, *later])


def test_message_that_is_delivered_often_is_executed_once(installation: CeleryInstallation, api: SlowApi) -> None:
    [run_id] = installation.post("order", 1, number=0)
    for _ in range(20):
        installation.send(run_id)

    for _ in range(2):
        installation.celery_worker()
    installation.wait_until_ended([run_id], seconds=PATIENCE_SECONDS)
    wait_for(lambda: installation.messages() == 0, seconds=PATIENCE_SECONDS, what="messages are left")

    assert installation.rows("SELECT attempts, crashes FROM integrations_run") == [(1, 0)]
    assert_all_done_once(installation, api, [run_id])


def test_stopped_worker_finishes_what_it_holds(installation: CeleryInstallation, api: SlowApi) -> None:
    worker = installation.celery_worker("--concurrency", "5")
    run_ids = installation.post("hold", 20, seconds=1.5)
    wait_for(lambda: installation.holders(), seconds=PATIENCE_SECONDS, what="not taken up")

    worker.send_signal(signal.SIGTERM)
    time.sleep(1)
    held = set(installation.holders())
    assert worker.wait(timeout=30) == 0

    statuses = installation.statuses()
    assert {statuses[run_id] for run_id in held} <= {"succeeded"}
    assert set(statuses.values()) == {"succeeded", "queued"}
    installation.celery_worker()
    installation.wait_until_ended(run_ids, seconds=PATIENCE_SECONDS)
    assert installation.rows("SELECT max(attempts), max(crashes) FROM integrations_run") == [(1, 0)]
    assert_all_done_once(installation, api, run_ids)


@pytest.mark.skipif(os.environ.get("FAULTS") != "long", reason="takes half a minute; FAULTS=long runs it")
def test_stopped_worker_hands_back_what_takes_too_long(installation: CeleryInstallation, api: SlowApi) -> None:
    worker = installation.celery_worker()
    [run_id] = installation.post("hold", 1, seconds=40)
    wait_for(lambda: api.effects[Effect(str(run_id), "reserve")], seconds=PATIENCE_SECONDS, what="not called")

    worker.send_signal(signal.SIGTERM)
    assert worker.wait(timeout=32) == 0

    assert installation.rows("SELECT status, crashes, worker FROM integrations_run") == [("queued", 0, "")]
