"""Shares workers fairly between integrations, however many runs each of them has in the queue.

The next run is one of the integration that has the fewest being executed. Among an integration's own runs those of
higher priority come first, then those due longest.
"""

from __future__ import annotations

import uuid
from collections import Counter, defaultdict

from integrations.models import run_queue
from integrations.models.run_queue import Bucket, Candidate, Due
from integrations.runtime.limits import lanes

#: More than its even share is read of each bucket, for what the shorter buckets leave over.
_SHARES = 4


def next_due(buckets: list[Bucket], due: Due, *, limit: int) -> list[Candidate]:
    """Return up to `limit` due runs of these buckets in fair order, locked where the database locks rows.

    With many buckets of very different lengths it may be fewer than there are; the next call finds the others.
    """
    if len(buckets) == 1 and not buckets[0].lane:
        return run_queue.candidates([(buckets[0], limit)], due, lock=True)
    leased = run_queue.leased()
    busy = _by_integration(leased)
    portions = _portions(buckets, leased, due, limit)
    chosen = _in_fair_order(run_queue.candidates(portions, due), busy)[:limit]
    counts = Counter(candidate.bucket for candidate in chosen)
    return _in_fair_order(run_queue.candidates(counts.items(), due, lock=True), busy)


def _portions(
    buckets: list[Bucket], leased: Counter[tuple[int, str]], due: Due, limit: int
) -> list[tuple[Bucket, int]]:
    """Return how many runs of which buckets to read: of a busy integration none when others fill the limit."""
    room = lanes.room({bucket.lane for bucket in buckets if bucket.lane}, leased=leased, now=due.now)
    busy = _by_integration(leased)
    rooms = [(bucket, room.for_bucket(bucket, most=limit)) for bucket in buckets]
    open_buckets = [(bucket, most) for bucket, most in rooms if most]
    open_buckets.sort(key=lambda each: (busy[each[0].integration_id], -each[0].priority))
    # In each of them there is one at least.
    chosen = open_buckets[: min(limit, run_queue.MOST_BUCKETS)]
    share = max(_SHARES * limit // max(len(chosen), 1), 1)
    return [(bucket, min(most, share)) for bucket, most in chosen]


def _in_fair_order(candidates: list[Candidate], busy: Counter[int]) -> list[Candidate]:
    """Return the runs as they would be claimed one by one, each time from the least busy integration."""
    by_integration: dict[int, list[Candidate]] = defaultdict(list)
    for candidate in sorted(candidates, key=_own_order):
        by_integration[candidate.bucket.integration_id].append(candidate)
    ranked = [
        (busy[integration] + rank, _own_order(candidate), candidate)
        for integration, own in by_integration.items()
        for rank, candidate in enumerate(own)
    ]
    return [candidate for _, _, candidate in sorted(ranked, key=lambda each: each[:2])]


def _own_order(candidate: Candidate) -> tuple[int, object, uuid.UUID]:
    return (-candidate.bucket.priority, candidate.due_at, candidate.run_id)


def _by_integration(leased: Counter[tuple[int, str]]) -> Counter[int]:
    counts: Counter[int] = Counter()
    for (integration, _), count in leased.items():
        counts[integration] += count
    return counts
