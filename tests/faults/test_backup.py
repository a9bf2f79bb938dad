"""Copies of the database that are taken while workers write."""

from __future__ import annotations

import contextlib
import os
import random
import shutil
import signal
import sqlite3
import time
import uuid
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.faults.installation import Installation, as_uuid, wait_for


def by_backup(installation: Installation, target: Path) -> None:
    with (
        contextlib.closing(sqlite3.connect(installation.sqlite_file)) as live,
        contextlib.closing(sqlite3.connect(target)) as copy,
    ):
        live.backup(copy)


def by_snapshot(installation: Installation, target: Path) -> None:
    """Copy the files as they lie there at one instant, whatever everybody was doing, as a snapshot of the disk does."""
    for process in installation.processes:
        os.killpg(process.pid, signal.SIGSTOP)
    for suffix in ("", "-wal", "-shm", "-journal"):
        with contextlib.suppress(FileNotFoundError):
            shutil.copy(f"{installation.sqlite_file}{suffix}", f"{target}{suffix}")
    for process in installation.processes:
        os.killpg(process.pid, signal.SIGCONT)


@pytest.mark.parametrize("copy", [by_backup, by_snapshot])
def test_copy_under_load_opens_clean_and_holds_all_that_was_accepted(
    installation: Installation,
    tmp_path: Path,
    chance: random.Random,
    is_long: bool,
    copy: Callable[[Installation, Path], None],
) -> None:
    if not installation.is_sqlite:
        pytest.skip("PostgreSQL's own tools look after this")
    installation.worker()
    installation.poster("order", 100_000, number=0)
    wait_for(lambda: installation.count("succeeded"), seconds=30, what="no run has ended")

    for number in range(100 if is_long else 10):
        time.sleep(chance.uniform(0, 0.4))
        accepted = set(installation.accepted())
        copy(installation, tmp_path / f"copy-{number}")

        assert accepted <= _runs_in(tmp_path / f"copy-{number}")


def _runs_in(copy: Path) -> set[uuid.UUID]:
    with contextlib.closing(sqlite3.connect(copy)) as opened:
        assert opened.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        return {as_uuid(key) for (key,) in opened.execute("SELECT id FROM integrations_run")}
