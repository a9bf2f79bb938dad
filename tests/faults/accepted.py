"""The file that posters write: one id a line of each run whose start was acknowledged."""

from __future__ import annotations

from pathlib import Path


def accepted(file: Path) -> list[str]:
    """Return what was acknowledged so far; a line that was cut off was not."""
    return [line.strip() for line in file.read_text().splitlines(keepends=True) if line.endswith("\n")]
