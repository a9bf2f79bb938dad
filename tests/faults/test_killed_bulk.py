"""kill -9 of workers in the middle of a bulk operation: it ends, and each run is dealt with just once."""

from __future__ import annotations

import random
import sys
from typing import NamedTuple

from tests.faults.checks import assert_all_done_once
from tests.faults.fake_api import FakeApi
from tests.faults.installation import Installation, as_uuid, kill, wait_for

WORKER = ("--concurrency", "8")


class Progress(NamedTuple):
    status: str
    total: int
    done: int
    failed: int


def progress(installation: Installation) -> Progress:
    columns = ", ".join(Progress._fields)
    (row,) = installation.rows(f"SELECT {columns} FROM integrations_bulkoperation")  # noqa: S608  our own words
    return Progress(*row)


def test_bulk_operation_whose_workers_are_killed_ends_and_does_each_run_once(
    installation: Installation, api: FakeApi, chance: random.Random, is_long: bool
) -> None:
    count, kills = (1000, 20) if is_long else (150, 3)
    workers = [installation.worker(*WORKER) for _ in range(2)]
    originals = installation.post("order", count, number=0)
    installation.wait_until_ended(originals, seconds=60 + count / 10)
    for worker in workers:
        kill(worker)
    ask = ("bulk_runs", "replay", "faults", "--feature", "order", "--reason", "the warehouse lost them")
    assert installation.start(sys.executable, "manage.py", *ask).wait(timeout=60) == 0
    assert progress(installation) == ("running", count, 0, 0)

    workers = [installation.worker(*WORKER) for _ in range(2)]
    for number in range(1, kills + 1):
        enough = number * count // (kills + 2)
        wait_for(lambda enough=enough: progress(installation).done >= enough, seconds=60, what="nothing is replayed")  # type: ignore[misc]  # mypy cannot infer a default
        victim = chance.randrange(2)
        kill(workers[victim])
        assert progress(installation).done < count, "it was over before a worker was killed"
        workers[victim] = installation.worker(*WORKER)

    wait_for(lambda: progress(installation).status != "running", seconds=60, what=lambda: str(progress(installation)))
    assert progress(installation) == ("succeeded", count, count, 0)
    replays = {
        as_uuid(old): as_uuid(new)
        for old, new in installation.rows("SELECT run_id, result_id FROM integrations_bulkitem")
    }
    made = [
        as_uuid(run_id)
        for (run_id,) in installation.rows("SELECT id FROM integrations_run WHERE replay_of_id IS NOT NULL")
    ]
    assert set(replays) == set(originals)
    assert sorted(made) == sorted(replays.values())
    installation.wait_until_ended(made, seconds=60 + count / 10)
    assert_all_done_once(installation, api, [*originals, *made])
