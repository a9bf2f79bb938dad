"""What every test gets: its database, markers that follow from what it uses, and repeatable property tests in CI."""

from __future__ import annotations

import os
import shutil

import hypothesis
import pytest
from django.conf import settings

pytest_plugins = ["tests.running"]

_IN_CI = os.environ.get("CI") == "true"
_DATABASE_FIXTURES = {"db", "transactional_db", "django_db_setup", "live_server"}

# No deadline: two test processes share two cores with whatever else runs.
hypothesis.settings.register_profile("dev", deadline=None)
hypothesis.settings.register_profile("ci", deadline=None, derandomize=True)
hypothesis.settings.load_profile("ci" if _IN_CI else "dev")


@pytest.fixture(scope="session")
def django_db_modify_db_settings(
    tmp_path_factory: pytest.TempPathFactory, django_db_modify_db_settings_parallel_suffix: None
) -> None:
    """Put SQLite's test database in a file, as in production; one in memory has no WAL and no second connection."""
    database = settings.DATABASES["default"]
    if database["ENGINE"].endswith("sqlite3"):
        database["TEST"]["NAME"] = str(tmp_path_factory.mktemp("database") / "test.sqlite3")


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        _mark_database_use(item)
        _skip_without_postgresql(item)
        _skip_without_browser(item)


def _mark_database_use(item: pytest.Item) -> None:
    # What a browser does with a page is the same on each database; tests/admin asks for the pages on both.
    if item.get_closest_marker("browser"):
        return
    fixtures = set(getattr(item, "fixturenames", ()))
    if item.get_closest_marker("django_db") or fixtures & _DATABASE_FIXTURES:
        item.add_marker("database")


def _skip_without_postgresql(item: pytest.Item) -> None:
    if item.get_closest_marker("postgresql") and not settings.DATABASES["default"]["ENGINE"].endswith("postgresql"):
        item.add_marker(pytest.mark.skip(reason="DATABASE_URL is not PostgreSQL"))


def _skip_without_browser(item: pytest.Item) -> None:
    if item.get_closest_marker("browser") and not _IN_CI and not _has_browser():
        item.add_marker(pytest.mark.skip(reason="chromium and chromedriver are not installed"))


def _has_browser() -> bool:
    browsers = ("chromium", "chromium-browser", "google-chrome")
    return any(map(shutil.which, browsers)) and shutil.which("chromedriver") is not None
