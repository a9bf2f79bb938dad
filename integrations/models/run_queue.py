"""Looks into the queue without reading through it: the cost grows with its buckets, not with its runs.

A bucket has the runs of one integration that differ only in their due time: same lane, same priority. Every statement
here is written out, since each must hit its partial index by the very words of the index's condition; what is put into
them with f-strings are words of this file, never values.
"""

from __future__ import annotations

import datetime as dt
import uuid
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, NamedTuple

from django.db import connection
from django.db.models import QuerySet

_RUNS = "integrations_run"
_COLUMNS = "integration_id, lane, awaits_rate, priority"
#: The condition of the index `run_queue`. A run is leased as long as it is running.
_QUEUED = "finished_at IS NULL AND lease_until IS NULL"
_LEASED = "lease_until IS NOT NULL"
#: Whether a run's bucket is greater than `bucket`.
_GREATER = f"({_COLUMNS}) > (bucket.integration_id, bucket.lane, bucket.awaits_rate, bucket.priority)"
#: The same for SQLite. It would step through all that is equal in what is compared, so the due time is compared with
#: something later than any; and it looks up the index by all columns only when the values have no type of their own.
_GREATER_ON_SQLITE = f"""({_COLUMNS}, due_at) > (COALESCE(bucket.integration_id, 0), COALESCE(bucket.lane, ''),
    COALESCE(bucket.awaits_rate, FALSE), COALESCE(bucket.priority, 0), '~')"""
#: How many buckets `candidates` looks into at once: SQLite refuses more than 500 arms of a union.
MOST_BUCKETS = 400
#: The others are announced by a message.
_OVERLOOKED = "AND NOT (status = 'queued' AND fence = 0 AND due_at > %s)"
#: The words of `run.is_on_hold`.
_NOT_ON_HOLD = """
    AND NOT (started_at IS NULL AND parent_id IS NULL
        AND environment_id IN (SELECT id FROM integrations_environment WHERE NOT active))
    AND NOT (status = 'scheduled'
        AND environment_id IN (SELECT environment_id FROM integrations_freeze WHERE unfrozen_at IS NULL))"""


class Bucket(NamedTuple):
    integration_id: int
    lane: str
    #: Whether its runs begin for the first time, under a limit on how often they may.
    awaits_rate: bool
    priority: int


class Candidate(NamedTuple):
    """One of the runs at the front of a bucket."""

    bucket: Bucket
    #: As the database writes it; only good for comparing.
    due_at: Any
    run_id: uuid.UUID
    #: How often its worker was lost.
    crashes: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Due:
    """What counts as due: now, and with `late` only what was queued before that or has been executed before."""

    now: dt.datetime
    late: dt.datetime | None = None
    #: Whether to leave out runs on hold. Asking costs, and most times no environment holds any.
    skips_on_hold: bool = False

    @property
    def sql(self) -> str:
        return f"due_at <= %s {_OVERLOOKED if self.late else ''} {_NOT_ON_HOLD if self.skips_on_hold else ''}"

    @property
    def parameters(self) -> list[Any]:
        moments = [self.now] if self.late is None else [self.now, self.late]
        return [connection.ops.adapt_datetimefield_value(moment) for moment in moments]


def buckets(due: Due) -> list[Bucket]:
    """Return every bucket in which something is due.

    The recursion leaps from one bucket to the next: to the first run whose bucket is greater.
    """
    ordered = f"ORDER BY {_COLUMNS} LIMIT 1"
    greater = _GREATER_ON_SQLITE if connection.vendor == "sqlite" else _GREATER
    following = f"SELECT id FROM {_RUNS} WHERE {_QUEUED} AND {greater} {ordered}"  # noqa: S608
    qualified = ", ".join(f"run.{column}" for column in _COLUMNS.split(", "))
    same = " AND ".join(f"run.{column} = bucket.{column}" for column in _COLUMNS.split(", "))
    sql = f"""
        WITH RECURSIVE bucket ({_COLUMNS}) AS (
            SELECT * FROM (SELECT {_COLUMNS} FROM {_RUNS} WHERE {_QUEUED} {ordered}) AS first_bucket
            UNION ALL
            SELECT {qualified} FROM bucket JOIN {_RUNS} AS run ON run.id = ({following})
        )
        SELECT {_COLUMNS} FROM bucket
        WHERE EXISTS (SELECT 1 FROM {_RUNS} AS run WHERE {_QUEUED} AND {same} AND {due.sql})
    """  # noqa: S608
    with connection.cursor() as cursor:
        cursor.execute(sql, due.parameters)
        return [Bucket(integration, lane, bool(awaits), priority) for integration, lane, awaits, priority in cursor]


def candidates(portions: Iterable[tuple[Bucket, int]], due: Due, *, lock: bool = False) -> list[Candidate]:
    """Return up to so many runs from the front of each bucket; with `lock` without those that others have locked."""
    chosen = list(portions)
    if not chosen:
        return []
    is_sqlite = connection.vendor == "sqlite"
    sql, parameters = _in_union(chosen, due) if is_sqlite else _in_lateral_join(chosen, due, lock=lock)
    with connection.cursor() as cursor:
        cursor.execute(sql, parameters)
        return [
            Candidate(
                chosen[number][0], due_at, run_id if isinstance(run_id, uuid.UUID) else uuid.UUID(run_id), crashes
            )
            for number, due_at, run_id, crashes in cursor
        ]


def locked(runs: QuerySet[Any]) -> list[Candidate]:
    """Return these runs, locked, without those that others have locked."""
    columns = (*Bucket._fields, "due_at", "pk", "crashes")
    rows = runs.select_for_update(skip_locked=True, of=("self",)).values_list(*columns)
    return [Candidate(Bucket(*row[:-3]), *row[-3:]) for row in rows]


def _in_union(chosen: list[tuple[Bucket, int]], due: Due) -> tuple[str, list[Any]]:
    """Return the statement for SQLite, which has no lateral joins, and locks the whole database or nothing."""
    same = " AND ".join(f"{column} = %s" for column in _COLUMNS.split(", "))
    arm = f"""SELECT due_at, id, crashes FROM {_RUNS} WHERE {_QUEUED} AND {same} AND {due.sql}
        ORDER BY due_at LIMIT %s"""  # noqa: S608
    arms = [f"SELECT {number}, * FROM ({arm})" for number in range(len(chosen))]  # noqa: S608
    parameters = [value for bucket, most in chosen for value in (*bucket, *due.parameters, most)]
    return " UNION ALL ".join(arms), parameters


def _in_lateral_join(chosen: list[tuple[Bucket, int]], due: Due, *, lock: bool) -> tuple[str, list[Any]]:
    """Return the statement for PostgreSQL, which would plan each of the arms of a union anew."""
    same = " AND ".join(f"run.{column} = arm.{column}" for column in _COLUMNS.split(", "))
    arm = "(%s::int, %s::bigint, %s, %s::boolean, %s::smallint, %s::int)"
    sql = f"""
        SELECT arm.number, candidate.due_at, candidate.id, candidate.crashes
        FROM (VALUES {", ".join([arm] * len(chosen))}) AS arm (number, {_COLUMNS}, most)
        CROSS JOIN LATERAL (
            SELECT due_at, id, crashes FROM {_RUNS} AS run WHERE {_QUEUED} AND {same} AND {due.sql}
            ORDER BY due_at LIMIT arm.most {"FOR UPDATE SKIP LOCKED" if lock else ""}
        ) AS candidate
    """  # noqa: S608
    arms = [value for number, (bucket, most) in enumerate(chosen) for value in (number, *bucket, most)]
    return sql, [*arms, *due.parameters]


def leased() -> Counter[tuple[int, str]]:
    """Return how many runs are being executed, by integration and lane."""
    sql = f"SELECT integration_id, lane, count(*) FROM {_RUNS} WHERE {_LEASED} GROUP BY integration_id, lane"  # noqa: S608
    with connection.cursor() as cursor:
        cursor.execute(sql)
        return Counter({(integration, lane): count for integration, lane, count in cursor})


def queued() -> Counter[int]:
    """Return how many runs are queued or parked, by integration. This one reads through the queue's index."""
    sql = f"SELECT integration_id, count(*) FROM {_RUNS} WHERE {_QUEUED} GROUP BY integration_id"  # noqa: S608
    with connection.cursor() as cursor:
        cursor.execute(sql)
        return Counter(dict(cursor.fetchall()))


def starts(lane: str, *, since: dt.datetime, most: int) -> list[dt.datetime]:
    """Return when the lane's runs began after `since`, latest first, up to `most` of them."""
    sql = f"""SELECT started_at FROM {_RUNS} WHERE lane > '' AND lane = %s AND started_at > %s
        ORDER BY started_at DESC LIMIT %s"""  # noqa: S608
    moment = connection.ops.adapt_datetimefield_value(since)
    with connection.cursor() as cursor:
        cursor.execute(sql, [lane, moment, most])
        # SQLite leaves out that a time is UTC.
        return [at if at.tzinfo else at.replace(tzinfo=dt.UTC) for (at,) in cursor]
