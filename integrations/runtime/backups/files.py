"""What backups of either database have in common: the file, whose it is, and what a restored database is told."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from django.db.migrations.loader import MigrationLoader

from integrations.errors import OperationRefused

#: What earlier holders of runs still write is told by its lower fence, also if they go on in a restored database.
_FENCE_LEAP = 1_000_000
#: The migrations from which on dispatch can be paused, and there are bulk operations.
_PAUSES, _BULKS = "0005_housekeeping", "0007_replays_and_failure_groups"
#: Why a bulk operation has ended that had not in the backup.
_BULK_STOPPED = (
    "stopped by a restore: how far it got after the backup was made is not known; "
    "ask for it again if it is still wanted"
)
_STOP_BULKS = (
    "UPDATE integrations_bulkoperation SET status = 'cancelled', finished_at = CURRENT_TIMESTAMP,"  # noqa: S608  ours
    f" message = '{_BULK_STOPPED}' WHERE finished_at IS NULL"
)


@contextmanager
def written_whole(path: Path) -> Iterator[Path]:
    """Give a path to write to, which becomes `path` once it is complete and on the disk; else nothing stays.

    Raises:
        OperationRefused: there is something at `path`, its folder is not there, or it cannot be written.
    """
    if path.exists():
        raise OperationRefused(f"{path} exists; name a new file")
    if not path.parent.is_dir():
        raise OperationRefused(f"there is no folder {path.parent}")
    partial = path.with_name(f"{path.name}.partial")
    try:
        # Only for us: it holds all that the database holds.
        os.close(os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600))
        yield partial
        _sync(partial)
        partial.rename(path)
        _sync(path.parent)
    except OSError as error:
        raise OperationRefused(f"{path} cannot be written: {error.strerror}") from None
    finally:
        with suppress(OSError):
            partial.unlink(missing_ok=True)


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def own_migrations(applied: Collection[tuple[str, str]]) -> set[str]:
    """Return the names of the console's own of all migrations (app, name) that a backup has seen.

    Raises:
        OperationRefused: they are those of something else, or this version of the console does not know them all.
    """
    names = {name for app, name in applied if app == "integrations"}
    known = {name for app, name in MigrationLoader(None).disk_migrations if app == "integrations"}
    if not names:
        raise OperationRefused("the file is no backup of this console: it has none of its tables")
    if names - known:
        listed = ", ".join(sorted(names - known))
        raise OperationRefused(f"the backup was made by a later version of the console, which also has {listed}")
    if _PAUSES not in names:
        raise OperationRefused("the backup is from before dispatch could be paused, and old runs would start at once")
    return names


def settling(*, reason: str, migrations: Collection[str]) -> list[str]:
    """Return the SQL that a restored database, which has seen these migrations, is told before anybody else sees it.

    Dispatch is paused, workers are forgotten, and what they held is queued again; that was no crash of theirs. Bulk
    operations end, since cancels would not wait for the end of the pause. Without `RunQuerySet.transition`: the
    database is none that models can be asked about yet.
    """
    columns = "id, dispatch_paused, paused_reason, paused_at, awaits_confirmation"
    quoted = reason.replace("'", "''")
    values = f"1, TRUE, '{quoted}', CURRENT_TIMESTAMP, TRUE"
    return [
        "DELETE FROM integrations_systemstate",
        f"INSERT INTO integrations_systemstate ({columns}) VALUES ({values})",  # noqa: S608  our own words, quoted
        "DELETE FROM integrations_worker",
        "UPDATE integrations_run SET status = 'queued', worker = '', lease_until = NULL, due_at = CURRENT_TIMESTAMP"
        " WHERE status = 'running'",
        f"UPDATE integrations_run SET fence = fence + {_FENCE_LEAP} WHERE finished_at IS NULL",  # noqa: S608  a number
        *([_STOP_BULKS] if _BULKS in migrations else []),
    ]
