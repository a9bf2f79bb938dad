"""RabbitMQ and Redis servers of one's own on free ports of this machine, which tests start, stop and start again."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import time
from pathlib import Path

_START_SECONDS = 60.0
#: The program itself: Debian's command of that name changes to the user `rabbitmq`, whom our folder does not belong to.
_RABBITMQ = ("/usr/lib/rabbitmq/bin/rabbitmq-server", "rabbitmq-server")


class Broker:
    """A server that keeps its port from start to start, and its messages if it usually does."""

    name: str
    scheme: str
    #: The Debian package.
    package: str

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.port = free_port()
        self._process: subprocess.Popen[bytes] | None = None

    @classmethod
    def program(cls) -> str | None:
        """Return the server's program, None where it is not installed."""
        raise NotImplementedError

    @property
    def url(self) -> str:
        return f"{self.scheme}://127.0.0.1:{self.port}//"

    def start(self) -> None:
        """Start it unless it runs."""
        if self._process is not None:
            return
        with (self.folder / "log").open("ab") as log:
            self._process = subprocess.Popen(
                self._command(), env=os.environ | self._environment(), stdout=log, stderr=log
            )
        wait_for_port(self.port, seconds=_START_SECONDS)

    def stop(self) -> None:
        """Take it away as a power cut does."""
        if self._process is not None:
            os.kill(self._server_pid(), signal.SIGKILL)
            self._process.wait()
            self._process = None

    def _server_pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    def _command(self) -> list[str]:
        raise NotImplementedError

    def _environment(self) -> dict[str, str]:
        return {}


class Redis(Broker):
    name, scheme, package = "Redis", "redis", "redis-server"

    @classmethod
    def program(cls) -> str | None:
        return shutil.which("redis-server")

    @property
    def url(self) -> str:
        return f"redis://127.0.0.1:{self.port}/0"

    def _command(self) -> list[str]:
        # No file: what it forgets when it is killed is what is to be found without it.
        options = ["--port", str(self.port), "--bind", "127.0.0.1", "--save", "", "--dir", str(self.folder)]
        return [str(self.program()), *options]


class RabbitMQ(Broker):
    name, scheme, package = "RabbitMQ", "amqp", "rabbitmq-server"

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self._distribution_port, self._names_port = free_port(), free_port()

    @classmethod
    def program(cls) -> str | None:
        return next(filter(None, map(shutil.which, _RABBITMQ)), None)

    def stop(self) -> None:
        super().stop()
        # Erlang's name server, which started with it as a daemon and still listens.
        subprocess.run(
            [shutil.which("epmd") or "epmd", "-kill"],
            env=os.environ | {"ERL_EPMD_PORT": str(self._names_port)},
            check=False,
            capture_output=True,
        )

    def _server_pid(self) -> int:
        """What we have started is a shell that waits for the server, which has a session of its own."""
        return int((self.folder / "pid").read_text())

    def _command(self) -> list[str]:
        (self.folder / "plugins").write_text("[].\n")
        return [str(self.program())]

    def _environment(self) -> dict[str, str]:
        return {
            "HOME": str(self.folder),  # for Erlang's cookie
            "RABBITMQ_MNESIA_BASE": str(self.folder / "data"),
            "RABBITMQ_LOG_BASE": str(self.folder / "logs"),
            "RABBITMQ_NODENAME": f"test{self.port}@localhost",
            "RABBITMQ_NODE_IP_ADDRESS": "127.0.0.1",
            "RABBITMQ_NODE_PORT": str(self.port),
            "RABBITMQ_DIST_PORT": str(self._distribution_port),
            "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": "-kernel inet_dist_use_interface {127,0,0,1}",
            "RABBITMQ_ENABLED_PLUGINS_FILE": str(self.folder / "plugins"),
            "RABBITMQ_PID_FILE": str(self.folder / "pid"),
            "RABBITMQ_CONFIG_FILE": str(self.folder / "none"),
            "ERL_EPMD_ADDRESS": "127.0.0.1",
            "ERL_EPMD_PORT": str(self._names_port),
        }


BROKERS: tuple[type[Broker], ...] = (RabbitMQ, Redis)


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port


def wait_for_port(port: int, *, seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            time.sleep(0.05)
        else:
            return
    raise TimeoutError(f"nothing listens on port {port} after {seconds:.0f} seconds")
