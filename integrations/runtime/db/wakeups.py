"""Wakes waiting workers at once when something may be due; they also look by themselves now and then.

PostgreSQL notifies them (LISTEN, NOTIFY). On SQLite a thread reads the database's data version, a few microseconds
each time, which changes with every commit of any process.
"""

from __future__ import annotations

import logging
import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from typing import Any

from django.db import connection

logger = logging.getLogger(__name__)

_CHANNEL = "ductape_runs"
#: How often the data version of an SQLite database is read.
_LOOK_SECONDS = 0.005
#: How long the listener waits before it connects again.
_RECONNECT_SECONDS = 1.0

Wake = Callable[[], None]


def signal() -> None:
    """Wake the workers once the current transaction is committed."""
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute(f"NOTIFY {_CHANNEL}")


@contextmanager
def listening(wake: Wake) -> Iterator[None]:
    """Call `wake` from a thread of its own whenever something may have become due, while the block runs."""
    stop = threading.Event()
    parameters = connection.get_connection_params()
    listen = _listen_postgresql if connection.vendor == "postgresql" else _watch_sqlite
    thread = threading.Thread(target=_until, args=(stop, listen, parameters, wake), name="waking", daemon=True)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join(timeout=2)


def _until(stop: threading.Event, listen: Callable[..., None], parameters: dict[str, Any], wake: Wake) -> None:
    """Listen until stopped; a database that is down is tried again until it is back."""
    while not stop.is_set():
        try:
            listen(stop, parameters, wake)
        except Exception:
            logger.warning("Lost the connection that wakes this worker; it looks by itself until it is back")
            stop.wait(_RECONNECT_SECONDS)


def _listen_postgresql(stop: threading.Event, parameters: dict[str, Any], wake: Wake) -> None:
    import psycopg  # only where it is the database

    own = {name: value for name, value in parameters.items() if name not in ("context", "cursor_factory")}
    with psycopg.connect(**own, autocommit=True) as listener:
        listener.execute(f"LISTEN {_CHANNEL}")
        wake()
        while not stop.is_set():
            for _ in listener.notifies(timeout=0.5, stop_after=1):
                wake()


def _watch_sqlite(stop: threading.Event, parameters: dict[str, Any], wake: Wake) -> None:
    with closing(sqlite3.connect(str(parameters["database"]), isolation_level=None)) as watcher:
        seen = None
        while not stop.wait(_LOOK_SECONDS):
            version = watcher.execute("PRAGMA data_version").fetchone()[0]
            if version != seen:
                seen = version
                wake()
