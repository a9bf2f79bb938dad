"""Triggers that write down what must never happen to a row, whoever does it."""

from __future__ import annotations

from django.db import connection

#: Table, columns, condition on the row before, what it means.
_NEVER = (
    ("integrations_run", "status, fence, output, finished_at", "OLD.finished_at IS NOT NULL", "an ended run changed"),
    ("integrations_step", "status, output, started_at", "OLD.status = 'succeeded'", "a checkpointed step was redone"),
)


def install() -> None:
    """Let this database write into the table `witness`, a row of text each, what no run may ever see."""
    with connection.cursor() as cursor:
        cursor.execute("CREATE TABLE witness (what text)")
        for table, columns, before, meaning in _NEVER:
            for statement in _trigger(table, columns, before, meaning):
                cursor.execute(statement)


def _trigger(table: str, columns: str, before: str, meaning: str) -> list[str]:
    what = f"'{table} ' || OLD.id || ': {meaning}, ' || OLD.status || ' to ' || NEW.status"
    write = f"INSERT INTO witness VALUES ({what})"  # noqa: S608  our own words
    head = f"CREATE TRIGGER witness_of_{table} AFTER UPDATE OF {columns} ON {table} FOR EACH ROW WHEN ({before})"
    if connection.vendor == "sqlite":
        return [f"{head} BEGIN {write}; END"]
    return [
        f"CREATE FUNCTION write_{table}() RETURNS trigger AS $$ BEGIN {write}; RETURN NULL; END $$ LANGUAGE plpgsql",
        f"{head} EXECUTE FUNCTION write_{table}()",
    ]
