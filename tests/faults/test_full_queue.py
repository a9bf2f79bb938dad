"""A queue past its cap: whoever floods it is told that it is full, and nobody else is."""

from __future__ import annotations

import html
import sys

import httpx2

from tests.faults.installation import Installation
from tests.faults.postgresql import free_port
from tests.faults.web import Browser, run_of, start_web

CAP = 40
FULL = f"the queue is full: {CAP} runs are unfinished, where {CAP} is the cap; try again in 5 seconds"


def test_full_queue_is_busy_for_whoever_floods_it_and_open_to_others(installation: Installation) -> None:
    installation.environment["DUCTAPE_QUEUE_CAP"] = str(CAP)

    flood = installation.poster("nothing", 10 * CAP)

    assert flood.wait(timeout=60) == 1
    assert len(installation.accepted()) == CAP
    assert f"refused: {FULL}" in installation.log.read_text()
    command = [sys.executable, "manage.py", "run_feature", "faults", "nothing", "--env", "dev"]
    assert installation.start(*command).wait(timeout=60) == 1
    assert f"CommandError: {FULL}" in installation.log.read_text()
    installation.post("quiet", CAP // 4)  # fails unless all are accepted

    installation.worker()
    installation.wait_until_ended(installation.accepted(), seconds=60)
    installation.wait_until_ended(installation.post("nothing", 1), seconds=20)


def test_full_queue_is_told_on_the_page_of_whoever_floods_it_and_open_to_others(installation: Installation) -> None:
    installation.environment["DUCTAPE_QUEUE_CAP"] = str(CAP)
    installation.poster("nothing", 10 * CAP).wait(timeout=60)
    port = free_port()
    start_web(installation, port)

    with httpx2.Client(base_url=f"http://127.0.0.1:{port}", timeout=20) as client:
        browser = Browser(client, installation)
        browser.log_in()
        refused, taken = browser.press_run("nothing"), browser.press_run("quiet")

    assert FULL in html.unescape(refused.text)
    assert len(installation.accepted()) == CAP
    assert set(installation.statuses()) == {*installation.accepted(), run_of(taken)}
