"""Columns of a model for statements that are written out, for the few changes that limit how fast a queue drains."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Any

import psycopg
from django.db import connection, models

#: What drivers take as it is; the other fields prepare their values.
_PLAIN = (models.CharField, models.TextField, models.IntegerField, models.BooleanField)


def execute_many(statement: str, rows: Sequence[tuple[Any, ...]]) -> None:
    """Execute a statement for each of these rows of parameters; the database plans it once for a connection.

    Raises what Django's cursors raise.
    """
    with _cursor() as cursor, connection.wrap_database_errors:
        cursor.executemany(statement, rows)


def _cursor() -> Any:
    if connection.vendor != "postgresql":
        return connection.cursor()  # SQLite keeps the statements that it has prepared
    connection.ensure_connection()
    # Django's own cursors write the parameters into the statement, which is then another one for each row.
    return psycopg.Cursor(connection.connection)


class Columns:
    """Some columns of a model by the names of their fields: as the database writes them, and with what values."""

    def __init__(self, model: type[models.Model], names: Sequence[str]) -> None:
        self._model, self._names = model, names

    @property
    def table(self) -> str:
        return connection.ops.quote_name(self._model._meta.db_table)

    @property
    def quoted(self) -> list[str]:
        return [connection.ops.quote_name(field.column) for field in self._fields]

    def parameters(self, values: Mapping[str, Any]) -> tuple[Any, ...]:
        """Return the values, given by the fields' names, in the order of the columns."""
        return tuple(
            values[name] if is_plain else field.get_db_prep_save(values[name], connection)
            for name, field, is_plain in self._prepared
        )

    @cached_property
    def _fields(self) -> list[Any]:
        return [self._model._meta.get_field(name) for name in self._names]

    @cached_property
    def _prepared(self) -> list[tuple[str, Any, bool]]:
        return [(field.name, field, isinstance(field, _PLAIN)) for field in self._fields]
