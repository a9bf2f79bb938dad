"""kill -9 of the web server while people press Run: whatever was answered with a run's page ends."""

from __future__ import annotations

import contextlib
import random
import re
import sys
import threading
import uuid

import httpx

from tests.faults.checks import assert_nothing_rewritten
from tests.faults.installation import PASSWORD, Installation, wait_for
from tests.faults.postgresql import free_port
from tests.faults.test_killed_processes import Revived

_RUN_PAGE = re.compile(r"/run/([0-9a-f-]{36})/")


class Browser:
    """Presses Run on the page of a feature, and logs in where it has to."""

    def __init__(self, client: httpx.Client, feature: int) -> None:
        self._client = client
        self._page = f"/admin/integrations/feature/{feature}/run/"

    def log_in(self) -> None:
        self._client.get("/admin/login/")
        self._post("/admin/login/", username="root", password=PASSWORD)

    def press_run(self) -> uuid.UUID:
        """Return the run whose page the answer leads to."""
        answer = self._post(self._page, json="{}", shape="json", environment="dev", version="1")
        found = _RUN_PAGE.search(answer.headers.get("Location", ""))
        assert found, answer.text[:500]
        return uuid.UUID(found[1])

    def _post(self, path: str, **values: str) -> httpx.Response:
        return self._client.post(path, data={**values, "csrfmiddlewaretoken": self._client.cookies["csrftoken"]})


def test_killed_web_server_loses_no_run_that_it_answered_for(installation: Installation, chance: random.Random) -> None:
    port = free_port()
    installation.environment["DEBUG"] = "yes"  # static files without collectstatic
    installation.worker()
    gunicorn = [sys.executable, "-m", "gunicorn", "ductape_site.wsgi", "--bind", f"127.0.0.1:{port}", "--threads", "2"]
    web = Revived(lambda: installation.start(*gunicorn))
    [(feature,)] = installation.rows("SELECT id FROM integrations_feature WHERE tag = 'nothing'")
    answered: list[uuid.UUID] = []
    with httpx.Client(base_url=f"http://127.0.0.1:{port}") as client:
        browser = Browser(client, feature)
        for _ in range(3):
            wait_for(lambda: _answers(client), seconds=30, what=installation.log.read_text)
            browser.log_in()
            answered += _press_until_killed(browser, web, seconds=chance.uniform(0.3, 1.0))

    assert len(answered) > 5
    installation.wait_until_ended(list(installation.statuses()), seconds=30)
    assert set(answered) <= set(installation.statuses())
    assert_nothing_rewritten(installation)


def _press_until_killed(browser: Browser, web: Revived, *, seconds: float) -> list[uuid.UUID]:
    """Press Run again and again while the server is killed at a random moment; return what it has answered."""
    answered: list[uuid.UUID] = []
    killing = threading.Timer(seconds, web.kill)
    killing.start()
    with contextlib.suppress(httpx.TransportError):
        while True:
            answered.append(browser.press_run())
    killing.join()
    return answered


def _answers(client: httpx.Client) -> bool:
    with contextlib.suppress(httpx.TransportError):
        return client.get("/healthz").status_code == 200
    return False
