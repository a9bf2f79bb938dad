from __future__ import annotations

import sys
from types import SimpleNamespace

import pytest

from ductape_site import sqlite_driver

RACY, FIXED = (3, 40, 1), (3, 53, 4)


def driver(version: tuple[int, ...], name: str = "pysqlite3") -> SimpleNamespace:
    text = ".".join(map(str, version))
    return SimpleNamespace(
        __name__=name,
        sqlite_version_info=version,
        sqlite_version=text,
        dbapi2=SimpleNamespace(__name__=f"{name}.dbapi2"),
    )


@pytest.mark.parametrize(
    ("version", "expected"),
    [
        ((3, 6, 23), False),
        ((3, 7, 0), True),
        ((3, 40, 1), True),
        ((3, 44, 5), True),
        ((3, 44, 6), False),
        ((3, 45, 0), True),
        ((3, 50, 6), True),
        ((3, 50, 7), False),
        ((3, 51, 0), True),
        ((3, 51, 2), True),
        ((3, 51, 3), False),
        ((3, 52, 0), False),
        ((4, 0, 0), False),
    ],
)
def test_wal_reset_race_by_version(version: tuple[int, ...], expected: bool) -> None:
    assert sqlite_driver.has_wal_reset_race(version) is expected


@pytest.mark.parametrize(
    ("own", "carried", "installed"),
    [
        (RACY, FIXED, True),
        (RACY, RACY, False),
        (RACY, None, False),
        (FIXED, FIXED, False),
    ],
)
def test_install_takes_the_carried_driver_only_when_that_helps(
    monkeypatch: pytest.MonkeyPatch, own: tuple[int, ...], carried: tuple[int, ...] | None, installed: bool
) -> None:
    pythons_own, other = driver(own, "sqlite3"), driver(carried) if carried else None
    monkeypatch.setattr(sqlite_driver, "sqlite3", pythons_own)
    monkeypatch.setitem(sys.modules, "sqlite3", pythons_own)
    monkeypatch.setitem(sys.modules, "sqlite3.dbapi2", pythons_own.dbapi2)
    # None makes `import pysqlite3` fail, as where it is not installed.
    monkeypatch.setitem(sys.modules, "pysqlite3", other)

    sqlite_driver.install()

    expected = other if installed else pythons_own
    assert expected is not None
    loaded: list[object] = [sys.modules["sqlite3"], sys.modules["sqlite3.dbapi2"]]
    assert loaded == [expected, expected.dbapi2]


@pytest.mark.parametrize(
    ("version", "mode", "said"),
    [
        (FIXED, "WAL", "SQLite 3.53.4 from pysqlite3, journal mode WAL"),
        (RACY, "DELETE", "SQLite 3.40.1 from pysqlite3, journal mode DELETE: this version can lose rows in WAL mode"),
    ],
)
def test_journal_mode_is_write_ahead_only_where_it_is_safe(
    monkeypatch: pytest.MonkeyPatch, version: tuple[int, ...], mode: str, said: str
) -> None:
    monkeypatch.setitem(sys.modules, "sqlite3", driver(version))

    assert sqlite_driver.journal_mode() == mode
    assert sqlite_driver.describe().startswith(said)
