"""Backups of an SQLite database, by SQLite's own backup interface: one consistent state, while others write."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from django.db import connection

from integrations.errors import OperationRefused
from integrations.runtime.backups import files

_MAGIC = b"SQLite format 3\x00"
_EVERYTHING = -1
#: What belongs to a database that lies there as it was at one instant, as in a snapshot of the disk.
_BESIDE = ("-wal", "-journal")


def is_backup(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(len(_MAGIC)) == _MAGIC


def backup(path: Path) -> None:
    """Copy the database to a new file.

    In one step: it reads one state to its end and, in WAL mode, keeps nobody from writing. Step by step it would begin
    anew with every change that somebody else commits.
    """
    with files.written_whole(path) as partial, closing(sqlite3.connect(partial)) as target:
        connection.ensure_connection()
        connection.connection.backup(target, pages=_EVERYTHING)
        target.execute("PRAGMA journal_mode = DELETE")
        _refuse_damaged(target)


def restore(path: Path, *, reason: str) -> None:
    """Put a backup in the place of the database, for everyone at once, also for those who have it open."""
    with _prepared(path, reason=reason) as source:
        connection.ensure_connection()
        source.backup(connection.connection, pages=_EVERYTHING)
    # What it has read of the database that was there before is of no use.
    connection.close()


@contextmanager
def _prepared(path: Path, *, reason: str) -> Iterator[Any]:
    """Give a connection to a copy of the backup, or snapshot, that has been checked and settled; itself stays as is."""
    copy = Path(f"{connection.settings_dict['NAME']}.restoring")
    try:
        for suffix in ("", *_BESIDE):
            if (part := Path(f"{path}{suffix}")).exists():
                shutil.copyfile(part, f"{copy}{suffix}")
                Path(f"{copy}{suffix}").chmod(0o600)
        with closing(sqlite3.connect(copy)) as source:
            _refuse_damaged(source)
            migrations = files.own_migrations(_applied(source))
            for statement in files.settling(reason=reason, migrations=migrations):
                source.execute(statement)
            source.commit()
            yield source
    finally:
        for suffix in ("", "-shm", *_BESIDE):
            Path(f"{copy}{suffix}").unlink(missing_ok=True)


def _applied(source: Any) -> set[tuple[str, str]]:
    found = source.execute("SELECT name FROM sqlite_master WHERE name = 'django_migrations'").fetchone()
    return set(source.execute("SELECT app, name FROM django_migrations")) if found else set()


def _refuse_damaged(database: Any) -> None:
    try:
        (found,) = database.execute("PRAGMA quick_check(1)").fetchone()
    except sqlite3.DatabaseError as error:
        raise OperationRefused(f"the file is damaged: {error}") from error
    if found != "ok":
        raise OperationRefused(f"the file is damaged: {found}")
