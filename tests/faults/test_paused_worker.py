"""A worker that is paused past its lease, as a virtual machine may be: another one takes over, for good."""

from __future__ import annotations

import os
import signal

from tests.faults.checks import assert_all_done_once, assert_nothing_rewritten
from tests.faults.fake_api import Effect, FakeApi
from tests.faults.installation import Installation, kill, wait_for


def test_paused_worker_writes_nothing_late_and_goes_on_with_other_runs(
    installation: Installation, api: FakeApi
) -> None:
    [run_id] = installation.post("hold", 1, seconds=1.5)
    paused = installation.worker()
    wait_for(lambda: installation.holders() == {run_id: paused.pid}, seconds=20, what="not taken up")
    wait_for(lambda: api.effects[Effect(str(run_id), "reserve")], seconds=20, what="not called")
    os.kill(paused.pid, signal.SIGSTOP)
    other = installation.worker()
    wait_for(lambda: installation.holders() == {run_id: other.pid}, seconds=20, what="not taken over")

    os.kill(paused.pid, signal.SIGCONT)

    installation.wait_until_ended([run_id], seconds=20)
    assert_all_done_once(installation, api, [run_id])
    assert installation.rows("SELECT fence, crashes FROM integrations_run") == [(2, 1)]
    kill(other)
    installation.wait_until_ended(installation.post("nothing", 1), seconds=20)
    assert_nothing_rewritten(installation)
    assert paused.poll() is None
