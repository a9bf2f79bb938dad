"""An installation of its own for one test: a database, and real processes that work on it."""

from __future__ import annotations

import contextlib
import json
import os
import re
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
import uuid
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping
from pathlib import Path
from typing import Any

import psycopg

from integrations.types import JsonObject
from tests.faults.accepted import accepted

ROOT = Path(__file__).resolve().parents[2]
#: Short, so that what a killed worker held is soon taken over.
LEASE_SECONDS = 2
#: Of the superuser `root`.
PASSWORD = "a password for tests"
_POLL_SECONDS = 0.05

Rows = list[tuple[Any, ...]]


class Installation:
    """Speaks to its database through connections of its own, as somebody who looks on from outside."""

    def __init__(self, folder: Path, database_url: str, **environment: str) -> None:
        self.folder = folder
        self.database_url = database_url
        self.accepted_file = folder / "accepted"
        self.accepted_file.touch()
        self.environment = os.environ | {
            "DATABASE_URL": database_url,
            "DJANGO_SETTINGS_MODULE": "ductape_site.settings",
            "DUCTAPE_EGRESS_ALLOW": "127.0.0.1",
            "DUCTAPE_LEASE_SECONDS": str(LEASE_SECONDS),
            **environment,
        }
        self.processes: list[subprocess.Popen[bytes]] = []

    # Processes

    def make_scene(self, api_url: str) -> None:
        self._run(sys.executable, "-m", "tests.faults.scene", api_url)

    def worker(self, *arguments: str) -> subprocess.Popen[bytes]:
        return self.start(sys.executable, "manage.py", "run_worker", *arguments)

    def poster(self, feature: str, count: int, **input: Any) -> subprocess.Popen[bytes]:
        """Start a process that starts runs until `count` were acknowledged, over all posters of this installation."""
        return self.start(*self._poster(feature, count, input))

    def post(self, feature: str, count: int, **input: Any) -> list[uuid.UUID]:
        """Start `count` more runs and return their ids."""
        before = self.accepted()
        self._run(*self._poster(feature, len(before) + count, input))
        return self.accepted()[len(before) :]

    def operate_jobs(self, wish: str, *what: Mapping[str, Any] | str) -> None:
        """Fulfil one of the wishes that `operate_jobs` knows, about definitions or tags."""
        self._run(sys.executable, "-m", "tests.faults.operate_jobs", wish, json.dumps(what))

    def start(self, *command: str) -> subprocess.Popen[bytes]:
        with self.log.open("ab") as log:
            process = subprocess.Popen(
                command, cwd=ROOT, env=self.environment, stdout=log, stderr=log, start_new_session=True
            )
        self.processes.append(process)
        return process

    def close(self) -> None:
        """Kill what still runs, with what it has started."""
        for process in self.processes:
            kill(process)
        if not self.is_sqlite and "/faults_" in self.database_url:
            self._drop_database()

    @property
    def log(self) -> Path:
        return self.folder / "log"

    def accepted(self) -> list[uuid.UUID]:
        """Return the runs whose start was acknowledged."""
        return [uuid.UUID(line) for line in accepted(self.accepted_file)]

    def _poster(self, feature: str, count: int, input: JsonObject) -> list[str]:
        module = [sys.executable, "-m", "tests.faults.poster"]
        return [*module, str(self.accepted_file), feature, str(count), json.dumps(input)]

    def _run(self, *command: str) -> None:
        done = subprocess.run(
            command, cwd=ROOT, env=self.environment, capture_output=True, text=True, check=False, timeout=120
        )
        assert done.returncode == 0, done.stderr[-3000:]

    def _drop_database(self) -> None:
        server, name = with_database(self.database_url, "postgres"), self.database_url.rpartition("/")[2]
        with contextlib.closing(psycopg.connect(server, autocommit=True)) as connection:
            connection.execute(f"DROP DATABASE {name} WITH (FORCE)".encode())

    # What is stored

    @property
    def is_sqlite(self) -> bool:
        return self.database_url.startswith("sqlite")

    @property
    def sqlite_file(self) -> Path:
        return Path(self.database_url.removeprefix("sqlite:///"))

    @contextlib.contextmanager
    def connection(self) -> Iterator[Any]:
        """Yield a connection of the database's own driver, in autocommit."""
        opened: Any = (
            sqlite3.connect(self.sqlite_file, timeout=20, isolation_level=None)
            if self.is_sqlite
            else psycopg.connect(self.database_url, autocommit=True)
        )
        with contextlib.closing(opened):
            yield opened

    def rows(self, sql: str) -> Rows:
        with self.connection() as connection:
            return list(connection.execute(sql).fetchall())

    def statuses(self) -> dict[uuid.UUID, str]:
        return {as_uuid(key): status for key, status in self.rows("SELECT id, status FROM integrations_run")}

    def count(self, status: str) -> int:
        return Counter(self.statuses().values())[status]

    def holders(self, connection: Any = None) -> dict[uuid.UUID, int]:
        """Return the process of the worker that holds each running run: its name is `host:pid:something`."""
        sql = "SELECT id, worker FROM integrations_run WHERE lease_until IS NOT NULL"
        held = self.rows(sql) if connection is None else connection.execute(sql).fetchall()
        return {as_uuid(key): int(worker.split(":")[1]) for key, worker in held if worker}

    def wait_until_ended(self, run_ids: Collection[uuid.UUID], *, seconds: float) -> None:
        """Return once all of these have succeeded; whatever else they ended as fails the test."""
        wait_for(lambda: self._have_ended(run_ids), seconds=seconds, what=self._describe)
        statuses = self.statuses()
        assert Counter(statuses[run_id] for run_id in run_ids) == Counter(succeeded=len(run_ids)), self._describe()

    def _have_ended(self, run_ids: Collection[uuid.UUID]) -> bool:
        statuses = self.statuses()
        return not {statuses[run_id] for run_id in run_ids} & {"queued", "running", "waiting", "scheduled"}

    def _describe(self) -> str:
        errors = Counter(self.rows("SELECT status, error_code, error_message, crashes FROM integrations_run"))
        return f"{errors}\n{self.log.read_text()[-3000:]}"


def as_uuid(value: Any) -> uuid.UUID:
    """Return a key as Python has it: SQLite keeps 32 hexadecimal digits."""
    return value if isinstance(value, uuid.UUID) else uuid.UUID(value)


def kill(process: subprocess.Popen[bytes]) -> None:
    """Kill -9 a process with all that it has started."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def wait_for(condition: Callable[[], object], *, seconds: float, what: str | Callable[[], str]) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"not after {seconds:g} s: {what() if callable(what) else what}"
        time.sleep(_POLL_SECONDS)


def copy_of(template: Installation, folder: Path, *, disk: Path | None = None, **environment: str) -> Installation:
    """Return a new installation in `folder` with what `template` holds, which nobody may be using.

    An SQLite file lies on `disk` if there is one.
    """
    if template.is_sqlite:
        file = (disk or folder) / "faults.sqlite3"
        shutil.copy(template.sqlite_file, file)
        return Installation(folder, f"sqlite:///{file}", **environment)
    name = f"faults_{uuid.uuid4().hex[:12]}"
    source = template.database_url.rpartition("/")[2]
    url = with_database(template.database_url, "postgres")
    with contextlib.closing(psycopg.connect(url, autocommit=True)) as server:
        server.execute(f"CREATE DATABASE {name} TEMPLATE {source}".encode())
    return Installation(folder, with_database(url, name), **environment)


def with_database(url: str, name: str) -> str:
    """Return a PostgreSQL URL of another database on the same server."""
    return re.sub(r"/[^/]*$", f"/{name}", url)
