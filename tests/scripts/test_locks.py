from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest

from tests.scripts.loading import SCRIPTS, load

locks = load("_locks")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for path in SCRIPTS.parent.glob("requirements*"):
        shutil.copy(path, tmp_path)
    return tmp_path


def change(path: Path, old: str, new: str) -> None:
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))


def test_lock_files_are_as_new_as_what_they_are_compiled_from(folder: Path) -> None:
    assert locks.outdated(folder=folder) == []


def test_what_tests_run_with_is_what_production_runs_with(folder: Path) -> None:
    """scripts/run takes an environment of requirements-dev.txt for one of requirements.txt."""
    pins, dev_pins = (
        set(re.findall(r"^[\w.-]+(?:\[[\w,-]+\])?==\S+", (folder / name).read_text(), flags=re.MULTILINE))
        for name in ("requirements.txt", "requirements-dev.txt")
    )

    assert len(pins) > 30
    assert pins - dev_pins == set()


@pytest.mark.parametrize(
    ("name", "outdated"),
    [
        ("requirements.in", ["requirements.txt", "requirements-dev.txt"]),
        ("requirements-uv.in", ["requirements-uv.txt", "requirements-dev.txt"]),
        ("requirements-dev.in", ["requirements-dev.txt"]),
    ],
)
def test_lock_file_is_outdated_once_a_requirement_changes(name: str, outdated: list[str], folder: Path) -> None:
    (folder / name).write_text((folder / name).read_text() + "one-more>=1\n")

    assert locks.outdated(folder=folder) == outdated

    locks.stamp(folder=folder)
    assert locks.outdated(folder=folder) == []


def test_comment_does_not_outdate_a_lock_file(folder: Path) -> None:
    change(folder / "requirements.in", "# The web server.", "# Serves the pages.")

    assert locks.outdated(folder=folder) == []


def test_stamping_twice_leaves_one_stamp(folder: Path) -> None:
    before = (folder / "requirements.txt").read_text()

    locks.stamp(folder=folder)
    locks.stamp(folder=folder)

    assert (folder / "requirements.txt").read_text() == before
