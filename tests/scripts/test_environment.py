"""What the scripts say of a Python that they cannot use; .ci/bare sets up with those that they can."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.scripts.loading import SCRIPTS


@pytest.fixture
def machine(tmp_path: Path) -> Path:
    """Make a folder of commands in which `python3` is too new; a supported one may be added by its own name."""
    for name in ("bash", "dirname"):
        (tmp_path / name).symlink_to(shutil.which(name) or "")
    too_new = tmp_path / "python3"
    too_new.write_text('#!/bin/sh\n[ "$1" = --version ] && echo "Python 3.14.0" && exit 0\nexit 1\n')
    too_new.chmod(0o755)
    return tmp_path


def find_python(path: Path) -> subprocess.CompletedProcess[str]:
    # An environment of this test run's own would hide what is on the path.
    environment = {**os.environ, "PATH": str(path)}
    command = ["bash", "-c", 'source "$0/_environment"; find_python', str(SCRIPTS)]
    return subprocess.run(command, env=environment, text=True, capture_output=True, check=False)


def test_python_that_is_too_new_is_refused_with_what_is_needed(machine: Path) -> None:
    done = find_python(machine)

    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.splitlines() == [
        "Python 3.11, 3.12 or 3.13 is needed and none was found (python3 is: Python 3.14.0)."
    ]


def test_supported_python_is_found_beside_one_that_is_too_new(machine: Path) -> None:
    (machine / "python3.12").symlink_to(sys.executable)

    assert find_python(machine).stdout == "python3.12\n"
