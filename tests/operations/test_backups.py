"""Restore drills on the database that the tests run on: SQLite, or the PostgreSQL that `scripts/test` starts."""

from __future__ import annotations

import datetime as dt
import shutil
import sqlite3
import stat
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from django.db import connection
from django.utils import timezone

from integrations import models
from integrations.actors import SYSTEM
from integrations.errors import OperationRefused
from integrations.models import Run
from integrations.operations import backups, bulk, dispatch, queued_slots, runs
from integrations.runtime.backups import files, postgresql
from integrations.runtime.dispatch import state as dispatch_state
from integrations.runtime.queue import claiming
from integrations.workers import scheduler
from integrations.workers.bulk_work import BulkWork
from tests.factories.run import NOON, RunFactory, StepFactory
from tests.scenes.scene import last_audit
from tests.scenes.scheduling import Hands, end, fire, hands, ledger, make_job, reasons, runs_of

__all__ = ["hands"]

pytestmark = pytest.mark.django_db(transaction=True)
Status = Run.Status
_IS_SQLITE = connection.vendor == "sqlite"


@pytest.fixture(autouse=True)
def _nothing_is_known() -> Iterator[None]:
    dispatch_state.forget()
    yield
    dispatch_state.forget()


@pytest.fixture(autouse=True)
def _programs() -> None:
    if _IS_SQLITE:
        return
    try:
        postgresql._program("pg_dump")
    except OperationRefused:
        pytest.skip("pg_dump is not installed")


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "backup.bin"


def test_drill_brings_everything_back_and_nothing_fires_until_it_is_confirmed(file: Path) -> None:
    finished = StepFactory.create(run=RunFactory.create(succeeded=True, output={"total": 42}), output=[1]).run
    queued = RunFactory.create(release=finished.release, environment=finished.environment)
    held = RunFactory.create(
        running=True, worker="w1", lease_until=NOON, fence=3, release=finished.release, environment=finished.environment
    )
    models.Worker.objects.create(name="w1", host="h", pid=1, concurrency=1, seen_at=NOON)
    assert backups.backup(file) == file.stat().st_size > 0
    Run.objects.filter(pk=finished.pk).delete()
    Run.objects.filter(pk=queued.pk).update(status=Status.CANCELLED, finished_at=NOON)
    made_later = RunFactory.create()

    backups.restore(file)

    assert set(Run.objects.values_list("pk", flat=True)) == {finished.pk, queued.pk, held.pk}
    finished.refresh_from_db()
    assert (finished.output, finished.steps.get().output) == ({"total": 42}, [1])
    assert not Run.objects.filter(pk=made_later.pk).exists()
    # What a worker held is queued again, without a crash, and what that worker may still write is refused.
    held.refresh_from_db()
    assert (held.status, held.worker, held.crashes) == (Status.QUEUED, "", 0)
    assert held.fence > 1000
    assert not models.Worker.objects.exists()
    # Nothing fires.
    assert dispatch.is_paused()
    assert claiming.claim_due(worker="w2", limit=9) == []
    assert (last_audit().action, last_audit().kind) == ("restore", "database")
    # Until it is confirmed.
    dispatch.resume(by=SYSTEM)
    assert {run.pk for run in claiming.claim_due(worker="w2", limit=9)} == {queued.pk, held.pk}
    assert dispatch.slots_from() is not None
    # And the database goes on numbering its rows.
    RunFactory.create()


def test_drill_in_which_all_that_waits_is_cancelled_starts_nothing_old(file: Path, hands: Hands) -> None:
    job = make_job(hands, overlap="queue", missed="run_all")
    for _ in range(2):
        hands.turn(minutes=10)
        fire(hands)
    assert ledger(job) == [(10, "started"), (20, "queued")]
    backups.backup(file)
    hands.turn(minutes=25)
    backups.restore(file)

    waiting = dispatch.pending_work(by=SYSTEM)
    assert (waiting.run_count, waiting.slot_count) == (1, 1)
    operation = bulk.start(kind=bulk.Kind.CANCEL, runs=dispatch.pending_runs(by=SYSTEM), by=SYSTEM, reason="done since")
    assert queued_slots.skip_all(by=SYSTEM, reason="done since") == 1
    # What a worker does while dispatch is paused.
    BulkWork().look()
    scheduler.Scheduler().look()
    operation.refresh_from_db()
    assert (operation.status, operation.done) == ("succeeded", 1)

    dispatch.resume(by=SYSTEM)
    fire(hands)
    assert claiming.claim_due(worker="w2", limit=9) == []
    assert ledger(job) == [(10, "started"), (20, "skipped"), (30, "skipped"), (40, "skipped")]
    # And what is new fires.
    hands.turn(minutes=10)
    fire(hands)
    assert ledger(job)[-1] == (50, "started")
    assert [run.pk for run in claiming.claim_due(worker="w2", limit=9)] == [runs_of(job)[-1].pk]


def test_times_that_waited_in_the_backup_are_skipped_by_the_confirmation(file: Path, hands: Hands) -> None:
    job = make_job(hands, overlap="queue", schedule={"every": 600, "limit": 5})
    for _ in range(3):
        hands.turn(minutes=10)
        fire(hands)
    backups.backup(file)
    hands.turn(minutes=5)
    backups.restore(file)
    # The next one's turn has come by this.
    runs.cancel(run=runs_of(job)[0], by=SYSTEM, reason="done since")

    dispatch.resume(by=SYSTEM, reason="looked around")
    fire(hands)

    assert ledger(job) == [(10, "started"), (20, "skipped"), (30, "skipped")]
    assert "restored from a backup" in reasons(job)[1]
    assert last_audit().changes == {"skipped": {"from": None, "to": 2}}
    # Those that it skips are not counted by the limit.
    hands.turn(minutes=5)
    for _ in range(6):
        fire(hands)
        for run in Run.objects.unfinished():
            end(run)
        hands.turn(minutes=10)
    assert [status for _, status in ledger(job)].count("started") == 5


@pytest.mark.parametrize("kind", ["retry", "cancel"])
def test_bulk_operation_that_had_not_ended_in_the_backup_does_not_go_on(file: Path, kind: bulk.Kind) -> None:
    failed, queued = RunFactory.create(failed=True), RunFactory.create()
    operation = bulk.start(kind=kind, runs=Run.objects.all(), by=SYSTEM, reason="the supplier was down")
    backups.backup(file)
    bulk.work(seconds=5)

    backups.restore(file)
    bulk.work(seconds=5)
    dispatch.resume(by=SYSTEM)
    bulk.work(seconds=5)

    operation.refresh_from_db()
    assert (operation.status, operation.done, operation.left) == ("cancelled", 0, 1)
    assert operation.message.startswith("stopped by a restore")
    assert [run.status for run in Run.objects.order_by("pk")] == ["failed", "queued"]
    assert not Run.objects.exclude(pk__in=[failed.pk, queued.pk]).exists()


def test_bulk_operation_that_had_ended_in_the_backup_stays_as_it_was(file: Path) -> None:
    RunFactory.create()
    operation = bulk.start(kind=bulk.Kind.CANCEL, runs=Run.objects.all(), by=SYSTEM, reason="not wanted")
    bulk.work(seconds=5)
    backups.backup(file)

    backups.restore(file)

    operation.refresh_from_db()
    assert (operation.status, operation.message) == ("succeeded", "")


def test_backup_from_before_there_were_bulk_operations_is_settled_without_them() -> None:
    told = " ".join(files.settling(reason="restored", migrations={"0005_housekeeping", "0006_schedules"}))

    assert "integrations_systemstate" in told
    assert "bulk" not in told


def test_backup_holds_one_state_and_no_other_file_is_left(file: Path) -> None:
    RunFactory.create()

    backups.backup(file)

    assert [path.name for path in file.parent.iterdir()] == [file.name]
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    with pytest.raises(OperationRefused, match="exists; name a new file"):
        backups.backup(file)
    with pytest.raises(OperationRefused, match="there is no folder"):
        backups.backup(file.parent / "gone" / "x")


def test_restore_while_workers_are_alive_is_refused(file: Path) -> None:
    backups.backup(file)
    run = RunFactory.create()
    models.Worker.objects.create(name="w1", host="h", pid=1, concurrency=1, seen_at=timezone.now())

    with pytest.raises(OperationRefused, match="stop them first"):
        backups.restore(file)
    assert Run.objects.filter(pk=run.pk).exists()

    backups.restore(file, force=True)
    assert not Run.objects.exists()


def test_restore_of_a_damaged_file_changes_nothing(file: Path) -> None:
    RunFactory.create_batch(3)
    backups.backup(file)
    size = file.stat().st_size
    with file.open("r+b") as opened:
        opened.truncate(size * 2 // 3)

    with pytest.raises(OperationRefused):
        backups.restore(file)

    assert Run.objects.count() == 3
    assert not dispatch.is_paused()


def test_restore_of_what_is_no_backup_of_this_database_is_refused(file: Path) -> None:
    with pytest.raises(OperationRefused, match="there is no file"):
        backups.restore(file)
    file.write_bytes(b"hello")
    with pytest.raises(OperationRefused, match="is no backup"):
        backups.restore(file)
    file.write_bytes(b"PGDMP" if _IS_SQLITE else b"SQLite format 3\x00")
    with pytest.raises(OperationRefused, match="another kind of database"):
        backups.restore(file)


def test_restore_of_a_later_version_is_refused(file: Path) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO django_migrations (app, name, applied) VALUES ('integrations', '9999_later', %s)",
            [dt.datetime.now(dt.UTC)],
        )
    try:
        backups.backup(file)
    finally:
        with connection.cursor() as cursor:
            cursor.execute("DELETE FROM django_migrations WHERE name = '9999_later'")

    with pytest.raises(OperationRefused, match="later version of the console, which also has 9999_later"):
        backups.restore(file)


@pytest.mark.skipif(not _IS_SQLITE, reason="the file is SQLite's own")
def test_backup_is_a_database_of_its_own_and_restore_leaves_it_alone(file: Path, tmp_path: Path) -> None:
    run = RunFactory.create()
    backups.backup(file)
    before = file.read_bytes()

    with closing(sqlite3.connect(file)) as database:
        assert database.execute("SELECT count(*) FROM integrations_run WHERE id = ?", [run.pk.hex]).fetchone() == (1,)
    backups.restore(file)

    assert file.read_bytes() == before
    assert list(Path(connection.settings_dict["NAME"]).parent.glob("*.restoring*")) == []


def test_program_that_is_not_installed_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(postgresql, "_DEBIAN", tmp_path)
    monkeypatch.setattr(shutil, "which", lambda _name: None)

    with pytest.raises(OperationRefused, match="pg_dump is not installed here; install"):
        postgresql._program("pg_dump")


@pytest.mark.skipif(not _IS_SQLITE, reason="the files are SQLite's own")
def test_restore_of_a_snapshot_of_the_files_takes_in_what_lies_beside_the_database(tmp_path: Path) -> None:
    snapshot = tmp_path / "snapshot.sqlite3"
    finished = RunFactory.create(succeeded=True)
    with closing(sqlite3.connect(tmp_path / "live.sqlite3")) as live:
        connection.connection.backup(live, pages=-1)
        live.execute("PRAGMA journal_mode = WAL")
        live.execute("UPDATE integrations_run SET error_code = 'written_last'")
        live.commit()
        for suffix in ("", "-wal", "-shm"):
            shutil.copyfile(tmp_path / f"live.sqlite3{suffix}", f"{snapshot}{suffix}")

    backups.restore(snapshot)

    finished.refresh_from_db()
    assert finished.error_code == "written_last"
    assert connection.cursor().execute("PRAGMA journal_mode").fetchone() == ("wal",)
