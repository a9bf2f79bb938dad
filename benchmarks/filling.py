"""Fills the table of runs of this process's database: python -m benchmarks.filling FEATURE COUNT [--finished]."""

from __future__ import annotations

import os
import sys
import uuid

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "ductape_site.settings")
django.setup()

from django.db import connection, transaction  # noqa: E402  models can be imported only now

from integrations import models  # noqa: E402
from integrations.actors import SYSTEM  # noqa: E402
from integrations.operations import runs  # noqa: E402
from integrations.runtime.db import wakeups  # noqa: E402
from integrations.types import JsonObject  # noqa: E402

_BATCH = 50_000
_INPUTS: dict[str, JsonObject] = {"order": {"number": 1}}


def queue(feature: str, count: int) -> None:
    """Queue runs as `runs.start` does, all at once: workers see none of them before the last."""
    with transaction.atomic():
        first = _started(feature)
        columns = {field.attname: getattr(first, field.attname) for field in first._meta.concrete_fields}
        del columns["id"]
        models.Run.objects.bulk_create([models.Run(**columns) for _ in range(count - 1)], batch_size=500)
        wakeups.signal()


def finish(feature: str, count: int) -> None:
    """Add runs that have ended, with ids in the order of time as real ones."""
    first = _started(feature)
    now = first.created_at
    models.Run.objects.filter(pk=first.pk).update(
        status="succeeded", started_at=now, finished_at=now, due_at=None, input={}
    )
    names = ", ".join(field.column for field in models.Run._meta.concrete_fields if field.column != "id")
    for start in range(0, count, _BATCH):
        with connection.cursor() as cursor:
            cursor.execute(_copying(names, start, min(_BATCH, count - start)), [_stored(first)])


def _started(feature: str) -> models.Run:
    row = models.Feature.objects.select_related("integration").get(tag=feature, integration__tag="faults")
    environment = models.Environment.objects.select_related("integration").get(slug="dev", integration=row.integration)
    return runs.start(
        feature=row,
        environment=environment,
        input=_INPUTS.get(feature, {}),
        by=SYSTEM,
        trigger=models.Run.Trigger.COMMAND,
    )


def _copying(names: str, start: int, count: int) -> str:
    if connection.vendor == "sqlite":
        numbers = (
            f"(WITH RECURSIVE n(i) AS (SELECT {start} UNION ALL SELECT i + 1 FROM n LIMIT {count}) SELECT i FROM n)"
        )
        key = "printf('%012x', i) || '7000' || lower(hex(randomblob(8)))"
    else:
        numbers = f"(SELECT i FROM generate_series({start}, {start + count - 1}) AS i)"
        key = "(lpad(to_hex(i), 12, '0') || '7000' || substr(md5(random()::text), 1, 16))::uuid"
    return (
        f"INSERT INTO integrations_run (id, {names})"
        f" SELECT {key}, {names} FROM integrations_run CROSS JOIN {numbers} AS numbers WHERE id = %s"
    )


def _stored(run: models.Run) -> str | uuid.UUID:
    return run.pk.hex if connection.vendor == "sqlite" else run.pk


if __name__ == "__main__":
    tag, number, *kind = sys.argv[1:]
    (finish if kind == ["--finished"] else queue)(tag, int(number))
