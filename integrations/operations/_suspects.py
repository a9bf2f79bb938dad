"""Keeps runs apart that were lost with their worker, so that whichever takes workers down is found out without others.

All runs that a lost worker held are suspect, and nobody knows which one it was. Were they all tried again together,
they would be lost together until each has crashed too often. So a worker tries few of those with one crash at once, and
of those on their last chance a single one: a run that ends with its third crash was lost in ever smaller company.
"""

from __future__ import annotations

import datetime as dt

from integrations import models

#: How many runs that were lost once a worker executes at the same time, and how many that were lost more often.
_SOME, _ONE = 10, 1
#: A run that is put off makes way for those behind it in the queue.
_PUT_OFF = dt.timedelta(seconds=0.25)


def admitted(runs: list[models.Run], *, worker: str, now: dt.datetime) -> list[models.Run]:
    """Return those of these claimable runs that `worker` may take up beside what it holds; put off the others."""
    if not any(run.crashes for run in runs):
        return runs
    room = _room(worker)
    put_off = [run for run in runs if run.crashes and not _take(room, run)]
    models.Run.objects.claimable().filter(pk__in=[run.pk for run in put_off]).update(due_at=now + _PUT_OFF)
    return [run for run in runs if run not in put_off]


def _room(worker: str) -> dict[bool, int]:
    """Return how many more the worker may take of those that were lost once (False), and more often (True)."""
    held = models.Run.objects.held_by(worker).filter(crashes__gt=0).values_list("crashes", flat=True)
    room = {False: _SOME, True: _ONE}
    for crashes in held:
        room[crashes > 1] -= 1
    return room


def _take(room: dict[bool, int], run: models.Run) -> bool:
    room[run.crashes > 1] -= 1
    return room[run.crashes > 1] >= 0
