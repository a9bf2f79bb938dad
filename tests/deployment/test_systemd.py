from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.deployment import howto

needs_systemd = pytest.mark.skipif(
    shutil.which("systemd-analyze") is None and os.environ.get("CI") != "true", reason="systemd is not installed"
)


def test_document_has_each_unit() -> None:
    assert list(howto.units()) == [
        "ductape-web.service",
        "ductape-worker.service",
        "ductape-backup.service",
        "ductape-backup.timer",
    ]


@needs_systemd
@pytest.mark.parametrize("name", list(howto.units()))
def test_unit_has_nothing_that_systemd_would_ignore(name: str, tmp_path: Path) -> None:
    for each, text in howto.units().items():
        # What only an installation has.
        here = re.sub(r"/opt/ductape/\.venv/bin/(?:gunicorn|python)", "/bin/true", text)
        (tmp_path / each).write_text(here.replace("User=ductape", "User=root"))

    command = ["systemd-analyze", "verify", "--man=no", str(tmp_path / name)]
    verified = subprocess.run(command, capture_output=True, text=True, check=False)

    told = [line for line in verified.stderr.splitlines() if "ductape" in line]
    assert (verified.returncode, told) == (0, [])
