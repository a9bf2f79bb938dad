"""A file lock that makes SQLite writers on one machine queue, instead of sleeping in SQLite's back-off.

SQLite itself makes a writer that finds the database locked sleep, for longer each time, up to a tenth of a second: two
busy workers would spend much of their time asleep beside a free database. So they queue at a lock on a file first,
trying again every half millisecond. It is a courtesy: one that waits too long, or does not use it, waits in SQLite.
"""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connection, transaction

_LOOK_SECONDS = 0.0005
#: A worker that was stopped while it had the lock delays the others no longer than this.
_LONGEST_SECONDS = 0.25

#: The open lock file of this process, by process and path.
_files: dict[tuple[int, str], int] = {}


@contextmanager
def writing() -> Iterator[None]:
    """Open a transaction that writes, once this worker has the lock or has waited long enough for it."""
    lock = _lock_file()
    if lock is None:
        with transaction.atomic():
            yield
        return
    has_lock = _wait_for(lock)
    try:
        with transaction.atomic():
            yield
    finally:
        if has_lock:
            fcntl.flock(lock, fcntl.LOCK_UN)


def _lock_file() -> int | None:
    """Return the descriptor of the lock beside the database; None where no lock is needed."""
    name = str(connection.settings_dict["NAME"])
    if connection.vendor != "sqlite" or connection.in_atomic_block or "memory" in name:
        return None
    key = (os.getpid(), name)
    if key not in _files:
        _files[key] = os.open(f"{name}-write-lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
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
