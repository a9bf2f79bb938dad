"""kill -9 at random moments: whatever was acknowledged ends, and nothing is done twice."""

from __future__ import annotations

import random
import time

from tests.faults.checks import assert_all_done_once
from tests.faults.fake_api import FakeApi
from tests.faults.installation import Installation, wait_for
from tests.faults.revived import Revived


def test_killed_workers_and_posters_lose_nothing_and_repeat_nothing(
    installation: Installation, api: FakeApi, chance: random.Random, is_long: bool
) -> None:
    count, workers_kills = (1000, 25) if is_long else (150, 5)
    poster = Revived(lambda: installation.poster("order", count, number=0))
    workers = [Revived(lambda: installation.worker("--concurrency", "8")) for _ in range(2)]
    wait_for(lambda: installation.count("succeeded"), seconds=30, what="no run has ended")

    for kills in range(workers_kills):
        time.sleep(chance.uniform(0.2, 2.0))
        chance.choice(workers).kill()
        if kills % 3 == 0 and len(installation.accepted()) < count:
            poster.kill()
    wait_for(lambda: len(installation.accepted()) == count, seconds=120, what="runs are not accepted")

    run_ids = list(installation.statuses())  # also those that a poster died on before it could say so
    assert set(installation.accepted()) <= set(run_ids)
    installation.wait_until_ended(run_ids, seconds=120)
    assert_all_done_once(installation, api, run_ids)
