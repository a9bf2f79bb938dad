"""The disk with the database runs full: starting says so, and workers go on once there is room."""

from __future__ import annotations

import contextlib
import os
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.faults.checks import assert_all_done_once
from tests.faults.fake_api import FakeApi
from tests.faults.installation import Installation, copy_of, wait_for

DISK_MEGABYTES = 16


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", f"size={DISK_MEGABYTES}m", "tmpfs", str(folder)]
    try:
        done = subprocess.run(mount, check=False, capture_output=True)
    except FileNotFoundError:
        pytest.skip("there is no command mount")
    if done.returncode != 0:
        pytest.skip("a small disk cannot be made here: mounting is for root")
    yield folder
    subprocess.run(["umount", "--lazy", str(folder)], check=True)  # noqa: S607  wherever the machine has it


def test_full_disk_refuses_new_runs_and_loses_no_accepted_one(
    template: Installation, small_disk: Path, tmp_path: Path, api: FakeApi
) -> None:
    if not template.is_sqlite:
        pytest.skip("says something about SQLite only")
    with contextlib.closing(copy_of(template, tmp_path, disk=small_disk)) as installation:
        worker = installation.worker()
        installation.post("hold", 20, seconds=0.2)
        filling = small_disk / "filling"

        _fill(filling)
        poster = installation.poster("order", 100_000, number=0)
        assert poster.wait(timeout=60) != 0  # some may still fit into what the database has left over
        time.sleep(1)
        assert worker.poll() is None
        filling.unlink()

        assert "refused: database or disk is full" in installation.log.read_text()
        stored = list(installation.statuses())
        assert set(installation.accepted()) <= set(stored)
        installation.wait_until_ended(stored, seconds=60)
        assert_all_done_once(installation, api, stored)
        assert installation.rows("PRAGMA integrity_check") == [("ok",)]
        audited = installation.rows("SELECT tag FROM integrations_auditrecord WHERE action = 'start'")
        assert len(audited) == len(stored)  # run and audit record, or neither
        wait_for(lambda: worker.poll() is None, seconds=1, what="the worker ended")


def _fill(file: Path) -> None:
    """Write until there is no room."""
    with file.open("wb", buffering=0) as filling, contextlib.suppress(OSError):
        while True:
            filling.write(os.urandom(4096))
