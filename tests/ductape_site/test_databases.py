from __future__ import annotations

import logging
from pathlib import Path

import pytest
from django.core.exceptions import ImproperlyConfigured
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

    assert config["ENGINE"] == "django.db.backends.postgresql"
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
