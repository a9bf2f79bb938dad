"""Runs that take their worker down each time, among good ones: they are found out, and only they."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import threading
import uuid
from collections.abc import Collection, Iterator

from tests.faults.checks import assert_all_done_once
from tests.faults.fake_api import FakeApi
from tests.faults.installation import Installation, wait_for

GOOD_RUNS, DEADLY_RUNS = 99, 3


@contextlib.contextmanager
def deadly(installation: Installation, run_ids: Collection[uuid.UUID]) -> Iterator[None]:
    """Kill whichever worker executes one of these runs, shortly after it has begun, while the block runs."""
    stop = threading.Event()

    def watch() -> None:
        with installation.connection() as connection:
            while not stop.wait(0.03):
                holders = installation.holders(connection)
                for pid in {holders[run_id] for run_id in run_ids if run_id in holders}:
                    with contextlib.suppress(ProcessLookupError):
                        os.kill(pid, signal.SIGKILL)

    watcher = threading.Thread(target=watch, name="deadly")
    watcher.start()
    try:
        yield
    finally:
        stop.set()
        watcher.join()


def test_deadly_runs_are_quarantined_with_evidence_and_the_others_succeed(
    installation: Installation, api: FakeApi
) -> None:
    good: list[uuid.UUID] = []
    bad: list[uuid.UUID] = []
    for _ in range(DEADLY_RUNS):
        # Long enough to be in its company when one strikes.
        good += installation.post("hold", GOOD_RUNS // DEADLY_RUNS, seconds=0.3)
        bad += installation.post("hold", 1, seconds=5)

    with deadly(installation, bad):
        installation.worker("--processes", "2")
        ended = {"succeeded", "quarantined"}
        wait_for(lambda: set(installation.statuses().values()) <= ended, seconds=120, what=installation.log.read_text)

    statuses = installation.statuses()
    assert {run_id for run_id, status in statuses.items() if status == "quarantined"} == set(bad)
    assert_all_done_once(installation, api, good)
    rows = installation.rows(
        "SELECT crashes, evidence, error_message FROM integrations_run WHERE status = 'quarantined'"
    )
    for crashes, evidence, message in rows:
        told = json.loads(evidence) if isinstance(evidence, str) else evidence
        assert crashes == len(told) == 3
        assert all("did not renew its lease" in crash["what"] and crash["worker"] for crash in told)
        assert "3 times" in message
