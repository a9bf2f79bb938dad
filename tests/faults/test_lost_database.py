"""The database goes away under load and comes back: workers wait for it."""

from __future__ import annotations

import contextlib
import time
from pathlib import Path

import pytest

from tests.faults.checks import assert_all_done_once
from tests.faults.fake_api import FakeApi
from tests.faults.installation import Installation, wait_for
from tests.faults.postgresql import PostgresServer

RUNS = 50


@pytest.mark.postgresql
def test_runs_in_flight_survive_that_postgresql_is_down(
    server: PostgresServer, api: FakeApi, tmp_path: Path, is_long: bool
) -> None:
    with contextlib.closing(Installation(tmp_path, server.url)) as installation:
        installation.make_scene(api.url)
        run_ids = installation.post("hold", RUNS, seconds=0.5)
        workers = [installation.worker("--concurrency", "30") for _ in range(2)]
        wait_for(installation.holders, seconds=20, what="not taken up")

        server.stop()
        time.sleep(60 if is_long else 4)
        server.start()

        installation.wait_until_ended(run_ids, seconds=60)
        assert [worker.poll() for worker in workers] == [None, None]
        assert installation.rows("SELECT max(crashes) FROM integrations_run") == [(0,)]
        assert_all_done_once(installation, api, run_ids)


def test_runs_in_flight_survive_that_sqlite_is_locked(installation: Installation, api: FakeApi, is_long: bool) -> None:
    if not installation.is_sqlite:
        pytest.skip("says something about SQLite only")
    run_ids = installation.post("hold", RUNS, seconds=0.5)
    workers = [installation.worker("--concurrency", "30") for _ in range(2)]
    wait_for(installation.holders, seconds=20, what="not taken up")

    with installation.connection() as connection:
        connection.execute("BEGIN EXCLUSIVE")
        time.sleep(60 if is_long else 4)
        connection.execute("ROLLBACK")

    installation.wait_until_ended(run_ids, seconds=60)
    assert [worker.poll() for worker in workers] == [None, None]
    assert installation.rows("SELECT max(crashes) FROM integrations_run") == [(0,)]
    assert_all_done_once(installation, api, run_ids)
