"""Copies of the database that are taken while workers write."""

from __future__ import annotations

import contextlib
import random
import shutil
import sqlite3
import time
import uuid
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.faults.installation import Installation, as_uuid, wait_for


def by_backup(source: Path, target: Path) -> None:
    with contextlib.closing(sqlite3.connect(source)) as live, contextlib.closing(sqlite3.connect(target)) as copy:
        live.backup(copy)


def by_freezing(source: Path, target: Path) -> None:
    """Copy the files as they lie there, as a snapshot of the disk does: nobody writes in between, all is still open."""
    with contextlib.closing(sqlite3.connect(source, timeout=20, isolation_level=None)) as live:
        live.execute("BEGIN IMMEDIATE")
        for suffix in ("", "-wal"):
            shutil.copy(f"{source}{suffix}", f"{target}{suffix}")
        live.execute("ROLLBACK")


@pytest.mark.parametrize("copy", [by_backup, by_freezing])
def test_copy_under_load_opens_clean_and_holds_all_that_was_accepted(
    installation: Installation, tmp_path: Path, chance: random.Random, copy: Callable[[Path, Path], None]
) -> None:
    if not installation.is_sqlite:
        pytest.skip("PostgreSQL's own tools look after this")
    installation.worker()
    installation.poster("order", 100_000, number=0)
    wait_for(lambda: installation.count("succeeded"), seconds=30, what="no run has ended")

    for number in range(5):
        time.sleep(chance.uniform(0, 0.4))
        accepted = set(installation.accepted())
        copy(installation.sqlite_file, tmp_path / f"copy-{number}")

        assert accepted <= _runs_in(tmp_path / f"copy-{number}")


def _runs_in(copy: Path) -> set[uuid.UUID]:
    with contextlib.closing(sqlite3.connect(copy)) as opened:
        assert opened.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        return {as_uuid(key) for (key,) in opened.execute("SELECT id FROM integrations_run")}
