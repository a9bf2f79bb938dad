from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator

import pytest
from django.db import connection

from integrations import models
from integrations.runtime.db import write_lock
from tests.factories import IntegrationFactory

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(connection.vendor != "sqlite", reason="only SQLite has one write lock for all"),
]


@pytest.fixture
def other_worker() -> Iterator[int]:
    """The lock file as another process has it open."""
    descriptor = os.open(f"{connection.settings_dict['NAME']}-write-lock", os.O_RDWR | os.O_CREAT, 0o600)
    yield descriptor
    os.close(descriptor)


def _is_free(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    fcntl.flock(descriptor, fcntl.LOCK_UN)
    return True


def test_writing_holds_the_lock_until_it_is_done(other_worker: int) -> None:
    with write_lock.writing():
        assert connection.in_atomic_block
        assert not _is_free(other_worker)

    assert _is_free(other_worker)


def _write_and_fail() -> None:
    with write_lock.writing():
        IntegrationFactory.create()
        raise ZeroDivisionError


def test_writing_that_fails_releases_the_lock_and_writes_nothing(other_worker: int) -> None:
    with pytest.raises(ZeroDivisionError):
        _write_and_fail()

    assert _is_free(other_worker)
    assert not models.Integration.objects.exists()


def test_writing_beside_a_worker_that_never_releases_the_lock_continues(other_worker: int) -> None:
    fcntl.flock(other_worker, fcntl.LOCK_EX)

    with write_lock.writing():
        IntegrationFactory.create()

    assert models.Integration.objects.exists()
