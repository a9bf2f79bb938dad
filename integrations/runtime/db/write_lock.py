"""Lets the workers of one machine write to an SQLite database one after the other, without sleeping through their turn.

SQLite itself makes whoever finds the database locked sleep, for longer each time, up to a tenth of a second: two busy
workers would spend much of their time asleep beside a free database. So they queue at a lock on a file first, looking
again every half millisecond. It is a courtesy: whoever waits too long, or knows nothing of it, is held up by SQLite.
"""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connection, transaction

_LOOK_SECONDS = 0.0005
#: A worker that was stopped in the middle of its turn holds the others up no longer than this.
_LONGEST_SECONDS = 0.25

#: The open lock file of this process, by process and path.
_files: dict[tuple[int, str], int] = {}


@contextmanager
def writing() -> Iterator[None]:
    """Open a transaction that is going to write, when it is this worker's turn."""
    lock = _lock_file()
    if lock is None:
        with transaction.atomic():
            yield
        return
    is_ours = _wait_for(lock)
    try:
        with transaction.atomic():
            yield
    finally:
        if is_ours:
            fcntl.flock(lock, fcntl.LOCK_UN)


def _lock_file() -> int | None:
    """Return the descriptor of the lock beside the database; None where nobody needs one."""
    name = str(connection.settings_dict["NAME"])
    if connection.vendor != "sqlite" or connection.in_atomic_block or "memory" in name:
        return None
    key = (os.getpid(), name)
    if key not in _files:
        _files[key] = os.open(f"{name}-turns", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    return _files[key]


def _wait_for(lock: int) -> bool:
    until = time.monotonic() + _LONGEST_SECONDS
    while time.monotonic() < until:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            time.sleep(_LOOK_SECONDS)
        else:
            return True
    return False
