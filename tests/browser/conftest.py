"""Chromium for tests: one process a session, and a fixture that fails on any report of the policy or a script."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from django.conf import settings
from django.contrib.auth.models import User
from django.test import Client
from pytest_django.live_server_helper import LiveServer
from selenium import webdriver
from selenium.webdriver.chrome.options import Options
from selenium.webdriver.chrome.service import Service

from tests.browser.page import Page

FLAGS = (
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--disable-dev-shm-usage",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)

#: Says every report in the console's log, which outlives the page that it was about.
REPORT_VIOLATIONS = """
document.addEventListener("securitypolicyviolation", (event) => console.error(
    "policy violation", event.effectiveDirective, event.blockedURI, event.sourceFile, event.lineNumber, event.sample));
"""


@pytest.fixture(scope="session")
def chromium(tmp_path_factory: pytest.TempPathFactory) -> Iterator[webdriver.Chrome]:
    options = Options()
    # Named, so that Selenium looks for nothing on the network.
    options.binary_location = "/usr/bin/chromium"
    for flag in (*FLAGS, f"--user-data-dir={tmp_path_factory.mktemp('chromium')}"):
        options.add_argument(flag)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    driver = webdriver.Chrome(options=options, service=Service("/usr/bin/chromedriver"))
    driver.execute_cdp_cmd("Page.addScriptToEvaluateOnNewDocument", {"source": REPORT_VIOLATIONS})
    yield driver
    driver.quit()


@pytest.fixture
def browser(chromium: webdriver.Chrome, live_server: LiveServer) -> Iterator[Page]:
    """A page of nobody yet, at desktop size; afterwards nothing may have been reported."""
    page = Page(chromium, live_server.url)
    page.resize(*Page.DESKTOP)
    yield page
    reports = page.reports()
    page.forget()
    assert not reports, "\n".join(reports)


@pytest.fixture
def admin_page(browser: Page, client: Client) -> Page:
    """The admin's first page, as a superuser."""
    client.force_login(User.objects.create_superuser("ada", "ada@example.com"))
    browser.log_in(client.cookies[settings.SESSION_COOKIE_NAME].value)
    browser.open("/admin/")
    return browser


# Before tests/conftest.py reads the marker.
@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    here = Path(__file__).parent
    for item in items:
        if here in item.path.parents:
            item.add_marker(pytest.mark.browser)
