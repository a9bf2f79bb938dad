"""Chooses an SQLite that keeps what it has committed, and the journal mode that is safe with it.

SQLite 3.7.0 to 3.51.2 can lose committed rows when two connections reset the write-ahead log at the same moment.
Fixed in 3.51.3, and on older branches in 3.44.6 and 3.50.7. Source: https://www.sqlite.org/wal.html, section on the
WAL-reset bug.
"""

from __future__ import annotations

import importlib
import sqlite3
import sys
from types import ModuleType
from typing import TypeAlias

Version: TypeAlias = tuple[int, ...]

_FIRST_WITH_WAL: Version = (3, 7, 0)
_FIRST_FIXED: Version = (3, 51, 3)
_FIXED_ON_OLDER_BRANCHES: dict[Version, Version] = {(3, 44): (3, 44, 6), (3, 50): (3, 50, 7)}


def has_wal_reset_race(version: Version) -> bool:
    if not _FIRST_WITH_WAL <= version < _FIRST_FIXED:
        return False
    fixed = _FIXED_ON_OLDER_BRANCHES.get(version[:2])
    return fixed is None or version < fixed


def install() -> None:
    """Put `pysqlite3` in the place of `sqlite3` when that is what it takes to have a fixed SQLite.

    Must run before Django imports its SQLite backend, which binds the module once and for all. Does nothing where
    Python's own SQLite is fixed, or where no fixed one is installed.
    """
    carried = _carried_driver()
    if carried is None or not has_wal_reset_race(sqlite3.sqlite_version_info):
        return
    if not has_wal_reset_race(carried.sqlite_version_info):
        sys.modules["sqlite3"] = carried
        sys.modules["sqlite3.dbapi2"] = carried.dbapi2


def journal_mode() -> str:
    """Return `WAL`, or `DELETE` (the rollback journal, slower) where the SQLite in use has the race."""
    return "DELETE" if has_wal_reset_race(_driver().sqlite_version_info) else "WAL"


def describe() -> str:
    """Return which SQLite is in use and how, for the line that is logged at start."""
    driver = _driver()
    text = f"SQLite {driver.sqlite_version} from {driver.__name__}, journal mode {journal_mode()}"
    if journal_mode() == "WAL":
        return text
    return f"{text}: this version can lose rows in WAL mode; SQLite 3.51.3 or later would be faster"


def _driver() -> ModuleType:
    """Return the module that Django's backend gets, which after `install` need not be the one imported above."""
    return sys.modules["sqlite3"]


def _carried_driver() -> ModuleType | None:
    try:
        return importlib.import_module("pysqlite3")
    except ImportError:
        return None
