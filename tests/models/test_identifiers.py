from __future__ import annotations

import time
import uuid

import pytest

from integrations.models.identifiers import uuid7


def test_uuid7_is_a_version_7_uuid_of_now() -> None:
    before = time.time_ns() // 1_000_000

    made = uuid7()

    assert (made.version, made.variant) == (7, uuid.RFC_4122)
    assert before <= made.int >> 80 <= time.time_ns() // 1_000_000


@pytest.mark.parametrize(
    ("earlier", "later"), [(0, 1_000), (999_999, 1_000_000), (1_000_000_000, 1_000_001_000), (1, 2**60)]
)
def test_uuid7_sorts_by_time(monkeypatch: pytest.MonkeyPatch, earlier: int, later: int) -> None:
    monkeypatch.setattr(time, "time_ns", lambda: earlier)
    first = uuid7()
    monkeypatch.setattr(time, "time_ns", lambda: later)

    second = uuid7()

    assert first < second
    assert str(first) < str(second)


def test_uuid7_of_the_same_moment_differ(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(time, "time_ns", lambda: 1_000)

    assert len({uuid7() for _ in range(1_000)}) == 1_000
