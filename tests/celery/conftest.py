"""What Celery tests work on: real brokers, and installations whose processes share a database and a broker."""

from __future__ import annotations

import contextlib
import os
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.celery.brokers import BROKERS, Broker
from tests.celery.celery_installation import CeleryInstallation
from tests.faults.conftest import template as template  # a fixture, made from `api` below
from tests.faults.fake_api import Effect, FakeApi
from tests.faults.installation import copy_of


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what lies in this folder: it uses a database, though not the one that pytest-django looks after."""
    here = Path(__file__).parent
    for item in items:
        if here in item.path.parents:
            item.add_marker("database")


class SlowApi(FakeApi):
    """Its actions take as long as a test says."""

    def __init__(self) -> None:
        super().__init__()
        self.seconds: dict[str, float] = {}

    def take(self, key: str, effect: Effect) -> None:
        super().take(key, effect)
        time.sleep(self.seconds.get(effect.action, 0))


@pytest.fixture(scope="session")
def running_api() -> Iterator[SlowApi]:
    api = SlowApi()
    thread = threading.Thread(target=api.serve_forever, kwargs={"poll_interval": 0.05}, name="slow-api", daemon=True)
    thread.start()
    yield api
    api.shutdown()
    api.server_close()
    thread.join()


@pytest.fixture(scope="session")
def api(running_api: SlowApi) -> SlowApi:
    """What `template` was made for."""
    return running_api


@pytest.fixture
def slow_api(api: SlowApi) -> Iterator[SlowApi]:
    yield api
    api.seconds.clear()


@pytest.fixture(scope="session", params=BROKERS, ids=lambda kind: kind.name)
def broker(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Broker]:
    kind: type[Broker] = request.param
    if kind.program() is None:
        missing = f"{kind.name} is not installed; on Debian: apt-get install {kind.package}"
        if os.environ.get("CI") == "true":
            pytest.fail(missing)
        pytest.skip(missing)
    broker = kind(tmp_path_factory.mktemp(kind.name))
    yield broker
    broker.stop()


@pytest.fixture
def installation(template: CeleryInstallation, broker: Broker, tmp_path: Path) -> Iterator[CeleryInstallation]:
    broker.start()
    copied = copy_of(template, tmp_path)
    with contextlib.closing(CeleryInstallation(tmp_path, copied.database_url, broker)) as installation:
        yield installation
