"""A PostgreSQL server of one's own on a free port of this machine, which tests may stop and start again."""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg

_START_SECONDS = 30.0


def programs() -> Path | None:
    """Return the folder of `initdb` and `postgres`: on the path, or Debian's newest; None where there is none."""
    debian = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda folder: int(folder.parent.name))
    on_path = shutil.which("initdb")
    folders = [*reversed(debian), *([Path(on_path).parent] if on_path else [])]
    return next((folder for folder in folders if (folder / "initdb").exists()), None)


class PostgresServer:
    """Durable, as in production, unless `durable=False`."""

    def __init__(self, folder: Path, *, durable: bool = True) -> None:
        found = programs()
        assert found is not None, "PostgreSQL is not installed"
        self._programs, self._folder, self._durable = found, folder, durable
        self._process: subprocess.Popen[bytes] | None = None
        self._port = free_port()
        # It refuses to run as root.
        self._user = _unprivileged_user() if os.geteuid() == 0 else None
        if self._user:
            shutil.chown(folder, self._user)
        self._run("initdb", "--pgdata", folder / "data", "--username", "ductape", "--auth", "trust", "--no-sync")

    @property
    def url(self) -> str:
        return f"postgresql://ductape@127.0.0.1:{self._port}/postgres"

    def start(self) -> None:
        options = ["-p", str(self._port), "-c", "listen_addresses=127.0.0.1"]
        options += ["-c", f"unix_socket_directories={self._folder}"]
        options += [] if self._durable else ["-c", "fsync=off"]
        command = [str(self._programs / "postgres"), "-D", str(self._folder / "data"), *options]
        with (self._folder / "log").open("ab") as log:
            self._process = subprocess.Popen(command, user=self._user, cwd=self._folder, stdout=log, stderr=log)
        self._wait()

    def stop(self) -> None:
        """Take it away at once: connections break, and what was committed is recovered at the next start."""
        if self._process is not None:
            self._process.send_signal(signal.SIGQUIT)
            self._process.wait(timeout=30)
            self._process = None

    def _wait(self) -> None:
        deadline = time.monotonic() + _START_SECONDS
        while True:
            try:
                psycopg.connect(self.url, connect_timeout=2).close()
            except psycopg.OperationalError:
                assert time.monotonic() < deadline, (self._folder / "log").read_text()[-2000:]
                time.sleep(0.05)
            else:
                return

    def _run(self, program: str, *arguments: str | Path) -> None:
        command = [str(self._programs / program), *map(str, arguments)]
        subprocess.run(command, user=self._user, cwd=self._folder, check=True, capture_output=True)


@contextmanager
def running(*, durable: bool = True) -> Iterator[PostgresServer]:
    """Yield a server that is gone, with all that it holds, when the block ends."""
    # Not below pytest's folders, which only its own user may enter.
    with tempfile.TemporaryDirectory(prefix="ductape-postgresql-") as folder:
        server = PostgresServer(Path(folder), durable=durable)
        server.start()
        try:
            yield server
        finally:
            server.stop()


def _unprivileged_user() -> str:
    names = {entry.pw_name for entry in pwd.getpwall()}
    return "postgres" if "postgres" in names else "nobody"


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port
