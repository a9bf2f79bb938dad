"""Backing up the database and going back to a backup. Keys are never part of it: they are kept elsewhere."""

from __future__ import annotations

from pathlib import Path
from types import ModuleType

from django.db import connection

from integrations import models
from integrations.actors import SYSTEM
from integrations.errors import OperationRefused
from integrations.operations import _audit
from integrations.runtime.backups import postgresql, sqlite
from integrations.runtime.db import clock
from integrations.runtime.dispatch import state as dispatch_state

_REASON = (
    "The database was restored from a backup made before. Look at the queued runs and the jobs first: "
    "what had been done after the backup is not known here, and would be done again. "
    "Bulk operations that had not ended are stopped."
)


def backup(path: Path) -> int:
    """Write all that the database holds to a new file, while others go on writing; return its size in bytes.

    Raises:
        OperationRefused: the file exists, or PostgreSQL's programs are not installed or failed.
    """
    _kind().backup(path)
    size = path.stat().st_size
    _audit.write("backup", kind="database", tag=path.name[:200], by=SYSTEM)
    return size


def restore(path: Path, *, force: bool = False) -> None:
    """Put a backup in the place of the whole database; afterwards dispatch is paused until somebody confirms.

    Raises:
        OperationRefused: it is no backup of this kind of database, it is damaged or of a later version, or workers are
            there and `force` is not given. Nothing was changed.
    """
    if not path.is_file():
        raise OperationRefused(f"there is no file {path}")
    _refuse_foreign(path)
    if not force:
        _refuse_workers()
    _kind().restore(path, reason=_REASON)
    dispatch_state.forget()
    _audit.write("restore", kind="database", tag=path.name[:200], by=SYSTEM)


def _kind() -> ModuleType:
    return postgresql if connection.vendor == "postgresql" else sqlite


def _refuse_foreign(path: Path) -> None:
    if _kind().is_backup(path):
        return
    for kind, name in ((postgresql, "PostgreSQL"), (sqlite, "SQLite")):
        if kind.is_backup(path):
            raise OperationRefused(f"{path} is a backup of {name}, and DATABASE_URL names another kind of database")
    raise OperationRefused(f"{path} is no backup")


def _refuse_workers() -> None:
    """Refuse while somebody may be executing runs; a database that has no tables yet has no workers."""
    if models.Worker._meta.db_table not in connection.introspection.table_names():
        return
    alive = models.Worker.objects.alive(clock.now()).count()
    if alive:
        raise OperationRefused(f"{alive} workers are executing runs; stop them first (they count as gone after 20 s)")
