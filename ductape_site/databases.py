"""Turns DATABASE_URL into Django's settings for it: durable SQLite, or PostgreSQL with a connection pool."""

from __future__ import annotations

import logging
import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, unquote

from django.core.exceptions import ImproperlyConfigured

from ductape_site import sqlite_driver

logger = logging.getLogger(__name__)

POSTGRESQL = "ductape_site.postgresql"
_BUSY_TIMEOUT_SECONDS = 20
#: How long a request waits for a connection before it is told why there is none (`postgresql/base.py`).
_POOL_WAIT_SECONDS = 2
_BAD_ESCAPE = re.compile(r"%(?![0-9A-Fa-f]{2})")
_NUMBER = re.compile(r"-?\d+(?:\.\d+)?")


def settings_for(url: str, *, root: Path, pool_size: int, default: Path | None = None) -> dict[str, Any]:
    """Return the entry for `DATABASES`; without a URL, of the SQLite file `default`.

    `sqlite:///var/x.sqlite3` lies below `root`, `sqlite:////srv/x.sqlite3` is absolute. Options in the URL's query go
    to the driver and win over ours. `%XX` stands for any character that means something else in a URL.

    Raises:
        ImproperlyConfigured: for any database but these two, and for what can be read in two ways. The URL is not
            repeated, since it may hold a password.
    """
    if not url and default is not None:
        return _sqlite(default, {})
    scheme, _, rest = url.partition(":")
    if scheme == "sqlite":
        return _sqlite_of(rest, root)
    if scheme in ("postgres", "postgresql") and rest.startswith("//"):
        return _postgresql_of(rest.removeprefix("//"), pool_size)
    raise _refused(
        "names no database that this runs on. Set it to sqlite:///PATH or postgresql://USER:PASSWORD@HOST/NAME"
    )


def log_choice(database: Mapping[str, Any]) -> None:
    """Say which database is in use and how, once, when a server process starts."""
    if database["ENGINE"] == POSTGRESQL:
        place = database["HOST"] or "its local socket"
        logger.info("Database: PostgreSQL at %s", place, extra={"action": "database_chosen"})
    else:
        logger.info("Database: %s", sqlite_driver.describe(), extra={"action": "database_chosen"})


def _refused(what: str) -> ImproperlyConfigured:
    return ImproperlyConfigured(f"DATABASE_URL {what}.")


def _decoded(text: str, *, of: str) -> str:
    if _BAD_ESCAPE.search(text):
        raise _refused(f"holds a % in its {of} that begins no escape; write %25 for it")
    return unquote(text)


# SQLite


def _sqlite_of(rest: str, root: Path) -> dict[str, Any]:
    path, _, query = rest.partition("?")
    options = {key: _number(value) for key, value in parse_qsl(query, keep_blank_values=True)}
    if path in ("//:memory:", ":memory:"):
        return _sqlite(":memory:", options)
    if not path.startswith("///") or path == "///":
        raise _refused("names no file. Write sqlite:///var/x.sqlite3 (below this folder) or sqlite:////srv/x.sqlite3")
    return _sqlite(root / _decoded(path.removeprefix("///"), of="path"), options)


def _sqlite(file: Path | str, options: dict[str, Any]) -> dict[str, Any]:
    sqlite_driver.install()
    if isinstance(file, Path):
        _require_writable(file)
    return {
        "ENGINE": "django.db.backends.sqlite3",
        "NAME": str(file),
        "OPTIONS": _sqlite_options() | options,
    }


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


def _require_writable(file: Path) -> None:
    """Make the folder of the database, for our user only: its log and lock are written beside it, too.

    Raises:
        ImproperlyConfigured: the file or its folder cannot be written.
    """
    to_do = "Set DATABASE_URL to a file in a folder that may be written, such as sqlite:////var/lib/ductape/db.sqlite3"
    try:
        file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise ImproperlyConfigured(
            f"The folder {file.parent} of the SQLite database cannot be made: {error.strerror}. {to_do}."
        ) from None
    for place in (file.parent, file):
        if place.exists() and not os.access(place, os.W_OK):
            raise ImproperlyConfigured(f"The SQLite database cannot be written: {place} is read-only. {to_do}.")


# PostgreSQL


def _postgresql_of(rest: str, pool_size: int) -> dict[str, Any]:
    authority, path, query = _split(rest)
    credentials, at, place = authority.rpartition("@")
    user, _, password = credentials.partition(":")
    hosts, ports = _places(place)
    options = dict(parse_qsl(query, keep_blank_values=True))
    name = _decoded(path.removeprefix("/"), of="name")
    if not name and "service" not in options:
        raise _refused("names no PostgreSQL database. Set it to postgresql://USER:PASSWORD@HOST/NAME")
    return {
        "ENGINE": POSTGRESQL,
        "NAME": name,
        "USER": _decoded(user, of="user") if at else "",
        "PASSWORD": _decoded(password, of="password"),
        "HOST": hosts,
        "PORT": ports,
        # The pool keeps connections; Django refuses to keep them as well.
        "CONN_MAX_AGE": 0,
        "CONN_HEALTH_CHECKS": True,
        "OPTIONS": _postgresql_options(options, pool_size),
    }


def _split(rest: str) -> tuple[str, str, str]:
    """Return the authority, the path and the query behind `postgresql://`.

    An "@" behind the authority most likely belongs to a password with "/", "?" or "#" in it. What would then be read as
    host and port is a part of that password, so it is refused.
    """
    end = next((index for index, character in enumerate(rest) if character in "/?#"), len(rest))
    authority, behind = rest[:end], rest[end:]
    if "@" in behind or "#" in behind:
        raise _refused("can be read in two ways. Write %2F for /, %3F for ?, %23 for # and %40 for @ in the password")
    path, _, query = behind.partition("?")
    return authority, path, query


def _places(place: str) -> tuple[str, Any]:
    """Return hosts and ports as libpq takes them; several are separated by commas. Source: libpq, section 34.1.1.2."""
    hosts, ports = [], []
    for each in place.split(","):
        found = re.fullmatch(r"(?:\[([^\[\]]*)\]|([^:\[\]]*))(?::(\d{0,5}))?", each)
        if found is None or (found[3] and not 0 < int(found[3]) < 65_536):
            raise _refused("has a host and port that cannot be read. Write HOST:5432, [ADDRESS]:5432 for IPv6")
        hosts.append(_decoded(found[1] or found[2] or "", of="host"))
        ports.append(found[3] or "")
    if len(ports) == 1:
        return hosts[0], int(ports[0]) if ports[0] else ""
    return ",".join(hosts), ",".join(ports) if any(ports) else ""


def _postgresql_options(given: dict[str, str], pool_size: int) -> dict[str, Any]:
    # Any number lets a statement be prepared that is executed for many rows at once; Django's default is not to.
    threshold = given.get("prepare_threshold", "5")
    return {
        "pool": {"min_size": 1, "max_size": pool_size, "timeout": _POOL_WAIT_SECONDS},
        **given,
        "prepare_threshold": None if threshold == "none" else _number(threshold),
    }


def _number(text: str) -> str | float | int:
    if not _NUMBER.fullmatch(text):
        return text
    return float(text) if "." in text else int(text)
