"""A backup connects as the console does, and is proved by going back to it, in each way that a console may connect."""

from __future__ import annotations

import os
import secrets
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import psycopg
import pytest
from django.conf import settings

from tests.faults.postgresql import PostgresServer, programs

PASSWORD = "p/w?#@:' \" hush"
_HBA = "host all app 127.0.0.1/32 scram-sha-256\nlocal all app scram-sha-256\n"


class Server:
    """A server on which the role `app` needs a password, which holds what URLs and shells trip over."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._server = PostgresServer(folder, durable=False)
        self._server.start()
        hba = folder / "data" / "pg_hba.conf"
        with self.admin() as connection:
            connection.execute("CREATE ROLE app LOGIN PASSWORD " + _literal(PASSWORD))
            hba.write_text(_HBA + hba.read_text())
            connection.execute("SELECT pg_reload_conf()")

    def admin(self, database: str = "postgres") -> psycopg.Connection[tuple[Any, ...]]:
        return psycopg.connect(self._server.url.rpartition("/")[0] + f"/{database}", autocommit=True)

    @property
    def port(self) -> str:
        return self._server.url.rpartition(":")[2].partition("/")[0]

    def create(self, database: str, *, like: str = "template0") -> None:
        with self.admin() as connection:
            connection.execute(f"CREATE DATABASE {database} OWNER app TEMPLATE {like}".encode())

    def stop(self) -> None:
        self._server.stop()


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    if programs() is None:
        if os.environ.get("CI") == "true":
            pytest.fail("PostgreSQL is missing (initdb, postgres); on Debian: apt-get install postgresql")
        pytest.skip("PostgreSQL is not installed")
    # Short, since a socket's path may have 107 bytes; and open to the server's own user.
    folder = Path(tempfile.mkdtemp(prefix="ductape-backup."))
    folder.chmod(0o755)
    server = Server(folder)
    server.create("base")
    manage(tcp(server, "base"), "migrate", "--verbosity", "0")
    yield server
    server.stop()
    shutil.rmtree(folder)


def tcp(server: Server, database: str, query: str = "") -> dict[str, str]:
    password = quote(PASSWORD, safe="")
    return {"DATABASE_URL": f"postgresql://app:{password}@127.0.0.1:{server.port}/{database}{query}"}


def by_password_variable(server: Server, database: str) -> dict[str, str]:
    return {"DATABASE_URL": f"postgresql://app@127.0.0.1:{server.port}/{database}", "PGPASSWORD": PASSWORD}


def by_password_file(server: Server, database: str) -> dict[str, str]:
    home = server.folder / "home"
    home.mkdir(exist_ok=True)
    file = home / ".pgpass"
    escaped = PASSWORD.replace("\\", "\\\\").replace(":", "\\:")
    file.write_text(f"127.0.0.1:*:*:app:{escaped}\n")
    file.chmod(0o600)
    return {"DATABASE_URL": f"postgresql://app@127.0.0.1:{server.port}/{database}", "HOME": str(home)}


def by_host_variables(server: Server, database: str) -> dict[str, str]:
    variables = {"PGHOST": "127.0.0.1", "PGPORT": server.port, "PGUSER": "app", "PGPASSWORD": PASSWORD}
    return {"DATABASE_URL": f"postgresql:///{database}", **variables}


def by_service(server: Server, database: str) -> dict[str, str]:
    file = server.folder / "pg_service.conf"
    file.write_text(f"[mine]\nhost=127.0.0.1\nport={server.port}\nuser=app\ndbname={database}\n")
    variables = {"PGSERVICEFILE": str(file), "PGPASSWORD": PASSWORD}
    return {"DATABASE_URL": "postgresql://?service=mine", **variables}


def by_socket(server: Server, database: str) -> dict[str, str]:
    host, password = quote(str(server.folder), safe=""), quote(PASSWORD, safe="")
    return {"DATABASE_URL": f"postgresql://app:{password}@{host}:{server.port}/{database}"}


def in_own_schema(server: Server, database: str) -> dict[str, str]:
    return tcp(server, database, "?options=-csearch_path%3D%22own%5C%20schema%22")


def in_schema_of_role(server: Server, database: str) -> dict[str, str]:
    return tcp(server, database)


@pytest.mark.parametrize(
    "connected",
    [tcp, by_password_variable, by_password_file, by_host_variables, by_service, by_socket],
    ids=lambda each: each.__name__,
)
def test_backup_is_gone_back_to_however_the_console_connects(connected: object, server: Server, tmp_path: Path) -> None:
    database = f"d{secrets.token_hex(4)}"
    server.create(database, like="base")
    assert callable(connected)

    drill(server, database, connected(server, database), tmp_path / "x.backup", schema="public")


@pytest.mark.parametrize("connected", [in_own_schema, in_schema_of_role], ids=lambda each: each.__name__)
def test_backup_of_a_schema_of_its_own_is_gone_back_to(connected: object, server: Server, tmp_path: Path) -> None:
    database = f"d{secrets.token_hex(4)}"
    server.create(database)
    with server.admin(database) as connection:
        connection.execute('CREATE SCHEMA "own schema" AUTHORIZATION app')
        connection.execute("CREATE TABLE public.of_others (n integer)")
        if connected is in_schema_of_role:
            connection.execute(f"ALTER ROLE app IN DATABASE {database} SET search_path TO 'own schema'".encode())
    assert callable(connected)
    environment = connected(server, database)
    manage(environment, "migrate", "--verbosity", "0")

    drill(server, database, environment, tmp_path / "x.backup", schema="own schema")

    with server.admin(database) as connection:
        assert connection.execute("SELECT count(*) FROM public.of_others").fetchone() == (0,)


def test_restore_leaves_tables_alone_that_are_further_along_the_search_path(server: Server, tmp_path: Path) -> None:
    database = f"d{secrets.token_hex(4)}"
    server.create(database)
    with server.admin(database) as connection:
        connection.execute('CREATE SCHEMA "own schema" AUTHORIZATION app')
        connection.execute("CREATE TABLE public.of_others (n integer)")
        # Of the same role, which may therefore drop it.
        connection.execute("ALTER TABLE public.of_others OWNER TO app")
        connection.execute("INSERT INTO public.of_others VALUES (1)")
    environment = tcp(server, database, "?options=-csearch_path%3D%22own%5C%20schema%22,public")
    manage(environment, "migrate", "--verbosity", "0")

    drill(server, database, environment, tmp_path / "x.backup", schema="own schema")

    with server.admin(database) as connection:
        assert connection.execute("TABLE public.of_others").fetchall() == [(1,)]


def test_backup_of_another_schema_is_refused(server: Server, tmp_path: Path) -> None:
    database = f"d{secrets.token_hex(4)}"
    server.create(database, like="base")
    file = tmp_path / "x.backup"
    manage(tcp(server, database), "backup", str(file))
    with server.admin(database) as connection:
        connection.execute('CREATE SCHEMA "own schema" AUTHORIZATION app')

    refused = manage(in_own_schema(server, database), "restore", str(file), "--yes", check=False)

    assert refused.returncode == 1
    assert 'the backup is of schema "public", and this console uses "own schema"' in refused.stderr


#: A restore whose process is killed once psql has all of the dump.
_KILLED = """
import os, shutil, signal
from pathlib import Path
from integrations.operations import backups

copy = shutil.copyfileobj

def copy_and_die(source, target):
    copy(source, target)
    target.flush()
    os.kill(os.getpid(), signal.SIGKILL)

shutil.copyfileobj = copy_and_die
backups.restore(Path({file!r}))
"""


def test_restore_that_is_killed_half_way_changes_nothing(server: Server, tmp_path: Path) -> None:
    database = f"d{secrets.token_hex(4)}"
    server.create(database, like="base")
    environment, file = tcp(server, database), tmp_path / "x.backup"
    manage(environment, "backup", str(file))
    with server.admin(database) as connection:
        connection.execute("INSERT INTO auth_group (name) VALUES ('since')")
        before = contents(connection)

        killed = manage(environment, "shell", "-c", _KILLED.format(file=str(file)), check=False)
        busy = "SELECT count(*) FROM pg_stat_activity WHERE usename = 'app'"
        while connection.execute(busy).fetchone() != (0,):
            time.sleep(0.05)  # psql is at its end, and the server at its rollback

        assert killed.returncode == -signal.SIGKILL
        assert contents(connection) == before


def drill(server: Server, database: str, environment: dict[str, str], file: Path, *, schema: str) -> None:
    with server.admin(database) as connection:
        connection.execute(f'SET search_path TO "{schema}"'.encode())
        connection.execute("INSERT INTO auth_group (name) VALUES ('kept')")
        before = contents(connection)

        backup = manage(environment, "backup", str(file))
        connection.execute("DELETE FROM auth_group_permissions")
        connection.execute("DELETE FROM auth_group")
        connection.execute("DROP TABLE integrations_cacheentry")
        restore = manage(environment, "restore", str(file), "--yes")

        after = contents(connection)
        # The restore pauses dispatch, and both commands are audited.
        for table in ("integrations_systemstate", "integrations_auditrecord"):
            del before[table], after[table]
        assert after == before
        found = connection.execute("INSERT INTO auth_group (name) VALUES ('new') RETURNING id").fetchone()
        assert found is not None
        assert [found[0]] > [max(row[0] for row in before["auth_group"])]
    assert PASSWORD not in backup.stdout + backup.stderr + restore.stdout + restore.stderr


def contents(connection: psycopg.Connection[tuple[Any, ...]]) -> dict[str, list[tuple[Any, ...]]]:
    names = "SELECT tablename FROM pg_tables WHERE schemaname = current_schema() ORDER BY 1"
    tables = [str(name) for (name,) in connection.execute(names).fetchall()]
    return {table: connection.execute(f'TABLE "{table}" ORDER BY 1'.encode()).fetchall() for table in tables}


def manage(environment: dict[str, str], *arguments: str, check: bool = True) -> subprocess.CompletedProcess[str]:
    kept = {name: value for name, value in os.environ.items() if name != "HOME" and not name.startswith("PG")}
    done = subprocess.run(
        [sys.executable, "manage.py", *arguments],
        cwd=settings.BASE_DIR,
        env={**kept, "HOME": "/nonexistent", **environment},
        text=True,
        capture_output=True,
        check=False,
    )
    assert not check or done.returncode == 0, done.stderr
    return done


def _literal(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
