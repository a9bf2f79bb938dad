"""A web server of an installation, and somebody who presses Run there."""

from __future__ import annotations

import contextlib
import json
import re
import subprocess
import sys
import uuid

import httpx2

from integrations.types import JsonObject
from tests.faults.installation import PASSWORD, Installation, wait_for

_RUN_PAGE = re.compile(r"/run/([0-9a-f-]{36})/")


def start_web(installation: Installation, port: int) -> subprocess.Popen[bytes]:
    installation.environment["DEBUG"] = "yes"  # static files without collectstatic
    gunicorn = [sys.executable, "-m", "gunicorn", "ductape_site.wsgi", "--bind", f"127.0.0.1:{port}", "--threads", "2"]
    return installation.start(*gunicorn)


class Browser:
    """Logs in as the superuser, and presses Run on the pages of features."""

    def __init__(self, client: httpx2.Client, installation: Installation) -> None:
        self._client, self._installation = client, installation

    def log_in(self) -> None:
        """Wait until the server answers, and log in."""
        wait_for(self._is_answered, seconds=30, what=self._installation.log.read_text)
        self._client.get("/admin/login/")
        self._post("/admin/login/", username="root", password=PASSWORD)

    def press_run(self, feature: str, **input: object) -> httpx2.Response:
        [(key,)] = self._installation.rows(f"SELECT id FROM integrations_feature WHERE tag = '{feature}'")  # noqa: S608  our own words
        values: JsonObject = json.loads(json.dumps(input))
        page = f"/admin/integrations/feature/{key}/run/"
        return self._post(page, json=json.dumps(values), shape="json", environment="dev", shown="1")

    def _post(self, path: str, **values: str) -> httpx2.Response:
        # Its name ends with what is the installation's own.
        [token] = [value for name, value in self._client.cookies.items() if name.startswith("ductape_csrf_")]
        return self._client.post(path, data={**values, "csrfmiddlewaretoken": token})

    def _is_answered(self) -> bool:
        with contextlib.suppress(httpx2.TransportError):
            return self._client.get("/healthz").status_code == 200
        return False


def run_of(answer: httpx2.Response) -> uuid.UUID:
    """Return the run whose page the answer to a press of Run leads to."""
    found = _RUN_PAGE.search(answer.headers.get("Location", ""))
    assert found, answer.text[:500]
    return uuid.UUID(found[1])
