"""A run that takes its worker down each time, among good ones: it is found out, and only it."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import threading
import uuid
from collections.abc import Iterator

from tests.faults.checks import assert_all_done_once
from tests.faults.fake_api import FakeApi
from tests.faults.installation import Installation, wait_for

GOOD_RUNS = 100


@contextlib.contextmanager
def deadly(installation: Installation, run_id: uuid.UUID) -> Iterator[None]:
    """Kill whichever worker executes this run, shortly after it has begun, while the block runs."""
    stop = threading.Event()

    def watch() -> None:
        with installation.connection() as connection:
            while not stop.wait(0.03):
                holder = installation.holders(connection).get(run_id)
                if holder is not None:
                    with contextlib.suppress(ProcessLookupError):
                        os.kill(holder, signal.SIGKILL)

    watcher = threading.Thread(target=watch, name="deadly")
    watcher.start()
    try:
        yield
    finally:
        stop.set()
        watcher.join()


def test_deadly_run_is_quarantined_with_evidence_and_the_others_succeed(
    installation: Installation, api: FakeApi
) -> None:
    seconds = 0.3  # long enough to be in its company when it strikes
    good = installation.post("hold", GOOD_RUNS // 2, seconds=seconds)
    [bad] = installation.post("hold", 1, seconds=5)
    good += installation.post("hold", GOOD_RUNS // 2, seconds=seconds)

    with deadly(installation, bad):
        installation.worker("--processes", "2")
        wait_for(lambda: installation.statuses()[bad] == "quarantined", seconds=60, what=installation.log.read_text)
    installation.wait_until_ended(good, seconds=60)

    assert_all_done_once(installation, api, good)
    [(crashes, evidence, message)] = installation.rows(
        "SELECT crashes, evidence, error_message FROM integrations_run WHERE status = 'quarantined'"
    )
    told = json.loads(evidence) if isinstance(evidence, str) else evidence
    assert crashes == len(told) == 3
    assert all("did not renew its lease" in crash["what"] and crash["worker"] for crash in told)
    assert "3 times" in message
