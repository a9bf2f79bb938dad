"""Turns DATABASE_URL into Django's settings for it: durable SQLite, or PostgreSQL with a connection pool."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import environ
from django.core.exceptions import ImproperlyConfigured

from ductape_site import sqlite_driver

logger = logging.getLogger(__name__)

_BUSY_TIMEOUT_SECONDS = 20
_POOL_WAIT_SECONDS = 10


def settings_for(url: str, *, root: Path, pool_size: int) -> dict[str, Any]:
    """Return the entry for `DATABASES`.

    `sqlite:///var/x.sqlite3` lies below `root`, `sqlite:////srv/x.sqlite3` is absolute. Options in the URL's query go
    to the driver and win over ours.

    Raises:
        ImproperlyConfigured: for any database but these two. The URL is not repeated, since it may hold a password.
    """
    scheme = url.partition(":")[0]
    if scheme == "sqlite":
        return _sqlite(environ.Env.db_url_config(url), root)
    if scheme in ("postgres", "postgresql"):
        return _postgresql(environ.Env.db_url_config(url), pool_size)
    raise ImproperlyConfigured(
        "DATABASE_URL names no database that this runs on. Set it to sqlite:///PATH or postgresql://USER:PASSWORD@HOST/NAME."
    )


def log_choice(database: Mapping[str, Any]) -> None:
    """Say which database is in use and how, once, when a server process starts."""
    if database["ENGINE"] == "django.db.backends.sqlite3":
        logger.info("Database: %s", sqlite_driver.describe(), extra={"action": "database_chosen"})
    else:
        logger.info(
            "Database: PostgreSQL at %s", database["HOST"] or "its local socket", extra={"action": "database_chosen"}
        )


def _sqlite(config: dict[str, Any], root: Path) -> dict[str, Any]:
    sqlite_driver.install()
    if config["NAME"] != ":memory:":
        path = root / config["NAME"]
        # Only for us: next to the database lie its log and whatever else is written here.
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        config["NAME"] = str(path)
    return config | {"OPTIONS": _sqlite_options() | config.get("OPTIONS", {})}


def _sqlite_options() -> dict[str, Any]:
    return {
        # Taking the write lock at BEGIN: a transaction that reads first and writes later would otherwise fail with
        # "database is locked", without waiting, when another one wrote in between.
        "transaction_mode": "IMMEDIATE",
        "timeout": _BUSY_TIMEOUT_SECONDS,
        # FULL: what was answered as accepted is on the disk, also after a power cut.
        "init_command": (
            f"PRAGMA journal_mode={sqlite_driver.journal_mode()};PRAGMA synchronous=FULL;PRAGMA foreign_keys=ON"
        ),
    }


def _postgresql(config: dict[str, Any], pool_size: int) -> dict[str, Any]:
    pool = {"min_size": 1, "max_size": pool_size, "timeout": _POOL_WAIT_SECONDS}
    options = {
        "pool": pool,
        # Any number lets a statement be prepared that is executed for many rows at once; Django's default is not to.
        "prepare_threshold": 5,
    } | config.get("OPTIONS", {})
    if options["prepare_threshold"] == "none":
        options["prepare_threshold"] = None
    return config | {
        # The pool keeps connections; Django refuses to keep them as well.
        "CONN_MAX_AGE": 0,
        "CONN_HEALTH_CHECKS": True,
        "OPTIONS": options,
    }
