"""What fault tests work on. FAULTS=long (or `scripts/faults --long`) makes them bigger: more runs, longer outages."""

from __future__ import annotations

import contextlib
import os
import random
import time
import uuid
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from django.conf import settings

from tests.faults import postgresql
from tests.faults.fake_api import FakeApi, running_fake_api
from tests.faults.installation import Installation, copy_of, with_database

IS_LONG = os.environ.get("FAULTS") == "long"


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what lies in this folder: it uses a database, though not the one that pytest-django looks after."""
    here = Path(__file__).parent
    for item in items:
        if here in item.path.parents:
            item.add_marker("faults")
            item.add_marker("database")


@pytest.fixture(scope="session")
def is_long() -> bool:
    return IS_LONG


@pytest.fixture
def chance(request: pytest.FixtureRequest) -> random.Random:
    """A source of random numbers; its seed is printed with a failed test, and FAULTS_SEED repeats it."""
    seed = int(os.environ.get("FAULTS_SEED") or time.time_ns() % 1_000_000)
    print(f"FAULTS_SEED={seed} {request.node.nodeid}")  # noqa: T201  shown with a failed test
    return random.Random(seed)


@pytest.fixture(scope="session")
def api() -> Iterator[FakeApi]:
    with running_fake_api() as api:
        yield api


@pytest.fixture(scope="session")
def template(api: FakeApi, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    """The scene, made once; each test gets a copy."""
    folder = tmp_path_factory.mktemp("faults")
    with _database(folder) as url:
        template = Installation(folder, url)
        template.make_scene(api.url)
        yield template


@contextlib.contextmanager
def _database(folder: Path) -> Iterator[str]:
    """Yield the URL of an empty database: an SQLite file, or one on the server that DATABASE_URL names."""
    if not settings.DATABASES["default"]["ENGINE"].endswith("postgresql"):
        yield f"sqlite:///{folder / 'template.sqlite3'}"
        return
    server, name = os.environ["DATABASE_URL"], f"faults_{uuid.uuid4().hex[:12]}"
    with contextlib.closing(psycopg.connect(server, autocommit=True)) as connection:
        connection.execute(f"CREATE DATABASE {name}".encode())
        yield with_database(server, name)


@pytest.fixture
def installation(template: Installation, tmp_path: Path) -> Iterator[Installation]:
    with contextlib.closing(copy_of(template, tmp_path)) as installation:
        yield installation


@pytest.fixture
def server() -> Iterator[postgresql.PostgresServer]:
    """A PostgreSQL server that the test may take away."""
    if postgresql.programs() is None:
        pytest.skip("PostgreSQL is not installed")
    with postgresql.running() as server:
        yield server
