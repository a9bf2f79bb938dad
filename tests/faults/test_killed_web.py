"""kill -9 of the web server while people press Run: whatever was answered with a run's page ends."""

from __future__ import annotations

import contextlib
import random
import threading
import uuid

import httpx2

from tests.faults.checks import assert_all_done_once
from tests.faults.fake_api import FakeApi
from tests.faults.installation import Installation
from tests.faults.postgresql import free_port
from tests.faults.revived import Revived
from tests.faults.web import Browser, run_of, start_web


def test_killed_web_server_loses_no_run_that_it_answered_for(
    installation: Installation, api: FakeApi, chance: random.Random, is_long: bool
) -> None:
    count, longest = (1000, 4.0) if is_long else (20, 1.0)
    port = free_port()
    workers = [Revived(installation.worker) for _ in range(2)]
    web = Revived(lambda: start_web(installation, port))
    answered: list[uuid.UUID] = []
    with httpx2.Client(base_url=f"http://127.0.0.1:{port}") as client:
        browser = Browser(client, installation)
        while len(answered) < count or web.kills < 3:
            browser.log_in()
            answered += _press_until_killed(browser, web, seconds=chance.uniform(0.3, longest))
            chance.choice(workers).kill()

    run_ids = list(installation.statuses())  # also those that the server died on before it could say so
    assert set(answered) <= set(run_ids)
    installation.wait_until_ended(run_ids, seconds=60)
    assert_all_done_once(installation, api, run_ids)


def _press_until_killed(browser: Browser, web: Revived, *, seconds: float) -> list[uuid.UUID]:
    """Press Run again and again while the server is killed at a random moment; return what it has answered."""
    answered: list[uuid.UUID] = []
    killing = threading.Timer(seconds, web.kill)
    killing.start()
    with contextlib.suppress(httpx2.TransportError):
        while True:
            answered.append(run_of(browser.press_run("order", number=len(answered))))
    killing.join()
    return answered
