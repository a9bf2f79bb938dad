from __future__ import annotations

import logging
import socket
import time
from pathlib import Path

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.db import OperationalError
from django.db.utils import ConnectionHandler
from pytest_django import DjangoDbBlocker

from ductape_site import databases, sqlite_driver


def test_sqlite_pragmas_are_in_force_on_a_file(tmp_path: Path, django_db_blocker: DjangoDbBlocker) -> None:
    connection = ConnectionHandler(
        {"default": databases.settings_for("sqlite:///var/x.sqlite3", root=tmp_path, pool_size=1)}
    )["default"]

    with django_db_blocker.unblock(), connection.cursor() as cursor:
        found = {
            pragma: cursor.execute(f"PRAGMA {pragma}").fetchone()[0]
            for pragma in ("journal_mode", "synchronous", "foreign_keys", "busy_timeout")
        }
    connection.close()

    # synchronous 2 is FULL.
    assert found == {
        "journal_mode": sqlite_driver.journal_mode().lower(),
        "synchronous": 2,
        "foreign_keys": 1,
        "busy_timeout": 20_000,
    }
    assert (tmp_path / "var/x.sqlite3").is_file()


def test_sqlite_transactions_take_the_write_lock_first() -> None:
    options = databases.settings_for("sqlite://:memory:", root=Path("/nowhere"), pool_size=1)["OPTIONS"]

    assert options["transaction_mode"] == "IMMEDIATE"


@pytest.mark.parametrize(
    ("url", "name"),
    [("sqlite:///var/x.sqlite3", "{root}/var/x.sqlite3"), ("sqlite:///{root}/y.sqlite3", "{root}/y.sqlite3")],
)
def test_sqlite_path_is_below_the_project_unless_absolute(tmp_path: Path, url: str, name: str) -> None:
    config = databases.settings_for(url.format(root=tmp_path), root=tmp_path, pool_size=1)

    assert config["NAME"] == name.format(root=tmp_path)


@pytest.mark.parametrize("scheme", ["postgres", "postgresql"])
def test_postgresql_uses_the_pool_and_no_persistent_connections(scheme: str) -> None:
    config = databases.settings_for(f"{scheme}://ann:p%40ss@db:5433/ductape", root=Path("/nowhere"), pool_size=7)

    assert config["ENGINE"] == "ductape_site.postgresql"
    assert (config["HOST"], config["PORT"], config["USER"], config["PASSWORD"]) == ("db", 5433, "ann", "p@ss")
    assert config["OPTIONS"]["pool"]["max_size"] == 7
    assert config["CONN_MAX_AGE"] == 0
    assert config["CONN_HEALTH_CHECKS"] is True


def test_postgresql_options_in_the_url_reach_the_driver() -> None:
    config = databases.settings_for("postgres://db/ductape?sslmode=require", root=Path("/nowhere"), pool_size=7)

    assert config["OPTIONS"]["sslmode"] == "require"
    assert "pool" in config["OPTIONS"]


@pytest.mark.parametrize(("query", "threshold"), [("", 5), ("?prepare_threshold=none", None)])
def test_statements_are_prepared_unless_the_url_says_otherwise(query: str, threshold: int | None) -> None:
    config = databases.settings_for(f"postgres://db/ductape{query}", root=Path("/nowhere"), pool_size=7)

    assert config["OPTIONS"]["prepare_threshold"] == threshold


@pytest.mark.parametrize("url", ["mysql://ann:secret@db/x", "nonsense", ""])
def test_other_database_is_refused_without_repeating_the_url(url: str) -> None:
    with pytest.raises(ImproperlyConfigured, match="Set it to sqlite:///PATH or postgresql://") as caught:
        databases.settings_for(url, root=Path("/nowhere"), pool_size=1)

    assert "secret" not in str(caught.value)


@pytest.mark.parametrize(
    ("url", "said"),
    [("sqlite://:memory:", "Database: SQLite 3."), ("postgres://ann:secret@db/x", "Database: PostgreSQL at db")],
)
def test_log_choice_names_the_database_without_its_password(
    caplog: pytest.LogCaptureFixture, url: str, said: str
) -> None:
    with caplog.at_level(logging.INFO, logger="ductape_site"):
        databases.log_choice(databases.settings_for(url, root=Path("/nowhere"), pool_size=1))

    assert said in caplog.text
    assert "secret" not in caplog.text


@pytest.mark.parametrize(
    ("url", "path"),
    [
        ("sqlite:////srv/a#b/x.sqlite3", "/srv/a#b/x.sqlite3"),
        ("sqlite:///a+b.sqlite3", "/nowhere/a+b.sqlite3"),
        ("sqlite:///a%20b%3Fc%25.sqlite3", "/nowhere/a b?c%.sqlite3"),
        ("sqlite:///c++/x;y&z=1.sqlite3", "/nowhere/c++/x;y&z=1.sqlite3"),
    ],
)
def test_sqlite_url_opens_just_the_file_that_it_names(url: str, path: str, tmp_path: Path) -> None:
    url = url.replace("sqlite:////srv", f"sqlite:///{tmp_path}/srv")

    config = databases.settings_for(url, root=tmp_path / "root", pool_size=1)

    assert config["NAME"] == path.replace("/nowhere", f"{tmp_path}/root").replace("/srv", f"{tmp_path}/srv")


@pytest.mark.parametrize("name", ["c++", "a#b", "100%25", "my folder?"])
def test_default_file_is_in_its_folder_whatever_that_is_called(
    name: str, tmp_path: Path, django_db_blocker: DjangoDbBlocker
) -> None:
    default = tmp_path / name / "var" / "ductape.sqlite3"
    connection = ConnectionHandler({"default": databases.settings_for("", default=default, root=tmp_path, pool_size=1)})

    with django_db_blocker.unblock():
        connection["default"].ensure_connection()
    connection["default"].close()

    assert default.is_file()
    assert [path.name for path in tmp_path.iterdir()] == [name]


@pytest.mark.parametrize("url", ["sqlite:var/x", "sqlite://var/x", "sqlite:", "sqlite:///"])
def test_sqlite_url_that_names_no_file_is_refused(url: str, tmp_path: Path) -> None:
    with pytest.raises(ImproperlyConfigured, match=r"names no file\. Write sqlite:///var/x\.sqlite3"):
        databases.settings_for(url, root=tmp_path, pool_size=1)


def test_sqlite_options_in_the_url_reach_the_driver() -> None:
    config = databases.settings_for("sqlite://:memory:?timeout=5", root=Path("/nowhere"), pool_size=1)

    assert config["OPTIONS"]["timeout"] == 5


def test_folder_that_cannot_be_made_is_told_in_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")

    with pytest.raises(ImproperlyConfigured, match=r"cannot be made: File exists\. Set DATABASE_URL to"):
        databases.settings_for("sqlite:///file/x.sqlite3", root=tmp_path, pool_size=1)


def test_read_only_folder_is_told_in_a_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # As on a read-only file system; who runs the tests may write everywhere.
    monkeypatch.setattr("os.access", lambda path, _mode: path != tmp_path)

    with pytest.raises(ImproperlyConfigured, match=r"is read-only\. Set DATABASE_URL to"):
        databases.settings_for("sqlite:///x.sqlite3", root=tmp_path, pool_size=1)


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("postgres://app:p%2Fw%3F%23@h/d", {"HOST": "h", "PORT": "", "USER": "app", "PASSWORD": "p/w?#", "NAME": "d"}),
        ("postgres://app:a@b@h:5433/d", {"HOST": "h", "PORT": 5433, "PASSWORD": "a@b"}),
        ("postgres://%2Fvar%2Frun%2Fpostgresql/d", {"HOST": "/var/run/postgresql", "PORT": "", "USER": ""}),
        ("postgres://app@[::1]:5433/d", {"HOST": "::1", "PORT": 5433}),
        ("postgres://app@one:5433,two/d", {"HOST": "one,two", "PORT": "5433,"}),
        ("postgres:///d", {"HOST": "", "PORT": "", "USER": "", "PASSWORD": ""}),
        ("postgres://?service=mine", {"NAME": "", "HOST": ""}),
        ("postgres://app@h/my%20db", {"NAME": "my db"}),
    ],
)
def test_postgresql_url_is_read_as_libpq_reads_it(url: str, expected: dict[str, object]) -> None:
    config = databases.settings_for(url, root=Path("/nowhere"), pool_size=1)

    assert {key: config[key] for key in expected} == expected


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("postgres://app:hush/hush@h/d", "can be read in two ways. Write %2F for /"),
        ("postgres://app:hush?hush@h/d", "can be read in two ways"),
        ("postgres://app:hush#hush@h/d", "can be read in two ways"),
        ("postgres://app:12/34@h/d", "can be read in two ways"),
        ("postgres://app:hush@h:port/d", "has a host and port that cannot be read"),
        ("postgres://app:hush@h:70000/d", "has a host and port that cannot be read"),
        ("postgres://app:hu%sh@h/d", "holds a % in its password that begins no escape; write %25 for it"),
        ("postgres://app:hush@h", "names no PostgreSQL database"),
    ],
)
def test_postgresql_url_that_can_be_read_otherwise_is_refused_without_its_password(url: str, message: str) -> None:
    with pytest.raises(ImproperlyConfigured) as refused:
        databases.settings_for(url, root=Path("/nowhere"), pool_size=1)

    assert message in str(refused.value)
    assert "hush" not in str(refused.value)


def test_server_that_is_not_there_is_told_by_its_reason(django_db_blocker: DjangoDbBlocker) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        url = f"postgres://app:hush@127.0.0.1:{unused.getsockname()[1]}/d"
        wrapper = ConnectionHandler({"default": databases.settings_for(url, root=Path("/nowhere"), pool_size=1)})

        started = time.monotonic()
        with django_db_blocker.unblock(), pytest.raises(OperationalError) as refused:
            wrapper["default"].ensure_connection()
        wrapper["default"].close_pool()  # type: ignore[attr-defined]  # of PostgreSQL's wrapper

    assert "refused" in str(refused.value)
    assert time.monotonic() - started < 5
    assert "hush" not in str(refused.value)
