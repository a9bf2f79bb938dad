"""Jobs in Celery mode: schedules fire through Celery's workers just as through others."""

from __future__ import annotations

import datetime as dt
import itertools
import time
from dataclasses import dataclass
from typing import Any

from integrations.types import JsonObject
from tests.celery.celery_installation import PATIENCE_SECONDS, CeleryInstallation
from tests.faults.installation import wait_for

NOTHING: JsonObject = {"event": "nothing"}
HOLD: JsonObject = {"event": "hold"}
EVERY_SECOND: JsonObject = {"every": 1}
SECOND = dt.timedelta(seconds=1)
MINUTE = 60 * SECOND


@dataclass(frozen=True)
class Fired:
    """A row of the ledger beside the run that it started."""

    status: str
    reason: str
    run_status: str | None
    nominal_at: dt.datetime
    run_nominal_at: dt.datetime | None
    began: dt.datetime | None
    ended: dt.datetime | None


def _ledger(installation: CeleryInstallation, tag: str) -> list[Fired]:
    rows = installation.rows(
        "SELECT job.tag, slot.status, slot.reason, run.status,"
        " slot.nominal_at, run.nominal_at, run.started_at, run.finished_at"
        " FROM integrations_slot AS slot JOIN integrations_job AS job ON job.id = slot.job_id"
        " LEFT JOIN integrations_run AS run ON run.id = slot.run_id"
        " ORDER BY slot.nominal_at"
    )
    return [Fired(*row[1:4], *map(_moment, row[4:])) for row in rows if row[0] == tag]


def _moment(value: Any) -> Any:
    """Return a time; SQLite keeps text in UTC."""
    return dt.datetime.fromisoformat(value).replace(tzinfo=dt.UTC) if isinstance(value, str) else value


def _by_hand(installation: CeleryInstallation) -> list[str]:
    """Return the statuses of the runs that no schedule started."""
    return [status for (status,) in installation.rows("SELECT status FROM integrations_run WHERE nominal_at IS NULL")]


def _wait_until_succeeded(installation: CeleryInstallation, tag: str, times: int) -> None:
    def have() -> bool:
        return sum(row.run_status == "succeeded" for row in _ledger(installation, tag)) >= times

    wait_for(
        have, seconds=PATIENCE_SECONDS, what=lambda: f"{_ledger(installation, tag)}\n{installation.log.read_text()}"
    )


def _follow_each_other(rows: list[Fired]) -> bool:
    """Return whether each run began after the one before had ended; one that goes on has none after it."""
    return all(
        before.ended is not None and (after.began is None or before.ended <= after.began)
        for before, after in itertools.pairwise(rows)
    )


def test_schedules_of_every_kind_fire_through_celerys_workers(installation: CeleryInstallation) -> None:
    installation.celery_worker()
    now = dt.datetime.now(tz=dt.UTC)
    far_from_now = (now + 30 * MINUTE).minute  # so that no time of its own comes while the test runs
    schedules: dict[str, JsonObject] = {
        "every": {**EVERY_SECOND, "limit": 3},
        "start_at": {"start_at": (now + 8 * SECOND).isoformat()},
        "cron": {"cron": f"{far_from_now} * * * *", "tz": "Europe/Berlin", "limit": 1},
    }

    jobs: list[JsonObject] = [{"tag": tag, "target": NOTHING, "schedule": each} for tag, each in schedules.items()]
    installation.operate_jobs("put", *[{**job, "missed": "run_once"} for job in jobs])
    installation.operate_jobs("make_due", "cron")

    for tag, times in {"every": 3, "start_at": 1, "cron": 1}.items():
        _wait_until_succeeded(installation, tag, times)
        ledger = _ledger(installation, tag)
        assert [row.status for row in ledger] == ["started"] * times
        assert [row.nominal_at for row in ledger] == [row.run_nominal_at for row in ledger]
    assert installation.rows("SELECT count(*), max(attempts) FROM integrations_run") == [(5, 1)]


def test_pause_stops_the_schedule_only_and_leaves_no_time_out_of_the_ledger(installation: CeleryInstallation) -> None:
    installation.celery_worker()
    installation.operate_jobs("put", {"tag": "tick", "target": NOTHING, "schedule": EVERY_SECOND})
    _wait_until_succeeded(installation, "tick", 1)

    installation.operate_jobs("pause", "tick")
    paused = _ledger(installation, "tick")
    installation.operate_jobs("run", "tick")
    wait_for(lambda: _by_hand(installation) == ["succeeded"], seconds=PATIENCE_SECONDS, what=installation.log.read_text)
    time.sleep(1.5)
    while_paused = _ledger(installation, "tick")
    installation.operate_jobs("resume", "tick")
    _wait_until_succeeded(installation, "tick", len(paused) + 1)

    assert [row.nominal_at for row in while_paused] == [row.nominal_at for row in paused]
    ledger = _ledger(installation, "tick")
    assert {row.status: row.reason for row in ledger} == {"started": "", "skipped": "the job was paused"}
    times = [row.nominal_at for row in ledger]
    assert times == [times[0] + number * SECOND for number in range(len(times))]


def test_overlap_is_avoided_and_a_run_by_hand_stands_beside_the_schedule(installation: CeleryInstallation) -> None:
    installation.celery_worker()
    held: JsonObject = {"target": HOLD, "input": {"seconds": 2.2}}
    skipping: JsonObject = {"tag": "skipping", "overlap": "skip", "schedule": EVERY_SECOND, **held}
    queueing: JsonObject = {"tag": "queueing", "overlap": "queue", "schedule": {**EVERY_SECOND, "limit": 2}, **held}

    installation.operate_jobs("put", skipping, queueing)
    wait_for(lambda: _ledger(installation, "queueing"), seconds=PATIENCE_SECONDS, what=installation.log.read_text)
    installation.operate_jobs("run", "skipping")
    _wait_until_succeeded(installation, "queueing", 2)
    _wait_until_succeeded(installation, "skipping", 2)

    first, second = _ledger(installation, "queueing")
    assert _follow_each_other([first, second])
    skipped = _ledger(installation, "skipping")
    assert {row.status for row in skipped} == {"started", "overlapped"}
    assert all("was still" in row.reason for row in skipped if row.status == "overlapped")
    assert _follow_each_other([row for row in skipped if row.status == "started"])
    wait_for(lambda: _by_hand(installation) == ["succeeded"], seconds=PATIENCE_SECONDS, what=installation.log.read_text)
