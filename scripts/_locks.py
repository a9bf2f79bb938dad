"""Knows whether requirements*.txt were compiled from the requirements*.in that are there now.

_locks.py stamp      write into each lock file what it was compiled from
_locks.py check      fail, naming each lock file that is older than its .in files
"""

from __future__ import annotations

import hashlib
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
#: What each lock file is compiled from.
LOCKS = {
    "requirements.txt": ("requirements.in",),
    "requirements-uv.txt": ("requirements-uv.in",),
    "requirements-dev.txt": ("requirements-dev.in", "requirements.in", "requirements-uv.in"),
}
_STAMP = "# Compiled from what has this digest: "


def digest(names: tuple[str, ...], *, folder: Path = ROOT) -> str:
    """Return the digest of the requirements in these files; comments do not count."""
    lines = [line.partition("#")[0].strip() for name in names for line in (folder / name).read_text().splitlines()]
    return hashlib.sha256("\n".join(filter(None, lines)).encode()).hexdigest()[:32]


def stamp(*, folder: Path = ROOT) -> None:
    """Write into each lock file what it was compiled from."""
    for name, sources in LOCKS.items():
        lock = folder / name
        lines = [line for line in lock.read_text().splitlines() if not line.startswith(_STAMP)]
        lock.write_text("\n".join([_STAMP + digest(sources, folder=folder), *lines, ""]))


def outdated(*, folder: Path = ROOT) -> list[str]:
    """Return the lock files that were compiled from other requirements than there are now."""
    return [
        name
        for name, sources in LOCKS.items()
        if _STAMP + digest(sources, folder=folder) not in (folder / name).read_text().splitlines()
    ]


def main(command: str) -> int:
    if command == "stamp":
        stamp()
        return 0
    found = outdated()
    for name in found:
        print(f"{name} is older than {' or '.join(LOCKS[name])}; run scripts/lock", file=sys.stderr)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
