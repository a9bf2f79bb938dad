"""Backups of a PostgreSQL database, by its own programs: pg_dump's custom format, one consistent state."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Iterable
from pathlib import Path

from django.db import connection
from psycopg.pq import Conninfo

from integrations.errors import OperationRefused
from integrations.runtime.backups import files

_MAGIC = b"PGDMP"
#: Where Debian keeps them, version by version.
_DEBIAN = Path("/usr/lib/postgresql")
#: libpq's own words for what a connection takes, with the variables that its programs read; a command line would show
#: the password.
_VARIABLES = {option.keyword.decode(): option.envvar.decode() for option in Conninfo.get_defaults() if option.envvar}
#: A row of `django_migrations` in a dump: id, app, name, when.
_MIGRATION = re.compile(r"^\d+\t(\w+)\t(\w+)\t", re.MULTILINE)
#: The line of that table in the list of what a dump holds.
_HOME = re.compile(r"^\d+; \d+ \d+ TABLE DATA (.+) django_migrations ", re.MULTILINE)


def is_backup(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(len(_MAGIC)) == _MAGIC


def backup(path: Path) -> None:
    """Dump the schema that the console is in to a new file, without blocking writers."""
    with files.written_whole(path) as partial:
        only = _only(_schema())
        _run("pg_dump", "--format=custom", "--no-owner", "--no-privileges", only, f"--file={partial}")


def restore(path: Path, *, reason: str) -> None:
    """Put a backup in the place of all tables, in one transaction; whoever asks for them meanwhile waits."""
    schema = _schema()
    _refuse_other_schema(path, schema)
    migrations = files.own_migrations(_applied(path, schema))
    before, after = _drop_tables(schema), files.settling(reason=reason, migrations=migrations)
    connection.close()
    # A dump empties the path on which names are looked up, for the safety of what it calls.
    search_path = f"SET search_path TO {connection.ops.quote_name(schema)}"
    _replay(path, schema, before=before, after=[search_path, *after])


def _replay(path: Path, schema: str, *, before: list[str], after: list[str]) -> None:
    """Execute statements, the dump's own and more statements in one transaction, however large the dump is.

    Without psql's --single-transaction, which commits at the end of its input, also where this process was killed half
    way through the dump.
    """
    # What is in the schema, and not the schema itself, which is there.
    only = f"--schema={schema}"
    dump = _start("pg_restore", "--no-owner", "--no-privileges", only, "--file=-", str(path), stdout=subprocess.PIPE)
    apply = _start(
        "psql", "--no-psqlrc", "--quiet", "--set=ON_ERROR_STOP=1", "--file=-",
        stdin=subprocess.PIPE, stdout=subprocess.DEVNULL,
    )  # fmt: skip
    assert dump.stdout is not None and apply.stdin is not None  # noqa: S101, PT018  (for the type checker: both are pipes)
    try:
        apply.stdin.write(_joined(["BEGIN", *before]))
        shutil.copyfileobj(dump.stdout, apply.stdin)
        _end(dump, "pg_restore")
        apply.stdin.write(_joined([*after, "COMMIT"]))
    except BrokenPipeError:
        dump.kill()  # psql has given up, and says why
    except OperationRefused:
        apply.kill()  # before it sees the end of what it reads, and commits
        raise
    _end(apply, "psql")


def _drop_tables(schema: str) -> list[str]:
    """Return what drops the schema's tables, also those that a backup of an earlier version has not.

    Of no other schema: the search path may lead to tables of other applications, which the backup does not hold.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT tablename FROM pg_catalog.pg_tables WHERE schemaname = %s", [schema])
        names = [name for (name,) in cursor.fetchall()]
    quote = connection.ops.quote_name
    quoted = ", ".join(f"{quote(schema)}.{quote(name)}" for name in names)
    return [f"DROP TABLE {quoted} CASCADE"] if names else []


def _schema() -> str:
    """Return the schema that the console's tables are in: the first on its own search path that there is.

    Raises:
        OperationRefused: there is none.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_schema()")
        (schema,) = cursor.fetchone()
    if schema is None:
        raise OperationRefused("no schema of the database's search path exists; create it first")
    return str(schema)


def _only(schema: str) -> str:
    """Return pg_dump's option for just this schema, which otherwise is a pattern."""
    quoted = schema.replace('"', '""')
    return f'--schema="{quoted}"'


def _refuse_other_schema(path: Path, schema: str) -> None:
    found = _HOME.search(_run("pg_restore", "--list", str(path)))
    if found is not None and found[1] != schema:
        raise OperationRefused(
            f'the backup is of schema "{found[1]}", and this console uses "{schema}"; '
            f'restore it with a DATABASE_URL whose search path begins with "{found[1]}"'
        )


def _joined(statements: Iterable[str]) -> str:
    return "".join(f"\n{statement};\n" for statement in statements)


def _applied(path: Path, schema: str) -> set[tuple[str, str]]:
    only = ("--data-only", f"--schema={schema}", "--table=django_migrations")
    rows = _run("pg_restore", *only, "--file=-", str(path))
    return set(_MIGRATION.findall(rows))


def _run(program: str, *arguments: str) -> str:
    """Return what one of PostgreSQL's programs writes.

    Raises:
        OperationRefused: it is not installed, or it failed, with what it said.
    """
    return _end(_start(program, *arguments, stdout=subprocess.PIPE), program)


def _start(program: str, *arguments: str, **streams: int) -> subprocess.Popen[str]:
    command = [_program(program), *arguments]
    return subprocess.Popen(command, env=_environment(), stderr=subprocess.PIPE, text=True, **streams)  # type: ignore[call-overload, no-any-return]  # noqa: S603  PostgreSQL's own programs, and no shell


def _end(process: subprocess.Popen[str], program: str) -> str:
    output, said = process.communicate()
    if process.returncode != 0:
        raise OperationRefused(f"{program} failed: {said.strip()[-2000:]}")
    return output


def _program(name: str) -> str:
    newest = sorted(_DEBIAN.glob(f"*/bin/{name}"), key=lambda path: float(path.parts[-3]), reverse=True)
    found = str(newest[0]) if newest else shutil.which(name)
    if found is None:
        raise OperationRefused(
            f"{name} is not installed here; install PostgreSQL's client programs of the server's version or later "
            "(on Debian: apt-get install postgresql-client)"
        )
    return found


def _environment() -> dict[str, str]:
    """Return what makes PostgreSQL's programs connect as this process does, by the console's settings and libpq's own.

    What DATABASE_URL leaves out, libpq takes from the same places as here: PG* variables, ~/.pgpass, pg_service.conf.
    """
    own = {name: value for name, value in os.environ.items() if name.startswith("PG") or name in ("HOME", "PATH")}
    parameters = connection.get_connection_params()
    given = {_VARIABLES[name]: str(value) for name, value in parameters.items() if name in _VARIABLES and value}
    return {**own, "LC_ALL": "C.UTF-8", **given}
