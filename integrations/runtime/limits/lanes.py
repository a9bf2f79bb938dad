"""Holds limited features to how many of their runs may be running, and how often one may begin.

A run at its limit stays queued in its lane, unchanged, and the lane is passed over. A worker that claims from a lane
keeps its row locked until the claim is committed, so that the limits are exact, however many workers there are.
"""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Iterable
from typing import Any

from integrations import models
from integrations.definitions.feature import Feature
from integrations.models import run_queue


def columns(definition: Feature, *, feature_id: int, environment_id: int) -> dict[str, Any]:
    """Return where a new run queues; the feature's limits are from now on those of `definition`."""
    if definition.concurrency is None and definition.rate_limit is None:
        return {}
    key = models.Lane.key_of(feature_id=feature_id, environment_id=environment_id)
    rate = definition.rate_limit
    limits = {
        "concurrency": definition.concurrency,
        "rate_limit": rate.limit if rate else None,
        "rate_period": rate.period if rate else None,
    }
    # Almost always they are these already, and then no start waits for a lock.
    if not models.Lane.objects.filter(key=key, **limits).exists():
        models.Lane.objects.update_or_create(
            key=key, defaults={**limits, "feature_id": feature_id, "environment_id": environment_id}
        )
    return {"lane": key, "awaits_rate": rate is not None}


class Room:
    """How many more runs of each of some lanes may be executed now."""

    def __init__(self, lanes: Iterable[models.Lane], *, leased: Counter[str], now: dt.datetime) -> None:
        self._lanes = {lane.key: lane for lane in lanes}
        self._leased = leased
        self._now = now
        self._started: dict[str, int] = {}

    def for_bucket(self, bucket: run_queue.Bucket, *, most: int) -> int:
        """Return how many runs of the bucket may be claimed, `most` at most."""
        lane = self._lanes.get(bucket.lane)
        if lane is None:
            return most
        rooms = [most]
        if lane.concurrency is not None:
            rooms.append(lane.concurrency - self._leased[lane.key])
        if bucket.awaits_rate and lane.rate_limit is not None:
            if lane.key not in self._started:
                since = self._now - dt.timedelta(seconds=lane.rate_period or 0.0)
                self._started[lane.key] = len(run_queue.starts(lane.key, since=since, most=lane.rate_limit))
            rooms.append(lane.rate_limit - self._started[lane.key])
        return max(min(rooms), 0)

    def take(self, bucket: run_queue.Bucket) -> bool:
        """Return whether a run of the bucket may be claimed, and count it if so."""
        if self.for_bucket(bucket, most=1) == 0:
            return False
        self._leased[bucket.lane] += 1
        if bucket.awaits_rate and bucket.lane in self._started:
            self._started[bucket.lane] += 1
        return True


def why_not_yet(run: models.Run, *, now: dt.datetime) -> str:
    """Return what keeps a due run waiting in its lane, as a sentence, or "" when nothing does but its place."""
    lane = models.Lane.objects.filter(key=run.lane).first() if run.lane and not run.is_final else None
    if lane is None or run.status == models.Run.Status.RUNNING:
        return ""
    running = _by_lane(run_queue.leased())[lane.key]
    if lane.concurrency is not None and running >= lane.concurrency:
        return (
            f"waits for room: {running} of its feature's runs are running in this environment, {lane.concurrency} may"
        )
    if not run.awaits_rate or lane.rate_limit is None or lane.rate_period is None:
        return ""
    period = dt.timedelta(seconds=lane.rate_period)
    begun = run_queue.starts(lane.key, since=now - period, most=lane.rate_limit)
    if len(begun) < lane.rate_limit:
        return ""
    at = (begun[-1] + period).isoformat(timespec="seconds")
    allowed = f"{lane.rate_limit} of its feature's runs may begin within {lane.rate_period:g} s in this environment"
    return f"waits for its feature's rate: {allowed}; the next one at {at}"


def room(keys: Iterable[str], *, leased: Counter[tuple[int, str]], now: dt.datetime) -> Room:
    """Return the room in these lanes as it is now; other workers may be claiming from them."""
    return Room(models.Lane.objects.filter(key__in=list(keys)), leased=_by_lane(leased), now=now)


def admitted(candidates: list[run_queue.Candidate], *, now: dt.datetime) -> list[run_queue.Candidate]:
    """Return those of these runs that may be claimed within this transaction.

    A lane that another worker is claiming from is left to that one.
    """
    keys = {candidate.bucket.lane for candidate in candidates if candidate.bucket.lane}
    if not keys:
        return candidates
    lanes = models.Lane.objects.filter(key__in=keys)
    locked = list(lanes.order_by("key").select_for_update(skip_locked=True))
    # Counted only now: under the lock, no other worker adds to it.
    exact = Room(locked, leased=_by_lane(run_queue.leased()), now=now)
    locked_elsewhere = set(lanes.values_list("key", flat=True)) - {lane.key for lane in locked}
    return [
        candidate
        for candidate in candidates
        if candidate.bucket.lane not in locked_elsewhere and exact.take(candidate.bucket)
    ]


def _by_lane(leased: Counter[tuple[int, str]]) -> Counter[str]:
    counts: Counter[str] = Counter()
    for (_, lane), count in leased.items():
        counts[lane] += count
    return counts
