"""Other task queues doing as much: a job that does nothing and leaves a row. Measured where they are installed."""

from __future__ import annotations

import contextlib
import importlib.util
import os
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple


class Rival(NamedTuple):
    name: str
    #: Jobs a second, from the first one's row to the last one's; takes the number of jobs and of processes.
    drained: Callable[[int, int], float]


def installed() -> list[Rival]:
    found = []
    if importlib.util.find_spec("huey"):
        found.append(Rival("Huey, SQLite", _huey))
    if importlib.util.find_spec("celery") and importlib.util.find_spec("redis") and shutil.which("redis-server"):
        found.append(Rival("Celery, Redis, acks late", _celery))
    return found


def _huey(jobs: int, processes: int) -> float:
    with tempfile.TemporaryDirectory(prefix="ductape-huey-") as folder:
        environment = _environment(folder)
        _run("benchmarks.huey_tasks", str(jobs), environment)
        command = [sys.executable, "-m", "huey.bin.huey_consumer", "benchmarks.huey_tasks.huey", "-q"]
        with _started([*command, "-k", "process", "-w", str(processes)], environment):
            return _speed(Path(folder), jobs)


def _celery(jobs: int, processes: int) -> float:
    with tempfile.TemporaryDirectory(prefix="ductape-celery-") as folder:
        port = _free_port()
        environment = _environment(folder) | {"RIVAL_REDIS": f"redis://127.0.0.1:{port}/0"}
        server = ["redis-server", "--port", str(port), "--bind", "127.0.0.1", "--save", "", "--dir", folder]
        with _started(server, environment):
            time.sleep(0.5)
            _run("benchmarks.celery_tasks", str(jobs), environment)
            command = [sys.executable, "-m", "celery", "-A", "benchmarks.celery_tasks", "worker", "-l", "ERROR"]
            with _started([*command, "-c", str(processes), "--without-gossip", "--without-mingle"], environment):
                return _speed(Path(folder), jobs)


def sink(folder: str | None = None) -> sqlite3.Connection:
    """Return a connection to the table that each job leaves a row in; not durable, to be kind."""
    connection = sqlite3.connect(Path(folder or os.environ["RIVAL_FOLDER"]) / "sink.sqlite3", timeout=20)
    connection.executescript("PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL")
    connection.execute("CREATE TABLE IF NOT EXISTS done (at REAL)")
    return connection


def leave_a_row(connection: sqlite3.Connection) -> None:
    with connection:
        connection.execute("INSERT INTO done VALUES (?)", [time.time()])


def _speed(folder: Path, jobs: int) -> float:
    with contextlib.closing(sink(str(folder))) as rows:
        while rows.execute("SELECT count(*) FROM done").fetchone()[0] < jobs:
            time.sleep(0.05)
        began, ended = rows.execute("SELECT min(at), max(at) FROM done").fetchone()
    return float(jobs / (ended - began))


def _environment(folder: str) -> dict[str, str]:
    return os.environ | {"RIVAL_FOLDER": folder}


def _run(module: str, argument: str, environment: dict[str, str]) -> None:
    subprocess.run([sys.executable, "-m", module, argument], env=environment, check=True)


@contextlib.contextmanager
def _started(command: list[str], environment: dict[str, str]) -> Iterator[None]:
    process = subprocess.Popen(
        command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True
    )
    try:
        yield
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port
