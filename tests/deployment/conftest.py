"""A console as docs/howto/deploy.md has it: gunicorn with an SQLite file of its own, and nginx with TLS in front."""

from __future__ import annotations

import os
import secrets
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from django.conf import settings

from tests.connectors.egress.certificates import self_signed
from tests.deployment import howto

NGINX = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin")
PASSWORD = secrets.token_urlsafe(20)
_PATIENCE_SECONDS = 30.0
#: What Debian's nginx.conf has around a site, for a server of the tests' own user.
_AROUND = """
daemon off;
pid nginx.pid;
error_log stderr;
events {{}}
http {{
    include /etc/nginx/mime.types;
    access_log off;
    client_body_temp_path temp; proxy_temp_path temp; fastcgi_temp_path temp; uwsgi_temp_path temp; scgi_temp_path temp;
{site}
}}
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Deployed:
    #: As people type it, such as https://localhost:40443/console.
    url: str
    #: The file of the certificate to trust.
    trusted: Path
    #: gunicorn's own port, as a probe asks it.
    port: int


@pytest.fixture(scope="module", params=["", "/console", "/console taken away"])
def deployed(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployed]:
    """The console at the root, below a path, and below a path that nginx takes away."""
    if NGINX is None:
        if os.environ.get("CI") == "true":
            pytest.fail("nginx is missing; on Debian: apt-get install nginx")
        pytest.skip("nginx is not installed")
    path, _, takes_away = request.param.partition(" ")
    folder = tmp_path_factory.mktemp("deployed")
    _, trusted = self_signed(folder, host="localhost")
    port, tls_port = _free_port(), _free_port()
    environment = _environment(folder, path)
    _manage(environment, "migrate", "--verbosity", "0")
    _manage(environment, "collectstatic", "--no-input", "--verbosity", "0")
    _manage(environment, "createsuperuser", "--no-input", "--username", "ada", "--email", "a@example.com")
    gunicorn = [sys.executable, "-m", "gunicorn", "ductape_site.wsgi", "--bind", f"127.0.0.1:{port}", "--threads", "4"]
    site = _site(folder, path, port=port, tls_port=tls_port, takes_away=bool(takes_away))
    with (
        _running(gunicorn, environment, port),
        _running([NGINX, "-p", str(folder), "-c", str(site)], environment, tls_port),
    ):
        yield Deployed(url=f"https://localhost:{tls_port}{path}", trusted=trusted, port=port)


def _environment(folder: Path, path: str) -> dict[str, str]:
    return {
        "PATH": os.environ["PATH"],
        "ALLOWED_HOSTS": "localhost",
        "DATABASE_URL": f"sqlite:///{folder}/ductape.sqlite3",
        "DJANGO_SUPERUSER_PASSWORD": PASSWORD,
        "DUCTAPE_ENCRYPTION_KEYS": f"k1:{secrets.token_urlsafe(32)}",
        "DUCTAPE_ENV_FILE": "",
        "DUCTAPE_PATH": path,
        "DUCTAPE_STATIC_ROOT": str(folder / "static"),
        "SECRET_KEY": secrets.token_urlsafe(50),
    }


def _manage(environment: dict[str, str], *arguments: str) -> None:
    subprocess.run([sys.executable, "manage.py", *arguments], cwd=settings.BASE_DIR, env=environment, check=True)


def _site(folder: Path, path: str, *, port: int, tls_port: int, takes_away: bool) -> Path:
    """Write the document's configuration with this test's ports and certificate in it, and return the file."""
    whole, below = howto.blocks("nginx")
    if path:
        start = whole.index("    location / {")
        end = whole.index("    }\n", start) + len("    }\n")
        whole = whole[:start] + below + whole[end:]
    upstream = f"proxy_pass http://127.0.0.1:{port}"
    for said, here in (
        ("listen 443 ssl", f"listen 127.0.0.1:{tls_port} ssl"),
        ("listen 80", f"listen 127.0.0.1:{_free_port()}"),
        ("/etc/ssl/certs/console.pem", str(folder / "server.pem")),
        ("/etc/ssl/private/console.key", str(folder / "server.pem")),
        ("proxy_pass http://127.0.0.1:8000", f"{upstream}/" if takes_away else upstream),
    ):
        assert said in whole
        whole = whole.replace(said, here)
    config = folder / "nginx.conf"
    config.write_text(_AROUND.format(site=whole))
    return config


@contextmanager
def _running(command: list[str], environment: dict[str, str], port: int) -> Iterator[None]:
    with subprocess.Popen(command, cwd=settings.BASE_DIR, env=environment) as process:
        try:
            _wait_for(port, process)
            yield
        finally:
            process.terminate()
            try:
                process.wait(timeout=_PATIENCE_SECONDS)
            finally:
                process.kill()


def _wait_for(port: int, process: subprocess.Popen[bytes]) -> None:
    until = time.monotonic() + _PATIENCE_SECONDS
    while time.monotonic() < until:
        assert process.poll() is None, f"it ended with {process.returncode}"
        with socket.socket() as client:
            if client.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    pytest.fail(f"nothing listens on port {port}")


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port
