"""Decides whose turn it is in the queue: integrations take turns, however many runs each has waiting.

The next run is one of the integration that has the fewest being executed. Among an integration's own runs those of
higher priority go first, then those due longest.
"""

from __future__ import annotations

import uuid
from collections import Counter, defaultdict

from integrations.models import run_queue
from integrations.models.run_queue import Bucket, Candidate, Due
from integrations.runtime.limits import lanes

#: More than its even share is looked at of each line, for what the shorter lines leave over.
_SHARES = 4


def next_due(lines: list[Bucket], due: Due, *, limit: int) -> list[Candidate]:
    """Return up to `limit` due runs of these lines whose turn it is, in order, locked where the database locks rows.

    With many lines of very different lengths it may be fewer than there are; the next call finds the others.
    """
    if len(lines) == 1 and not lines[0].lane:
        return run_queue.heads([(lines[0], limit)], due, lock=True)
    held = run_queue.held()
    wanted = _within_limits(lines, held, due, limit)
    turns = _in_turn(run_queue.heads(wanted, due), _by_integration(held))[:limit]
    counts = Counter(head.line for head in turns)
    return _in_turn(run_queue.heads(counts.items(), due, lock=True), _by_integration(held))


def _within_limits(
    lines: list[Bucket], held: Counter[tuple[int, str]], due: Due, limit: int
) -> list[tuple[Bucket, int]]:
    """Return how many runs of which lines to look at: of a busy integration none when others fill the limit."""
    room = lanes.room({line.lane for line in lines if line.lane}, held=held, now=due.now)
    busy = _by_integration(held)
    rooms = [(line, room.in_line(line, most=limit)) for line in lines]
    open_lines = [(line, most) for line, most in rooms if most]
    open_lines.sort(key=lambda each: (busy[each[0].integration_id], -each[0].priority))
    # In each of them there is one at least.
    looked_at = open_lines[: min(limit, run_queue.MOST_LINES)]
    share = max(_SHARES * limit // max(len(looked_at), 1), 1)
    return [(line, min(most, share)) for line, most in looked_at]


def _in_turn(heads: list[Candidate], busy: Counter[int]) -> list[Candidate]:
    """Return the runs as they would be taken up one by one, each time from the least busy integration."""
    by_integration: dict[int, list[Candidate]] = defaultdict(list)
    for head in sorted(heads, key=_own_order):
        by_integration[head.line.integration_id].append(head)
    ranked = [
        (busy[integration] + rank, _own_order(head), head)
        for integration, own in by_integration.items()
        for rank, head in enumerate(own)
    ]
    return [head for _, _, head in sorted(ranked, key=lambda each: each[:2])]


def _own_order(head: Candidate) -> tuple[int, object, uuid.UUID]:
    return (-head.line.priority, head.due_at, head.run_id)


def _by_integration(held: Counter[tuple[int, str]]) -> Counter[int]:
    counts: Counter[int] = Counter()
    for (integration, _), count in held.items():
        counts[integration] += count
    return counts
