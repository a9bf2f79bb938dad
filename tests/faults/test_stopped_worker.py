"""SIGTERM under load: what is held is finished or handed back, and nobody counts that as a crash."""

from __future__ import annotations

import signal
import subprocess
import time

from tests.faults.checks import assert_all_done_once
from tests.faults.fake_api import Effect, FakeApi
from tests.faults.installation import Installation, wait_for


def test_stopped_worker_claims_nothing_more_and_finishes_what_it_holds(
    installation: Installation, api: FakeApi
) -> None:
    installation.post("hold", 60, seconds=0.5)
    worker = installation.worker("--concurrency", "10")
    wait_for(lambda: len(installation.holders()) > 5, seconds=20, what="not taken up")

    worker.send_signal(signal.SIGTERM)
    time.sleep(1)
    held = set(installation.holders())
    poster = installation.poster("hold", 80, seconds=0)
    assert worker.wait(timeout=30) == 0
    poster.wait()

    assert not installation.holders()
    taken_up = installation.rows("SELECT count(*) FROM integrations_run WHERE attempts > 0")[0][0]
    assert taken_up == installation.count("succeeded") < 60
    assert {installation.statuses()[run_id] for run_id in held} <= {"succeeded"}
    installation.worker()
    installation.wait_until_ended(installation.accepted(), seconds=30)
    assert installation.rows("SELECT max(crashes), max(attempts) FROM integrations_run") == [(0, 1)]
    assert_all_done_once(installation, api, installation.accepted())


def test_stopped_worker_hands_back_what_takes_too_long(installation: Installation, api: FakeApi, is_long: bool) -> None:
    if not is_long:
        installation.environment["DUCTAPE_STOP_SECONDS"] = "2"
    worker = installation.worker()
    [run_id] = installation.post("hold", 1, seconds=40)
    wait_for(lambda: api.effects[Effect(str(run_id), "reserve")], seconds=20, what="not called")

    worker.send_signal(signal.SIGTERM)
    stopped_after = _seconds_until_gone(worker)

    assert stopped_after < (30 if is_long else 7)
    assert installation.rows("SELECT status, crashes, worker FROM integrations_run") == [("queued", 0, "")]


def _seconds_until_gone(worker: subprocess.Popen[bytes]) -> float:
    began = time.monotonic()
    assert worker.wait(timeout=35) == 0
    return time.monotonic() - began
